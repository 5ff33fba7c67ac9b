"""The Jobs tab as a person meets it, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests import media
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.browsing import give_target, needs_chromium, opened
from tests.studio.conftest import Server, launch

pytestmark = needs_chromium


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url, ready="#tabs") as page:
        show(page)
        yield page


def show(page: Any) -> None:
    page.get_by_role("tab", name="Jobs").click()
    page.wait_for_selector("#jobs.ready")


def batch(page: Any, photos: list[Path], targets: list[Path], way: str = "One face, many targets") -> None:
    """Adds files, waits until they were looked at, and starts."""
    page.click("#new-batch")
    page.get_by_label(way).check()
    page.set_input_files("#batch-photos", photos)
    page.set_input_files("#batch-targets", targets)
    page.wait_for_function(f"document.querySelectorAll('.batch-file.ready').length == {len(photos) + len(targets)}")
    page.click(".batch-foot .primary")
    page.wait_for_selector("#jobs .batch", state="hidden")


def names(page: Any, where: str = "#jobs .job") -> list[str]:
    return list(page.locator(f"{where} .job-name").all_inner_texts())


def test_a_batch_from_files_to_results_that_are_deleted(page: Any, material: Material) -> None:
    page.wait_for_selector(".jobs-empty:visible")
    batch(page, [material.grace], [material.eileen, material.both])
    page.wait_for_function("document.querySelectorAll('#jobs-over .job[data-state=done]').length == 2")
    assert sorted(names(page)) == [material.both.name, material.eileen.name]
    page.wait_for_selector("#jobs-over .job .job-look img[src^=blob]")
    with page.expect_download() as download:
        page.locator("#jobs-over .job .download").first.click()
    assert download.value.suggested_filename.endswith(("-recast.jpg", "-recast.png"))
    page.reload()
    show(page)
    page.wait_for_function("document.querySelectorAll('#jobs-over .job').length == 2")
    page.locator("#jobs-over .job .open").first.click()
    page.wait_for_selector("#download")
    show(page)
    page.click("#clear-jobs")
    assert page.locator("dialog button").all_inner_texts() == ["Cancel", "Delete"]
    page.click("dialog .danger")
    page.wait_for_selector(".jobs-empty:visible")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to still be at work when it is looked at, on any machine."""
    folder = tmp_path_factory.mktemp("film")
    return write_loop(folder / "film.mp4", media.write_clip(folder / "once.mp4", media.camera(48).frames), times=100)


@pytest.mark.slow
def test_what_waits_can_be_put_in_another_order_and_what_is_over_done_again(
    page: Any, material: Material, film: Path, tmp_path: Path
) -> None:
    films = [film]
    for name in ("second", "third", "fourth"):
        films.append(tmp_path / f"{name}.mp4")
        films[-1].write_bytes(film.read_bytes() + name.encode())
    batch(page, [material.grace], films)
    waiting = "#jobs-active .job[data-state=queued]"
    page.wait_for_function(f"document.querySelectorAll('{waiting}').length == 3")
    assert names(page, waiting) == ["second.mp4", "third.mp4", "fourth.mp4"]
    # By keyboard; who moves a job keeps it under their fingers.
    last = page.locator(waiting).last.locator("[aria-label=Earlier]")
    last.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        f"[...document.querySelectorAll('{waiting} .job-name')].map((one) => one.textContent)[1] == 'fourth.mp4'"
    )
    assert (
        page.evaluate("document.activeElement.closest('.job').querySelector('.job-name').textContent") == "fourth.mp4"
    )
    # By dragging.
    source, goal = page.locator(waiting).nth(1).locator(".job-words"), page.locator(waiting).first
    box, over = source.bounding_box(), goal.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(over["x"] + 200, over["y"] + 60, steps=6)
    page.mouse.move(over["x"] + 200, over["y"] + 8, steps=6)
    page.mouse.up()
    page.wait_for_function(
        f"[...document.querySelectorAll('{waiting} .job-name')].map((one) => one.textContent)[0] == 'fourth.mp4'"
    )
    page.reload()
    show(page)
    page.wait_for_function(f"document.querySelectorAll('{waiting}').length >= 2")
    assert names(page, waiting)[-2:] == ["second.mp4", "third.mp4"]
    page.click("#cancel-jobs")
    page.locator("#jobs-active .job[data-state=running] .cancel").click()
    page.wait_for_function("!document.querySelector('#jobs-active .job')")
    assert page.locator("#jobs-over .job[data-state=cancelled]").count() == 4
    page.locator("#jobs-over .job .again").first.click()
    page.wait_for_selector("#jobs-active .job")
    page.locator("#jobs-active .job .cancel").click()
    page.wait_for_function("document.querySelectorAll('#jobs-over .job').length == 5")
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.slow
def test_many_faces_on_one_target_and_what_cannot_be_used_is_told(
    page: Any, material: Material, tmp_path: Path
) -> None:
    broken = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    broken.write_bytes(b"no picture")
    page.click("#new-batch")
    page.get_by_label("Many faces, one target").check()
    page.set_input_files("#batch-photos", [material.grace, material.eileen, material.empty, broken])
    page.wait_for_function("document.querySelectorAll('.batch-file.failed').length == 2")
    assert page.locator("img[src=x]").count() == 0
    page.set_input_files("#batch-targets", [material.clip])
    page.get_by_role("button", name="Start 2 jobs").click()
    page.wait_for_function("document.querySelectorAll('#jobs-over .job[data-state=done]').length == 2")
    page.locator("#jobs-over .job .job-look").first.click()
    page.wait_for_function("document.querySelector('dialog video')?.readyState >= 2")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")


@pytest.mark.slow
def test_one_cast_on_many_targets(page: Any, material: Material, tmp_path: Path) -> None:
    """Persons are chosen once, and known again in each target; nobody else is touched."""
    page.click("#new-batch")
    page.get_by_label("One cast, many targets").check()
    page.wait_for_selector(".batch-list :text('choose people')")
    page.get_by_role("tab", name="Recast").click()
    give_target(page, material.both)
    page.wait_for_selector("#people .person >> nth=2")
    # Whoever is like the portrait of Eileen Collins; faces are numbered by how large they are.
    page.locator("#people .person", has_text="Person 2").click()
    page.set_input_files("#person-file", material.grace)
    page.wait_for_selector(".choice .photo.ready")
    show(page)
    page.wait_for_selector(".batch-role")
    mirrored = tmp_path / "mirrored.png"
    cv2.imwrite(str(mirrored), np.ascontiguousarray(cv2.imread(str(material.both))[:, ::-1]))
    page.set_input_files("#batch-targets", [material.both, mirrored])
    page.wait_for_function("document.querySelectorAll('.batch-file.ready').length == 2")
    page.get_by_role("button", name="Start 2 jobs").click()
    page.wait_for_function("document.querySelectorAll('#jobs-over .job[data-state=done]').length == 2")

    def changes(original: Path, link: Any) -> list[bool]:
        """Whether the left half of a result differs from its original, and the right half."""
        with page.expect_download() as download:
            link.click()
        download.value.save_as(tmp_path / "result.png")
        found, before = (cv2.imread(str(one)).astype(np.float32) for one in (tmp_path / "result.png", original))
        changed = np.abs(found - before).mean(axis=2)
        middle = changed.shape[1] // 2
        return [bool(changed[:, :middle].max() > 20), bool(changed[:, middle:].max() > 20)]

    def row(original: Path) -> Any:
        return page.locator("#jobs-over .job", has_text=original.name)

    seen = {original: changes(original, row(original).locator(".download")) for original in (material.both, mirrored)}
    assert seen[material.both] == seen[mirrored][::-1]
    assert sorted(seen[mirrored]) == [False, True]
    # Done again with changes, the people are those of this target, and who was cast is known among them.
    row(mirrored).locator(".open").click()
    page.wait_for_selector("#target .ready :text('mirrored.png')")
    page.wait_for_selector("#people .person.chosen .new")
    assert page.locator("#people .person.chosen").count() == 1
    page.click("#again")
    page.wait_for_selector(".divided .layer.after img")
    page.click("#go")
    page.wait_for_selector("#download")
    assert changes(mirrored, page.locator("#download")) == seen[mirrored]


@pytest.mark.slow
def test_a_batch_that_is_too_large_is_refused_whole(browser: Any, material: Material, tmp_path: Path) -> None:
    server = launch(tmp_path / "data", RECAST_QUEUE_EACH="2")
    copies = []
    for number in range(3):
        copies.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(copies[-1]), cv2.imread(str(material.eileen))[: 400 + number])
    try:
        with opened(browser, server.url, ready="#tabs", locale="de-DE") as page:
            page.locator("#tab-jobs-button").click()
            page.wait_for_selector("#new-batch:has-text('Neuer Stapel')")
            page.click("#new-batch")
            page.set_input_files("#batch-photos", [material.grace])
            page.set_input_files("#batch-targets", copies)
            page.wait_for_function("document.querySelectorAll('.batch-file.ready').length == 4")
            page.click(".batch-foot .primary")
            page.wait_for_selector(".batch .said:has-text('Das sind 3 Aufträge, und nur noch 2')")
            assert page.locator("#jobs .job").count() == 0
    finally:
        server.end()
