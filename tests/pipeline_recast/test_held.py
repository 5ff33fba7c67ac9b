"""What passes before a face in a film stays in front of the new one in every frame, not only in those that show it
well."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from pipeline.analysis import FaceFinder, Tracker
from pipeline.frame_recaster import recast_frame
from pipeline.options import Options
from pipeline.rows import Found, along, anchored, remembered, rows
from pipeline.types import Face, ImageArray
from pipeline.wardrobe import FaceRole
from tests import faces, media
from tests.frames import ArrayFrame

OPTIONS = Options()
FIRST, COUNT, BREADTH = 16, 17, 45


@cache
def bar() -> tuple[list[ImageArray], list[Face]]:
    """A bar of the colour of skin passes over somebody; its left border is at 150 + 340 * n / 60."""
    images = media.occluded(60).frames[FIRST : FIRST + COUNT]
    tracker = Tracker(FaceFinder())
    found = [pair for n, image in enumerate(images) for pair in tracker.push(ArrayFrame(image, FIRST + n))]
    return images, [seen[0] for _, seen in found + tracker.flush()]


def found() -> list[Found]:
    return [
        Found(ArrayFrame(image, FIRST + n), [FaceRole(face, faces.identity("astronaut"))], True, ())
        for n, (image, face) in enumerate(zip(*bar(), strict=True))
    ]


def recast(some: Sequence[Found]) -> list[ImageArray]:
    for each in some:
        assert recast_frame(each.frame, each.roles, faces.wardrobe(), OPTIONS, each.beside) == 1
    return [each.frame.image() for each in some]


def test_a_bar_that_passes_before_a_face_is_in_front_in_every_frame() -> None:
    film = recast(list(anchored(found(), faces.wardrobe(), OPTIONS)))
    for n, (image, result) in enumerate(zip(bar()[0], film, strict=True)):
        x = round(150 + 340 * (FIRST + n) / 60)
        inside = np.s_[90:300, x + 3 : x + BREADTH - 2]
        painted = np.abs(result[inside].astype(int) - image[inside]).max(-1) > 12
        # The last frames of a film have none after them to be told by.
        most = 0.004 if n < COUNT - 2 else 0.04
        assert painted.mean() < most, f"frame {FIRST + n}: the bar is painted over"


def test_the_rest_of_the_face_is_replaced_beside_it() -> None:
    film = recast(list(anchored(found(), faces.wardrobe(), OPTIONS)))
    changed = []
    for n, (image, result) in enumerate(zip(bar()[0], film, strict=True)):
        landmarks = bar()[1][n].landmarks
        assert landmarks is not None
        within = np.zeros(image.shape[:2], np.uint8)
        cv2.fillConvexPoly(within, cv2.convexHull(np.rint(landmarks[:468, :2]).astype(np.int32)), 1)
        x = round(150 + 340 * (FIRST + n) / 60)
        within[:, x - 8 : x + BREADTH + 8] = 0
        changed.append((result != image).any(-1)[within > 0].mean())
    assert np.mean(changed) > 0.75


def test_whichever_frame_comes_first_the_film_is_the_same() -> None:
    forwards = recast(list(anchored(found(), faces.wardrobe(), OPTIONS)))
    backwards = recast(list(anchored(found(), faces.wardrobe(), OPTIONS))[::-1])[::-1]
    assert all(np.array_equal(one, other) for one, other in zip(forwards, backwards, strict=True))


def test_a_row_that_another_process_renders_is_the_same() -> None:
    """Of what was held before the anchors that lie before it, that is told what was read."""
    film = recast(list(anchored(found(), faces.wardrobe(), OPTIONS)))
    memories, apart = {}, []
    for row in rows(found()):
        trail = tuple(replace(each, memory=memories.get(each.frame.index)) for each in row.trail)
        row = replace(row, trail=trail)
        placed, known = along(row, None, faces.wardrobe(), OPTIONS)
        apart += recast(placed)
        memories |= pickle.loads(pickle.dumps(remembered(row, known)))
    assert any(held is not None for memory in memories.values() for held in memory.held.values())
    assert all(np.array_equal(one, other) for one, other in zip(film, apart, strict=True))
