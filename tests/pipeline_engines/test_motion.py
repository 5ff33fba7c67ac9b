"""A face that moves fast is blurred where the frame is, and not where it is sharp."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.options import Options
from pipeline.types import Face, ImageArray
from tests import faces, media

WAY = 28


def lines(image: ImageArray, face: Face) -> float:
    """How strong upright lines are in the upper half of the face."""
    assert face.landmarks is not None
    (x0, y0), (x1, y1) = (
        np.round(face.landmarks[list(points), :2].mean(0)).astype(int) for points in ((127,), (454, 6))
    )
    part = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[min(y0, y1) - 30 : max(y0, y1) + 10, x0 + 12 : x1 - 12]
    return float(np.abs(cv2.Sobel(part.astype(np.float32), -1, 2, 0, ksize=3)).mean())


@pytest.mark.parametrize(("target", "source"), [("astronaut", "hopper"), ("hopper", "astronaut")])
def test_a_new_face_is_blurred_by_its_movement_as_the_frame_is(target: str, source: str) -> None:
    still = faces.portrait_face(target)
    image, moving = media.portrait(target), replace(still, motion=(float(WAY), 0.0))
    smeared = np.asarray(cv2.blur(image, (WAY // 2 + 1, 1)), np.uint8)
    identity = faces.identity(source)
    sharp = faces.recast(image, identity, Options(), still)
    assert np.array_equal(faces.recast(image, identity, Options(), moving), sharp)
    before, after = (faces.recast(smeared, identity, Options(), face) for face in (still, moving))
    assert lines(after, still) < 0.8 * lines(before, still)


def test_a_slow_face_is_as_it_is() -> None:
    face = faces.portrait_face("astronaut")
    smeared = np.asarray(cv2.blur(media.portrait("astronaut"), (15, 1)), np.uint8)
    slow, still = (
        faces.recast(smeared, faces.identity("hopper"), Options(), replace(face, motion=way))
        for way in ((3.0, 0.0), (0.0, 0.0))
    )
    assert np.array_equal(slow, still)
