"""Ways to give the page files: beside the places for them, and more than one target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Material
from tests.studio.browsing import give_photos, needs_chromium, opened
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]

DROP = """([selector, files]) => {
  const data = new DataTransfer();
  for (const [name, kind, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const place = document.querySelector(selector);
  for (const name of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
KINDS = {".mp4": "video/mp4", ".png": "image/png", ".jpg": "image/jpeg", ".mkv": ""}


def drop(page: Any, selector: str, *paths: Path) -> None:
    files = [[path.name, KINDS[path.suffix], list(path.read_bytes())] for path in paths]
    page.evaluate(DROP, [selector, files])


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url) as page:
        yield page


def test_files_that_are_dropped_beside_their_places_find_them(page: Any, material: Material, tmp_path: Path) -> None:
    """A photo and a film at once, on the examples; a film whose kind the browser does not know."""
    nameless = tmp_path / "film.mkv"
    nameless.write_bytes(material.clip.read_bytes())
    drop(page, ".outcome", material.grace, nameless)
    page.wait_for_selector("#sources .photo.ready")
    page.wait_for_selector("#target .target-row.ready :text('film.mkv')")
    assert page.locator("#sources .photo").count() == 1


def test_a_picture_that_is_dropped_anywhere_is_a_photo_and_then_a_target(page: Any, material: Material) -> None:
    drop(page, ".setup", material.grace)
    page.wait_for_selector("#sources .photo.ready")
    assert page.locator(".target-row").count() == 0
    drop(page, ".outcome", material.eileen)
    page.wait_for_selector("#target .target-row.ready")
    assert page.locator("#sources .photo").count() == 1


def test_of_several_targets_the_first_is_taken_and_a_batch_takes_all(page: Any, material: Material) -> None:
    give_photos(page, material.grace)
    drop(page, "#target .drop", material.eileen, material.both)
    page.wait_for_selector("#target .note:has-text('Of 2 files the first was taken.')")
    page.wait_for_selector(f"#target .target-row.ready :text('{material.eileen.name}')")
    page.click("#as-batch")
    page.wait_for_selector("#jobs .batch")
    page.wait_for_function("document.querySelectorAll('#jobs .batch-file.ready').length === 3")
    page.wait_for_selector("#jobs .batch button.primary:has-text('Start 2 jobs')")


def test_a_batch_takes_the_face_that_was_chosen_in_a_photo_of_several(page: Any, material: Material) -> None:
    give_photos(page, material.both)
    page.get_by_label("Face 2 from the left").click()
    drop(page, "#target .drop", material.eileen, material.both)
    page.wait_for_selector('[aria-label="Face 2 from the left"][aria-pressed="true"]')
    page.wait_for_selector("#sources .photo.ready")
    page.click("#as-batch")
    page.wait_for_function("document.querySelectorAll('#jobs .batch-file.ready').length === 3")
    page.route("**/batch", lambda route: route.abort())
    with page.expect_request("**/batch") as sent:
        page.click("#jobs .batch button.primary")
    assert sent.value.post_data_json["options"]["source_faces"] == [2]


def test_a_new_target_has_nothing_to_say_of_the_one_before(page: Any, material: Material) -> None:
    drop(page, "#target .drop", material.eileen, material.both)
    page.wait_for_selector("#as-batch")
    drop(page, "#target .target-row", material.grace)
    page.wait_for_selector(f"#target .target-row.ready :text('{material.grace.name}')")
    assert page.locator("#as-batch").count() == 0


def test_photos_of_two_people_as_one_face_are_told_before_anything_is_recast(page: Any, material: Material) -> None:
    give_photos(page, [material.grace, material.eileen])
    drop(page, "#target .drop", material.both)
    page.wait_for_selector("#sources .remarks :text('The two source photos seem to show different people.')")
    page.select_option("#language", "de")
    page.wait_for_selector("#sources .remarks :text('zeigen wohl verschiedene Personen')")
    page.locator("#sources .remove").first.click()
    page.wait_for_function("!document.querySelector('#sources .remarks')")
