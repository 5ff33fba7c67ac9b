"""The brush over the preview: by mouse and by keyboard, from the first stroke to the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.types import Face
from tests import faces
from tests.conftest import Material
from tests.studio.browsing import give, needs_chromium, opened, save, stroke
from tests.studio.conftest import Server, eventually

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]
BUTTON = "Leave parts as they are"


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url) as page:
        yield page


def begin(page: Any, material: Material) -> None:
    give(page, material.grace, material.eileen)
    page.wait_for_selector("#people .person")
    page.wait_for_selector(".divided .layer.after img")
    page.get_by_label(BUTTON).click()
    page.wait_for_selector(".painting .sheet")


def painted(page: Any) -> int:
    """Pixels of the sheet that are painted."""
    return int(
        page.evaluate(
            """() => {
              const sheet = document.querySelector(".sheet");
              const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
              let count = 0;
              for (let at = 3; at < data.length; at += 4) count += data[at] > 127;
              return count;
            }"""
        )
    )


def waiting_for(page: Any, act: Any) -> None:
    with page.expect_response("**/desk/painted"):
        act()


def comes(page: Any, right: Callable[[int], bool]) -> int:
    """What is painted, once it is `right`."""
    eventually(lambda: right(painted(page)))
    return painted(page)


def test_what_was_painted_stays_in_the_result(page: Any, material: Material, tmp_path: Path) -> None:
    begin(page, material)
    face = page.evaluate("(ring) => [ring.style.left, ring.style.top].map(parseFloat)", page.query_selector(".ring"))
    page.get_by_label("Size of the brush").fill("0.7")
    stroke(page, (-0.04, 0.0), (0.04, 0.0))
    page.wait_for_selector("#people .painted")
    first = comes(page, lambda count: count > 200)
    stroke(page, (-0.08, 0.08), (0.0, 0.08))
    both = comes(page, lambda count: count > 1.5 * first)
    waiting_for(page, lambda: page.get_by_label("Undo").click())
    comes(page, lambda count: count < 0.7 * both)
    page.get_by_label("Erase", exact=True).click()
    stroke(page, (0.0, -0.08), (0.02, -0.08))
    comes(page, lambda count: 0 < count < 0.95 * first)
    page.get_by_label(BUTTON).click()
    assert page.locator(".painting").count() == 0
    page.click("#go")
    result = cv2.imread(str(save(page, tmp_path / "result.jpg")))
    before = cv2.imread(str(material.eileen))
    assert result is not None and before is not None
    change = cv2.GaussianBlur(np.abs(result.astype(np.float32) - before).max(2), (0, 0), 2)
    x, y = round(face[0] / 100 * before.shape[1]), round(face[1] / 100 * before.shape[0])
    step = round(0.02 * before.shape[1])
    assert change[y, x - step] < 8 < change.max() / 3
    # A job that is opened again brings its painting along.
    page.reload()
    page.wait_for_selector("#download")
    page.click("#again")
    page.wait_for_selector(".divided .layer.after img")
    waiting_for(page, lambda: page.get_by_label(BUTTON).click())
    comes(page, lambda count: count > 0)
    page.get_by_label("Clear all that is painted").click()
    comes(page, lambda count: count == 0)


def test_the_brush_by_keyboard(page: Any, material: Material) -> None:
    begin(page, material)
    assert page.evaluate("document.activeElement.className") == "sheet"
    for key in ("]", "]", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.down("Space")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    waiting_for(page, lambda: page.keyboard.up("Space"))
    first = comes(page, lambda count: count > 200)
    page.keyboard.press("e")
    assert page.get_by_label("Erase", exact=True).get_attribute("aria-pressed") == "true"
    waiting_for(page, lambda: page.keyboard.press("Space"))
    comes(page, lambda count: 0 < count < first)
    waiting_for(page, lambda: page.keyboard.press("Control+z"))
    comes(page, lambda count: abs(count - first) <= 0.02 * first)
    page.keyboard.press("Escape")
    assert page.locator(".painting").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == BUTTON


def test_beside_the_face_there_is_nothing_to_leave(page: Any, material: Material) -> None:
    begin(page, material)
    box = page.locator(".sheet").bounding_box()
    with page.expect_response("**/desk/painted"):
        page.mouse.click(box["x"] + 5, box["y"] + box["height"] - 5)
    page.wait_for_selector(".hint.fatal :text('There is no face where you painted.'), .hint.fatal")
    assert "no face" in page.inner_text(".hint")
    comes(page, lambda count: count == 0)


def test_what_is_painted_is_one_persons(page: Any, material: Material, tmp_path: Path) -> None:
    """Of two people the one on the right is painted all over; that holds in the result, after a reload, and "again"."""
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), faces.test_photo("yaoming"))
    give(page, photo, material.both)
    page.wait_for_selector("#people .person >> nth=1")
    page.wait_for_selector(".divided .layer.after img")
    page.get_by_label(BUTTON).click()
    page.wait_for_selector(".painting .sheet")
    before = cv2.imread(str(material.both))
    assert before is not None
    left, right = sorted(faces.faces(np.asarray(before, np.uint8)), key=lambda face: face.box.x0)
    page.get_by_label("Size of the brush").fill("1")
    cover(page, right, before.shape)
    page.wait_for_selector("#people .painted")
    assert page.locator("#people .painted").count() == 1
    page.get_by_label(BUTTON).click()

    def changed(path: Path) -> list[bool]:
        result = cv2.imread(str(path))
        assert result is not None
        change = cv2.GaussianBlur(np.abs(result.astype(np.float32) - before).max(2), (0, 0), 2)
        boxes = [face.box.scaled(0.5) for face in (left, right)]
        return [bool((change[int(b.y0) : int(b.y1), int(b.x0) : int(b.x1)] > 16).mean() > 0.2) for b in boxes]

    page.click("#go")
    assert changed(save(page, tmp_path / "result.png")) == [True, False]
    page.reload()
    page.wait_for_selector("#download")
    page.wait_for_selector("#people .painted")
    page.click("#again")
    page.wait_for_selector(".divided .layer.after img")
    assert page.locator("#people .painted").count() == 1
    page.click("#go")
    assert changed(save(page, tmp_path / "again.png")) == [True, False]


def test_who_was_painted_before_the_search_ended_is_a_person_after_it(page: Any, material: Material) -> None:
    held: list[Any] = []
    page.route("**/desk/people", lambda route: held.append(route))
    give(page, material.eileen, material.both)
    page.wait_for_selector(".divided .layer.after img")
    page.get_by_label(BUTTON).click()
    page.wait_for_selector(".painting .sheet")
    stroke(page, (0.0, 0.0), (0.01, 0.02))
    assert page.locator("#people .person").count() == 0
    with page.expect_response("**/desk/painted"):
        held[0].continue_()
    page.wait_for_selector("#people .painted")
    assert page.locator("#people .painted").count() == 1


def cover(page: Any, face: Face, shape: tuple[int, ...]) -> None:
    """Draws over all of a face."""
    sheet = page.locator(".sheet").bounding_box()
    rows, columns = shape[:2]
    box = face.box.scaled(1.1)
    with page.expect_response("**/desk/painted"):
        for step in range(9):
            x = box.x0 + box.width * (step % 2)
            y = box.y0 + box.height * step / 8
            page.mouse.move(sheet["x"] + x / columns * sheet["width"], sheet["y"] + y / rows * sheet["height"], steps=6)
            if step == 0:
                page.mouse.down()
        page.mouse.up()
