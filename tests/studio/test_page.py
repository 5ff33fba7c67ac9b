"""The Recast tab beyond the short round: two people, films, previews, poor photos, pasted and dropped files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from studio.examples import write_clip
from tests import media
from tests.conftest import Material
from tests.studio.browsing import give, give_photos, give_target, needs_chromium, opened, save
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url, permissions=["camera"]) as page:
        yield page


@pytest.fixture(scope="module")
def two(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of Eileen Collins and Grace Hopper side by side."""
    path = tmp_path_factory.mktemp("two") / "two.mp4"
    write_clip(path, np.asarray(cv2.imread(str(material.both)), np.uint8), 640, 360, seconds=2)
    return path


def kept_side(path: Path, original: Path) -> list[float]:
    """How much the left and the right half of a picture differ from the original's."""
    found, before = (cv2.imread(str(one)).astype(np.float32) for one in (path, original))
    middle = before.shape[1] // 2
    change = np.abs(found - before).mean(axis=2)
    return [float(change[:, :middle].max()), float(change[:, middle:].max())]


def test_each_of_two_people_gets_a_face_of_their_own(page: Any, material: Material, tmp_path: Path) -> None:
    give_target(page, material.both)
    page.wait_for_selector("#people .person >> nth=2")
    page.locator("#people .person", has_text="Person 1").click()
    page.set_input_files("#person-file", material.eileen)
    page.wait_for_selector(".choice .photo.ready")
    page.locator("#people .person", has_text="Person 2").click()
    page.set_input_files("#person-file", material.grace)
    page.wait_for_selector(".choice .photo.ready")
    page.wait_for_selector(".divided .layer.after img")
    page.click("#go")
    page.wait_for_selector("#download")
    assert "2 faces were recast." in page.inner_text(".report")
    both = kept_side(save(page, tmp_path / "both.png"), material.both)
    assert min(both) > 20
    page.reload()  # whoever comes back finds all photos again, the first where it was added
    page.wait_for_selector("#sources .photo.ready")
    page.click("#again")
    page.locator("#people .person", has_text="Person 1").click()
    page.get_by_label("No change").check()
    page.click("#go")
    page.wait_for_selector(".report :text('1 face was recast.')")
    one = kept_side(save(page, tmp_path / "one.png"), material.both)
    assert sorted(value > 20 for value in one) == [False, True]


def test_the_report_of_a_film_tells_of_each_person_and_the_clip_compares(
    page: Any, material: Material, two: Path, tmp_path: Path
) -> None:
    give(page, material.grace, two)
    page.locator("#people .person", has_text="Person 2").click()
    page.wait_for_selector(".choice")
    page.click("#go")
    page.wait_for_selector("#download")
    assert "Person 2: in all 50 frames." in page.inner_text(".report")
    with page.expect_download() as download:
        page.click("#comparison")
    path = tmp_path / "comparison.mp4"
    download.value.save_as(path)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 50
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) > 2 * 640


def test_the_report_tells_where_a_person_was_not_seen(page: Any, material: Material, tmp_path: Path) -> None:
    shot = media.camera(48).frames
    nobody = [np.full_like(shot[0], 120)] * 30
    film = media.write_clip(tmp_path / "gap.mp4", [*shot[:40], *nobody, *shot[:30]], 10)
    give(page, material.eileen, film)
    page.wait_for_selector("#people .person")
    assert "70 % of the film" in page.inner_text("#people")
    page.locator("#people .person", has_text="Person 1").click()
    page.wait_for_selector(".choice")
    page.click("#go")
    page.wait_for_selector("#download")
    report = page.inner_text(".report")
    assert "Person 1: 70 of 100 frames." in report
    assert "Person 1 was not seen in 30 frames: 0:04–0:07." in report
    page.select_option("#language", "de")
    page.wait_for_selector(".report :text('Person 1 war in 30 Bildern nicht zu sehen: 0:04–0:07.')")


DROP = """async ([selector, kind, files]) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const place = document.querySelector(selector);
  for (const name of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def drop(page: Any, selector: str, path: Path, kind: str = "image/jpeg") -> None:
    page.evaluate(DROP, [selector, kind, [[path.name, list(path.read_bytes())]]])


def test_files_are_dropped_where_they_belong(page: Any, material: Material, tmp_path: Path) -> None:
    drop(page, "#target .drop", material.both, "image/png")
    page.wait_for_selector("#people .person >> nth=2")
    second = page.locator("#people .person", has_text="Person 2")
    drop(page, "#people .person:nth-child(3)", material.eileen)
    page.wait_for_selector(".choice .photo.ready")
    assert second.get_attribute("aria-pressed") == "true"
    assert page.get_by_label("Another face").is_checked()
    page.wait_for_selector("#people .person:nth-child(3) .face .new")
    page.wait_for_selector(".divided .layer.after img")
    page.click("#go")
    page.wait_for_selector("#download")
    one = kept_side(save(page, tmp_path / "one.png"), material.both)
    assert sorted(value > 20 for value in one) == [False, True]
    drop(page, "#sources .drop", material.grace)
    page.wait_for_selector("#sources .photo.ready")


def test_a_preview_follows_the_moment_and_the_settings(page: Any, material: Material) -> None:
    give(page, material.grace, material.clip)
    page.wait_for_selector(".divided .layer.after img")
    page.wait_for_timeout(1000)

    def shown() -> str:
        return str(page.get_attribute(".layer.after img", "src"))

    first = shown()
    page.locator(".timeline .moment").fill("0.8")
    page.wait_for_function("(first) => document.querySelector('.layer.after img').src != first", arg=first)
    second = shown()
    page.get_by_label("Likeness").fill("1")
    page.wait_for_function("(second) => document.querySelector('.layer.after img').src != second", arg=second)
    page.get_by_label("Zoom to the face").click()
    page.wait_for_selector(".canvas.close")
    page.get_by_label("Divide before and after").fill("20")
    assert page.evaluate("getComputedStyle(document.querySelector('.canvas')).getPropertyValue('--at')") == "20%"


def test_the_preview_goes_where_somebody_is_seen(page: Any, material: Material, tmp_path: Path) -> None:
    eileen = cv2.imread(str(material.eileen))
    frames = [np.full_like(eileen, 90)] * 30 + [eileen] * 15 + [np.full_like(eileen, 90)] * 15
    give(page, material.grace, media.write_clip(tmp_path / "late.mp4", frames, 15))
    page.wait_for_selector(".divided .layer.after img")
    moment = page.locator(".timeline .moment")
    assert 2 <= float(moment.input_value()) < 3
    assert page.inner_text(".times .now").startswith("0:02.")
    # Whoever looks elsewhere stays there, until they ask for the person.
    moment.fill("3.5")
    page.get_by_text("There is no face in this frame.").wait_for()
    page.locator("#people .person").first.click()
    page.get_by_text("Preview of this frame").wait_for()
    assert 2 <= float(moment.input_value()) < 3


def test_a_result_is_saved_in_another_format(page: Any, material: Material, tmp_path: Path) -> None:
    give(page, material.grace, material.eileen)
    page.click("#advanced summary")
    assert page.locator("#option-video_format").count() == 0
    page.select_option("#option-picture_format", "png")
    page.click("#go")
    result = save(page, tmp_path / "result.png")
    assert result.read_bytes().startswith(b"\x89PNG")


def test_a_poor_photo_says_why_and_a_better_one_may_come_from_the_camera(
    page: Any, material: Material, tmp_path: Path
) -> None:
    soft = tmp_path / "soft.jpg"
    cv2.imwrite(str(soft), cv2.GaussianBlur(cv2.imread(str(material.grace)), (0, 0), 6))
    notes = tmp_path / "notes.jpg"
    notes.write_text("no picture")
    give_photos(page, [soft, material.both, material.empty, notes])
    said = page.inner_text("#sources .remarks")
    assert "notes.jpg" in said  # of which there is nothing to see
    assert "blurred" in said and "2 people" in said and "No face can be seen" in said
    page.get_by_label("Take a photo with the camera").click()
    page.locator("dialog button.primary").click()
    page.wait_for_function("document.querySelectorAll('#sources .photo').length == 5")
    assert page.locator("dialog").count() == 0


def test_of_two_people_on_a_photo_either_can_be_chosen(page: Any, material: Material, tmp_path: Path) -> None:
    give_photos(page, material.both)
    faces = page.locator("#sources .who button")
    assert faces.count() == 2 and "2 people" in page.inner_text("#sources .remarks")
    used = next(number for number in range(2) if faces.nth(number).get_attribute("aria-pressed") == "true")
    before = page.get_attribute("#sources .photo img", "src")
    faces.nth(1 - used).click()
    page.wait_for_selector(f"#sources .photo.ready img:not([src='{before}'])")
    assert page.locator("#sources .who button[aria-pressed=true]").count() == 1
    assert "2 people" not in page.inner_text("#sources")
    give_target(page, material.grace)
    page.wait_for_selector(".divided .layer.after img")
    page.click("#go")
    page.wait_for_selector("#download")
    page.reload()  # whoever comes back finds the choice again
    page.wait_for_selector("#sources .who button")
    page.wait_for_selector("#sources .photo.ready")
    assert faces.nth(1 - used).get_attribute("aria-pressed") == "true"


def test_pasting_gives_a_photo_and_then_a_target(page: Any, material: Material) -> None:
    for path in (material.grace, material.eileen):
        page.evaluate(
            """async (bytes) => {
              const file = new File([new Uint8Array(bytes)], "pasted.jpg", { type: "image/jpeg" });
              const data = new DataTransfer();
              data.items.add(file);
              document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            }""",
            list(path.read_bytes()),
        )
        page.wait_for_selector("#sources .photo.ready")
    page.wait_for_selector("#target .target-row.ready")
    assert page.locator("#sources .photo").count() == 1
