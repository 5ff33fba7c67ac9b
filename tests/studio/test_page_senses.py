"""The page for every eye and hand: axe, the keyboard, less motion, a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened, playwright
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url, permissions=["camera"]) as page:
        yield page


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{one['id']}: {one['help']} ({json.dumps([node['html'][:140] for node in one['nodes'][:3]])})"
        for one in found
        if one["id"] not in ("region", "landmark-one-main", "page-has-heading-one")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, server: Server, material: Material, scheme: str) -> None:
    with opened(browser, server.url, color_scheme=scheme) as page:
        page.wait_for_timeout(500)
        assert violations(page) == []
        page.click("#advanced summary")
        give(page, [material.grace, material.both], material.clip)
        page.wait_for_selector("#people .person")
        page.locator("#people .person").first.click()
        page.wait_for_selector(".divided .layer.after img")
        page.wait_for_timeout(1200)
        assert violations(page) == []
        page.get_by_label("Leave parts as they are").click()
        page.wait_for_selector(".painting .sheet")
        assert violations(page) == []
        page.click("#go")
        page.wait_for_selector("#download")
        page.wait_for_timeout(1200)
        assert violations(page) == []


def test_where_the_system_sets_the_colours_controls_are_the_browsers_own(
    browser: Any, server: Server, material: Material
) -> None:
    """What is on, chosen or how far would be told by a fill alone, and there are no fills."""
    with opened(browser, server.url, forced_colors="active") as page:
        give(page, material.grace, material.eileen)
        for control in (".switch input", ".option.share input[type=range]"):
            looks = page.eval_on_selector(f".desk {control}", "(one) => getComputedStyle(one).appearance")
            assert looks == "auto", control
        chosen = page.eval_on_selector(".segments input:checked + span", "(one) => getComputedStyle(one).outlineStyle")
        assert chosen == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_other_tabs(browser: Any, server: Server, material: Material, scheme: str) -> None:
    with opened(browser, server.url, color_scheme=scheme) as page:
        page.click(".example >> nth=0")
        page.wait_for_selector("#download")
        found = {}

        def look(name: str) -> None:
            page.wait_for_timeout(700)
            if wrong := violations(page):
                found[name] = wrong

        page.locator("#tab-jobs-button").click()
        page.wait_for_selector("#jobs-over .job")
        look("jobs")
        page.click("#new-batch")
        page.set_input_files("#batch-photos", [material.grace, material.empty])
        page.wait_for_function("document.querySelectorAll('.batch-file:is(.ready, .failed)').length == 2")
        look("a batch")
        page.locator("#tab-live-button").click()
        page.wait_for_selector("#live[data-state=idle]")
        page.locator("#live summary").click()
        look("live")
        page.locator("#tab-check-button").click()
        page.wait_for_selector("#check .drop")
        look("check")
        page.set_input_files("#check-file input", material.eileen)
        page.wait_for_selector("#check-outcome .check.panel")
        look("a checked file")
        page.locator("#tab-models-button").click()
        page.wait_for_selector("#models .model")
        look("models")
        assert found == {}


def tab_to(page: Any, selector: str, most: int = 60) -> None:
    """Presses Tab until the focus is on what `selector` says."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def choose_by_keyboard(page: Any, path: Path) -> None:
    for _ in range(3):
        # A browser that is held up for seconds takes a key press for too old to open a window: one presses again.
        try:
            with page.expect_file_chooser(timeout=20_000) as chooser:
                page.keyboard.press("Enter")
        except playwright.TimeoutError:
            continue
        return chooser.value.set_files(path)
    raise AssertionError("no file dialogue opens")


def test_the_whole_way_by_keyboard(page: Any, material: Material, tmp_path: Path) -> None:
    """From the photo over the target, the cast, a setting and the preview to the file on one's own disk."""
    tab_to(page, "[data-key=lead-add]")
    choose_by_keyboard(page, material.grace)
    page.wait_for_selector("#sources .photo.ready")
    tab_to(page, "[data-key=target-add]")
    choose_by_keyboard(page, material.both)
    page.wait_for_selector("#people .person >> nth=2")
    tab_to(page, "[data-key=person-2]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".choice")
    assert page.evaluate("document.activeElement.dataset.key") == "person-2"
    tab_to(page, "#option-likeness")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".divided .layer.after img")
    tab_to(page, "#go")
    page.keyboard.press("Enter")
    page.wait_for_selector("#download")
    assert page.evaluate("document.activeElement.id") == "done-line"
    assert "1 face was recast." in page.inner_text(".report")
    tab_to(page, "#download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "result.png")
    assert (tmp_path / "result.png").stat().st_size > 1000


@pytest.mark.parametrize(("width", "height"), [(720, 450), (1024, 640)])
def test_what_has_the_focus_is_seen(browser: Any, server: Server, material: Material, width: int, height: int) -> None:
    """Also where all is shown twice as large, and the button that stays in view leaves little beside it."""
    with opened(browser, server.url, viewport={"width": width, "height": height}) as page:
        give(page, material.grace, material.both)
        page.wait_for_selector("#people .person >> nth=2")
        page.evaluate("scrollTo(0, 0)")
        hidden, met = [], 0
        for _ in range(40):
            page.keyboard.press("Tab")
            name, covered = page.evaluate(
                """() => {
                  const one = document.activeElement, box = one.getBoundingClientRect();
                  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                  const act = document.querySelector(".act");
                  const covered = one !== document.body && !act.contains(one) && act.contains(there);
                  return [one.outerHTML.slice(0, 90), covered];
                }"""
            )
            met += 'data-key="person-' in name
            if covered:
                hidden.append(name)
        assert hidden == []
        assert met >= 2


def test_an_example_by_keyboard(page: Any) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('example')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#download")
    assert page.evaluate("document.activeElement.id") == "done-line"
    page.get_by_label("Divide before and after").focus()
    before = page.evaluate("document.querySelector('.split-range').value")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('.split-range').value") != before


def test_the_keyboard_is_not_lost_while_a_job_runs_and_is_cancelled(page: Any, material: Material) -> None:
    give(page, material.grace, material.clip)
    page.wait_for_selector(".divided .layer.after img")
    tab_to(page, "#go")
    page.keyboard.press("Enter")
    page.wait_for_selector(".progress-card")
    page.wait_for_function("document.activeElement.matches('.progress-card b')")
    for before in ("another", "stop"):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.id") == before
    page.keyboard.press("Enter")
    page.wait_for_function("['go', 'done-line'].includes(document.activeElement.id)")


def test_reduced_motion_is_honoured(browser: Any, server: Server) -> None:
    with opened(browser, server.url, reduced_motion="reduce") as page:
        page.click(".example >> nth=0")
        page.wait_for_selector("#download")
        moving = page.evaluate("document.getAnimations().filter((one) => one.playState == 'running').length")
        assert moving == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Any, server: Server, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": scheme}
    with opened(browser, server.url, **phone) as page:
        assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        page.locator(".example >> nth=0").tap()
        page.wait_for_selector("#download")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # what came of it is in view, and not below all that it was made of
        page.wait_for_function("Math.abs(document.querySelector('.outcome').getBoundingClientRect().top) < 40")
        page.wait_for_function("document.querySelector('#download').getBoundingClientRect().bottom < innerHeight")
        small = page.evaluate(
            """() => [...document.querySelectorAll('#desk button, #desk a')].filter((one) => {
              const box = one.getBoundingClientRect();
              return box.width && (box.width < 24 || box.height < 24);
            }).map((one) => one.outerHTML.slice(0, 90))"""
        )
        assert small == []


def test_a_finger_meets_what_it_is_put_on(browser: Any, server: Server, material: Material) -> None:
    touch = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
    with opened(browser, server.url, **touch) as page:
        give(page, material.grace, material.eileen)
        for name in ("#sources .remove", "#target .remove"):
            page.locator(name).scroll_into_view_if_needed()
            for side in (-1, 1):
                met = page.evaluate(
                    "([name, x]) => { const one = document.querySelector(name), box = one.getBoundingClientRect();"
                    " return document.elementFromPoint(box.x + box.width / 2 + x, box.y + box.height / 2) === one; }",
                    [name, 20 * side],
                )
                assert met, (name, side)
        for name in (".segments label", "#advanced summary", "#go"):
            assert page.locator(name).first.bounding_box()["height"] >= 39
