"""The studio as a person meets it, in a real Chromium. Skipped where there is none."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import pytest

from tests.conftest import Material
from tests.studio.conftest import ROOT, Server, eventually

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium for the browser tests: apt-get install chromium"
)
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
WAIT = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """The studio, loaded; fails the test when the page asks another host for anything or its console shows an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    strangers: list[str] = []
    errors: list[str] = []

    def watch(route: Any) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    page.route("**/*", watch)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server.url)
    page.wait_for_selector("#go")
    yield page
    context.close()
    assert strangers == []
    assert errors == []


def give(page: Any, source: Path, target: Path) -> None:
    page.set_input_files("#sources input[type=file]", str(source))
    page.wait_for_selector("#sources .thumbnail-item")
    page.set_input_files("#target input[type=file]", str(target))
    page.wait_for_selector("#target-preview figure, #target-preview .said")


def save(page: Any, path: Path) -> Path:
    page.wait_for_selector("#download")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(path)
    assert download.value.suggested_filename.endswith(path.suffix)
    return path


def test_a_picture_from_upload_to_download(page: Any, material: Material, tmp_path: Path) -> None:
    give(page, material.grace, material.both)
    assert "939 × 512 · PNG" in page.inner_text("#target-preview")
    page.click("#go")
    page.wait_for_selector("#compare img")
    assert "2 faces recast" in page.inner_text("#status")
    result = save(page, tmp_path / "app.png")
    words = ["-s", material.grace, "-t", material.both, "-o", tmp_path / "cli.png"]
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, words)], cwd=ROOT, check=True, timeout=120)
    assert result.read_bytes() == (tmp_path / "cli.png").read_bytes()


def test_a_chosen_person_of_a_video_with_progress(page: Any, material: Material, tmp_path: Path) -> None:
    give(page, material.grace, material.clip)
    page.get_by_text("Advanced").click()
    page.get_by_label("Start").fill("0:00.2")
    page.get_by_role("button", name="Find people").click()
    page.click("#people .thumbnail-item")
    page.wait_for_selector("#people :text('✓ Person 1')")
    page.click("#go")
    page.wait_for_selector("#status :text-matches('of 20 frames')")
    page.wait_for_selector("#player video")
    assert "20 of 20 frames" in page.inner_text("#status")
    page.wait_for_function("document.querySelector('#player video').readyState >= 2")
    assert page.evaluate("document.querySelector('#player video').videoWidth") == 320
    video = cv2.VideoCapture(str(save(page, tmp_path / "app.mp4")))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == 20


def test_an_example_is_two_clicks(page: Any) -> None:
    page.click("#examples .thumbnail-item >> nth=1")
    page.wait_for_selector("#target-preview img")
    page.wait_for_selector("#sources .thumbnail-item")
    page.click("#go")
    page.wait_for_selector("#compare img")
    assert "1 face recast" in page.inner_text("#status")


def test_cancel_stops_and_the_next_job_runs(page: Any, server: Server, material: Material) -> None:
    page.click("#examples .thumbnail-item >> nth=2")
    page.wait_for_selector("#target-preview video")
    page.wait_for_selector("#sources .thumbnail-item")
    page.click("#go")
    page.wait_for_selector("#status .live")
    page.click("#stop")
    page.wait_for_selector("#status :text('Cancelled')")
    eventually(lambda: server.jobs() == 0, 5)
    page.wait_for_selector("#go")
    assert page.locator("text=Error").count() == 0


def test_a_job_outlives_its_tab(page: Any, server: Server) -> None:
    page.click("#examples .thumbnail-item >> nth=2")
    page.wait_for_selector("#target-preview video")
    page.wait_for_selector("#sources .thumbnail-item")
    page.click("#go")
    page.wait_for_selector("#status .live")
    page.goto("about:blank")
    assert server.jobs() == 1
    page.goto(server.url)
    # Still running or done by now: either way the page finds it again.
    page.wait_for_selector("#player video")
    assert "75 of 75 frames" in page.inner_text("#status")
    page.reload()
    page.wait_for_selector("#player video")


def test_mistakes_are_sentences(page: Any, material: Material, tmp_path: Path) -> None:
    page.click("#go")
    page.wait_for_selector("#status :text('Add a photo of the new face first.')")
    give(page, material.empty, material.eileen)
    page.click("#go")
    page.wait_for_selector("#status :text('No face was found in the source photo.')")
    broken = tmp_path / "<img src=x onerror=alert(1)>.mp4"
    broken.write_bytes(b"not a film")
    page.click("#target [aria-label='Clear'], #target button[aria-label*='lear']")
    page.set_input_files("#target input[type=file]", str(broken))
    page.wait_for_selector("#target-preview .said.error")
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window(page: Any, material: Material, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    give(page, material.grace, material.clip)
    page.get_by_text("Advanced").click()
    page.wait_for_selector("#advanced label:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_option_has_a_control(page: Any) -> None:
    from studio.options import FIELDS

    page.get_by_text("Advanced").click()
    page.wait_for_selector("#advanced label:visible")
    text = page.inner_text("#advanced")
    assert [field.text.label for field in FIELDS if not re.search(re.escape(field.text.label), text)] == []
