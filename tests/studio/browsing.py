"""A real Chromium for the tests of the page, and what a person does in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium for the browser tests: apt-get install chromium"
)
FLAGS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
LOOPBACK = ("127.0.0.1", "localhost", None)
WAIT = 60_000
"""Milliseconds that the page is given for anything: the machine may be busy with more than this."""


@contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=WAIT)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, url: str, *, ready: str = "#go", watch: bool = True, **settings: Any) -> Iterator[Any]:
    """The studio, loaded; fails when the page asks another host for anything, or a script of it fails."""
    settings = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True, "locale": "en-US", **settings}
    context = browser.new_context(**settings)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    strangers: list[str] = []
    errors: list[str] = []

    def check(route: Any) -> None:
        if urlsplit(route.request.url).hostname in LOOPBACK:
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    if watch:
        context.route("**/*", check)
    page.on("websocket", lambda socket: urlsplit(socket.url).hostname in LOOPBACK or strangers.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(url)
        page.wait_for_selector(ready)
        yield page
    finally:
        context.close()
    assert strangers == []
    assert errors == []


def give(page: Any, source: Path | list[Path], target: Path) -> None:
    """Adds photos and a target, and waits until both were looked at."""
    give_photos(page, source)
    give_target(page, target)


def give_photos(page: Any, source: Path | list[Path]) -> None:
    page.set_input_files("#source-file", source if isinstance(source, list) else [source])
    page.wait_for_selector("#sources .photo.ready, #sources .photo.failed")
    page.wait_for_function("!document.querySelector('#sources :is(.uploading, .looking)')")


def give_target(page: Any, target: Path) -> None:
    page.set_input_files("#target-file", target)
    page.wait_for_selector("#target :is(.target-row.ready, .target-row.failed)")


def save(page: Any, path: Path, link: str = "#download") -> Path:
    page.wait_for_selector(link)
    with page.expect_download() as download:
        page.click(link)
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(path.suffix)
    return path


def stroke(page: Any, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Draws with the brush, in shares of the shown frame from where the brush is; the server knows by then."""
    sheet = page.locator(".sheet")
    box = sheet.bounding_box()
    at = page.evaluate("(ring) => [ring.style.left, ring.style.top].map(parseFloat)", page.query_selector(".ring"))
    x, y = box["x"] + at[0] / 100 * box["width"], box["y"] + at[1] / 100 * box["height"]
    with page.expect_response("**/desk/painted"):
        page.mouse.move(x + begin[0] * box["width"], y + begin[1] * box["height"])
        page.mouse.down()
        page.mouse.move(x + end[0] * box["width"], y + end[1] * box["height"], steps=8)
        page.mouse.up()
