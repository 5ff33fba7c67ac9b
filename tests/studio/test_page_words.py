"""The page in other languages: nothing stays English."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.models.catalogue import ENTRIES
from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


def texts(page: Any, places: str = "#head, #desk, #foot") -> list[str]:
    found: list[str] = page.evaluate(
        """(places) => {
          const found = [];
          for (const place of document.querySelectorAll(places)) {
            const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
            for (let node = walk.nextNode(); node; node = walk.nextNode()) {
              const named = node.parentElement.closest('.verbatim, script, style, code, [hidden], #option-engine');
              if (!named && /\\p{L}{2}/u.test(node.data)) found.push(node.data.trim());
            }
          }
          const labels = ['aria-label', 'title', 'alt'];
          const labelled = labels.map((name) => `:is(${places}) [${name}]:not([hidden], [hidden] *)`).join();
          for (const element of document.querySelectorAll(labelled))
            for (const name of labels)
              if (element.getAttribute(name) && !element.closest('.verbatim')) found.push(element.getAttribute(name));
          return found;
        }""",
        places,
    )
    return found


SAME = re.compile(
    r"Recast|Apache|Content Credentials|Engines|CPU|GPU|DirectML|Core ML|OpenVINO|"
    r"H\.264|HEVC|VP9|AV1|ProRes|Codec|JPEG|PNG|WebP|AVIF|MP4|MKV|MOV|WebM|"
    r"Expression|Video|Image|Pause|Photo|Person \d+|\d+ × \d+"
)
"""What may be the same in two languages."""


@pytest.mark.parametrize("language", ["de", "fr"])
def test_nothing_stays_english(browser: Any, server: Server, material: Material, language: str) -> None:
    with opened(browser, server.url, locale=language) as page:
        assert page.evaluate("document.documentElement.lang") == language
        page.click("#advanced summary")
        give(page, [material.grace, material.both, material.empty], material.clip)
        page.wait_for_selector("#people .person")
        page.wait_for_selector(".divided .layer.after img")
        page.wait_for_timeout(1000)
        networks = {entry.title for entry in ENTRIES}
        translated = texts(page)
        page.select_option("#language", "en")
        page.wait_for_function("document.documentElement.lang == 'en'")
        english = set(texts(page))
        assert [text for text in translated if text in english - networks and not SAME.search(text)] == []
        page.select_option("#language", language)
        page.click("#go")
        page.wait_for_selector("#download")
        done = {"de": "25 von 25 Bildern wurden geändert.", "fr": "25 images sur 25 ont été changées."}[language]
        page.wait_for_selector(f".report :text('{done}')")
        page.reload()
        page.wait_for_selector(f".report :text('{done}')")


def test_what_is_joined_is_translated_part_by_part(browser: Any, server: Server) -> None:
    with opened(browser, server.url, locale="de") as page:
        page.wait_for_selector("#tab-jobs-button:text('Aufträge')")
        for english, german in (
            ("78 of 282 frames · 27.8 fps · 0:07 left", "78 von 282 Bildern · 27,8 B/s · noch 0:07"),
            ("1280 × 720 · 9.4 s · 29.97 fps · H.264 · silent", "1280 × 720 · 9,4 s · 29,97 B/s · H.264 · stumm"),
            ("1.2 MB", "1,2 MB"),
            ("Position 2 in the line, about 3 minutes.", "Platz 2 in der Reihe, etwa 3 Minuten."),
            ("The video is damaged at 2.50 s.", "Das Video ist beschädigt, bei 2,50 s."),
        ):
            translate = """async (text) => (await import(recast.assets + "page/words.js")).translate(text)"""
            assert " ".join(page.evaluate(translate, english).split()) == german


@pytest.mark.parametrize("language", ["de", "fr"])
def test_nothing_stays_english_on_the_other_tabs(
    browser: Any, server: Server, material: Material, language: str
) -> None:
    with opened(browser, server.url, locale=language) as page:
        page.click(".example >> nth=0")
        page.wait_for_selector("#download")
        with page.expect_download() as download:
            page.click("#download")
        waits = {
            "jobs": "#jobs-over .job",
            "live": "#live[data-state=idle]",
            "check": "#check-outcome *",
            "models": ".model",
        }
        for tab, ready in waits.items():
            page.locator(f"#tab-{tab}-button").click()
            page.wait_for_selector(ready)
            if tab == "jobs":
                page.click("#new-batch")
            if tab == "live":
                page.locator("#live summary").click()
            if tab == "check":
                page.set_input_files("#check-file input", download.value.path())
                page.wait_for_selector("#check-outcome .check.found")
        names = {entry.title for entry in ENTRIES}
        places = "#jobs, #live, #check, #models"
        translated = texts(page, places)
        page.select_option("#language", "en")
        page.wait_for_function("document.documentElement.lang == 'en'")
        english = set(texts(page, places))
        assert [text for text in translated if text in english - names and not SAME.search(text)] == []


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("width", [320, 360, 390])
def test_everything_has_room_on_a_phone(browser: Any, server: Server, language: str, width: int) -> None:
    """Every tab is in sight, whatever it is called, and no button's words are cut off."""
    size = {"width": width, "height": 780}
    with opened(browser, server.url, locale=language, viewport=size, has_touch=True, is_mobile=True) as page:
        # Once fonts and styles are there, the language's name is whole.
        page.wait_for_function(
            """() => {
              const select = document.querySelector("#language");
              const shown = select.offsetWidth;
              select.style.flex = "none";
              const whole = select.offsetWidth;
              select.style.flex = "";
              return shown === whole;
            }"""
        )
        cut: dict[str, list[str]] = {}
        for tab in ("recast", "jobs", "live", "check", "models"):
            page.locator(f"#tab-{tab}-button").tap()
            page.wait_for_selector(f"#tab-{tab}-button.selected")
            page.wait_for_timeout(500)
            assert page.locator("#tabs [role=tab]:visible").count() == 5
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator(".with-mouse:visible").count() == 0  # nobody drops files by finger
            if found := page.evaluate(
                """() => [...document.querySelectorAll('main :is(button, a, label, h2)')].filter((one) =>
                  one.offsetParent && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1
                ).map((one) => one.outerHTML.slice(0, 100))"""
            ):
                cut[tab] = found
        assert cut == {}
