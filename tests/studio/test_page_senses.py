"""The page for every eye and hand: axe, the keyboard, less motion, a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url, permissions=["camera"]) as page:
        yield page


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
    # What gradio itself draws around the tabs is not ours to word.
    context = {"exclude": [["footer[aria-label]"]]}
    found = Axe().run(page, context=context, options=rules).response["violations"]
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
        page.click("#go")
        page.wait_for_selector("#download")
        page.wait_for_timeout(1200)
        assert violations(page) == []


def test_by_keyboard_alone(page: Any) -> None:
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
        small = page.evaluate(
            """() => [...document.querySelectorAll('#desk button, #desk a')].filter((one) => {
              const box = one.getBoundingClientRect();
              return box.width && (box.width < 24 || box.height < 24);
            }).map((one) => one.outerHTML.slice(0, 90))"""
        )
        assert small == []
