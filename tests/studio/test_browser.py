"""The Recast tab as a person meets it, in a real Chromium: the short round that every run of the tests makes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import Material
from tests.studio.browsing import give, give_photos, give_target, needs_chromium, opened, save
from tests.studio.conftest import ROOT, Server, eventually

pytestmark = needs_chromium


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url) as page:
        yield page


def test_a_picture_from_upload_to_download(page: Any, material: Material, tmp_path: Path) -> None:
    give(page, material.grace, material.both)
    assert "939 × 512 · PNG" in " ".join(page.inner_text("#target").split())
    page.wait_for_selector(".divided .layer.after img")
    assert page.inner_text(".hint") == "Preview of this frame"
    page.click("#go")
    page.wait_for_selector("#download")
    assert "2 faces were recast." in page.inner_text(".report")
    result = save(page, tmp_path / "app.png")
    words = ["-s", material.grace, "-t", material.both, "-o", tmp_path / "cli.png"]
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, words)], cwd=ROOT, check=True, timeout=240)
    assert np.array_equal(cv2.imread(str(result)), cv2.imread(str(tmp_path / "cli.png")))  # a signature holds the time


def test_a_trimmed_video_with_progress_and_two_players(page: Any, material: Material, tmp_path: Path) -> None:
    film = tmp_path / "take #2.mp4"  # a name that would end an address
    shutil.copy(material.clip, film)
    give(page, material.grace, film)
    page.wait_for_selector("#people .person")
    assert "100 % of the film" in page.inner_text("#people")
    page.get_by_label("Start of the part").fill("0.2")
    page.wait_for_selector(".timeline :text('Part 0:00.2–0:01.0')")
    page.click("#go")
    page.wait_for_selector("#download")
    assert "20 of 20 frames were recast." in page.inner_text(".report")
    page.wait_for_function("document.querySelectorAll('.viewer video').length == 2")
    page.wait_for_function("[...document.querySelectorAll('.viewer video')].every((one) => one.readyState >= 2)")
    page.locator(".player input").fill("0.5")
    page.wait_for_function(
        "(() => { const [a, b] = document.querySelectorAll('.viewer video');"
        " return !a.seeking && !b.seeking && Math.abs(a.currentTime - b.currentTime - 0.2) < 0.1; })()"
    )
    video = cv2.VideoCapture(str(save(page, tmp_path / "app.mp4")))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == 20


def test_a_part_by_its_frames(page: Any, material: Material, tmp_path: Path) -> None:
    """What is written is kept exactly; the ruler follows it, and the other way round."""
    give(page, material.grace, material.clip)
    first, last = page.get_by_label("First frame"), page.get_by_label("Last frame")
    assert (first.input_value(), last.input_value()) == ("1", "25")
    page.get_by_label("Start of the part").fill("0.16")
    assert (first.input_value(), last.input_value()) == ("5", "25")
    last.fill("3")
    last.press("Enter")
    assert (first.input_value(), last.input_value()) == ("3", "3")
    page.get_by_role("button", name="Whole video").click()
    assert (first.input_value(), last.input_value()) == ("1", "25")
    first.fill("6")
    first.press("Enter")
    last.fill("10")
    last.press("Enter")
    page.wait_for_selector(".timeline :text('Part 0:00.2–0:00.4')")
    assert page.get_by_label("Moment shown").input_value() == "0.36"
    page.click("#go")
    page.wait_for_selector("#download")
    assert "5 of 5 frames were recast." in page.inner_text(".report")
    video = cv2.VideoCapture(str(save(page, tmp_path / "app.mp4")))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == 5
    page.wait_for_function("[...document.querySelectorAll('.viewer video')].every((one) => one.readyState >= 2)")
    page.reload()
    page.wait_for_selector("#download")
    page.wait_for_selector("#people .person")
    page.click("#again")
    page.wait_for_function("[...document.querySelectorAll('.frames input')].map((one) => one.value) == '6,10'")


def test_an_example_is_one_click(page: Any) -> None:
    page.click(".example >> nth=1")
    page.wait_for_selector("#download")
    assert "1 face was recast." in page.inner_text(".report")


def test_cancel_stops_and_a_job_outlives_its_tab(page: Any, server: Server) -> None:
    page.click(".example >> nth=2")
    page.wait_for_selector(".progress-card :text-matches('of 75 frames')")
    page.click("#stop")
    page.wait_for_selector("#status:has-text('Cancelled')")
    eventually(lambda: server.jobs() == 0, 15)
    page.click("#go")
    page.wait_for_selector(".progress-card :text-matches('of 75 frames')")
    page.goto("about:blank")
    page.goto(server.url)
    # Still running or done by now: either way the page finds it again.
    page.wait_for_selector("#download")
    assert "75 of 75 frames were recast." in page.inner_text(".report")
    page.wait_for_selector("#sources .photo.ready")


def test_the_tab_is_in_the_address(page: Any, server: Server) -> None:
    """A reload stays on it, and going back leads to the one before instead of away."""
    shown = "#tabs [role=tab][aria-selected=true]:text-is('{}')".format
    page.get_by_role("tab", name="Jobs").click()
    page.get_by_role("tab", name="Check a file").click()
    page.wait_for_url("**/#check")
    page.reload()
    page.wait_for_selector(shown("Check a file"))
    for tab, end in (("Jobs", "#jobs"), ("Recast", "")):
        page.go_back()
        page.wait_for_selector(shown(tab))
        assert page.url == f"{server.url}/{end}"
    page.go_forward()
    page.wait_for_selector(shown("Jobs"))
    page.goto(f"{server.url}/#nonsense")
    page.reload()
    page.wait_for_selector(shown("Recast"))
    page.go_back()
    page.wait_for_selector(shown("Jobs"))


def test_mistakes_are_sentences(page: Any, material: Material, tmp_path: Path) -> None:
    page.click("#go")
    page.wait_for_selector("#status:has-text('Add a photo of the new face first.')")
    give_photos(page, material.empty)
    page.wait_for_selector("#sources :text('No face can be seen in this photo.')")
    give_photos(page, material.grace)
    page.wait_for_selector("#sources .photo.ready:not(.bad)")
    page.wait_for_selector("#sources .bad", state="detached")  # a good one has come in its place
    give_target(page, material.empty)
    page.wait_for_selector("#people :text-matches('No face was found in it')")
    broken = tmp_path / "<img src=x onerror=alert(1)>.mp4"
    broken.write_bytes(b"not a film")
    give_target(page, broken)
    page.wait_for_selector("#target .failed [role=alert]")
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window(page: Any, material: Material, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    give(page, material.grace, material.clip)
    page.get_by_text("More settings").click()
    page.wait_for_selector("#advanced label:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 640:  # a phone has no room for wide margins
        assert page.evaluate("document.querySelector('.desk').offsetWidth") >= width - 28


@pytest.mark.parametrize("width", [390, 1280])
def test_many_people_stay_in_their_panel(page: Any, material: Material, tmp_path: Path, width: int) -> None:
    eileen, grace = (cv2.resize(cv2.imread(str(photo)), (256, 300)) for photo in (material.eileen, material.grace))
    group = tmp_path / "group.png"
    cv2.imwrite(str(group), np.vstack([np.hstack([eileen, grace] * 3)] * 2))
    page.set_viewport_size({"width": width, "height": 800})
    give(page, material.grace, group)
    page.wait_for_function("document.querySelectorAll('#people .person').length === 13")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('.setup > *')].map((one) => one.offsetWidth))")
    assert widest <= 396
    last = page.locator("#people .person").last
    last.scroll_into_view_if_needed()
    last.click()
    page.get_by_text("The face above").wait_for()
    page.get_by_label("Another face").check()
    page.set_input_files("#person-file", material.eileen)
    page.wait_for_selector(".choice .photo.ready")
    strip, pressed = page.locator("#people .strip").bounding_box(), last.bounding_box()
    assert strip["x"] - 1 <= pressed["x"] and pressed["x"] + pressed["width"] <= strip["x"] + strip["width"] + 1
    assert strip["y"] - 1 <= pressed["y"] and pressed["y"] + pressed["height"] <= strip["y"] + strip["height"] + 1


def test_every_option_has_a_control(page: Any) -> None:
    from studio.options import FIELDS, OF_A_TARGET

    page.get_by_text("More settings").click()
    page.wait_for_selector("#advanced label:visible")
    assert "Restorer" not in page.inner_text("#desk")
    page.locator("#option-engine").select_option("uniface_256")
    # Those of the label appear with it.
    page.locator("input[name=option-label]").nth(1).check(force=True)
    text = page.inner_text("#desk")
    # A rate is asked for where a target is numbered frames: see `test_zip_target`.
    labels = [field.text.label for field in FIELDS if field.name not in (*OF_A_TARGET, "rate")]
    assert [label for label in labels if not re.search(re.escape(label), text)] == []
