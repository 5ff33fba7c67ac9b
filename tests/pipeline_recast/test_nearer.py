"""Of two faces of which one is half behind the other, the one in front is as if it were alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.analysis.landmarks import face_from_landmarks
from pipeline.frame_recaster import recast_frame
from pipeline.models.face_mesh import FACE_OVAL
from pipeline.nearer import behind
from pipeline.options import Options
from pipeline.types import Face, FloatArray, ImageArray
from pipeline.wardrobe import FaceRole
from tests import faces, media
from tests.frames import ArrayFrame


def moved(name: str, place: FloatArray, apart: float) -> Face:
    """The face of a portrait that was pasted there, with all that of it is hidden."""
    face = faces.portrait_face(name)
    assert face.landmarks is not None
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ place[:, :2].T + place[:, 2]
    landmarks[:, 2] *= np.sqrt(abs(np.linalg.det(place[:, :2])))
    return replace(face_from_landmarks(landmarks.astype(np.float32), 1.0), embedding=face.embedding, apart=apart)


def recast(image: ImageArray, *roles: FaceRole) -> ImageArray:
    frame = ArrayFrame(image)
    recast_frame(frame, roles, faces.wardrobe(), Options())
    return frame.pixels


def within(face: Face, shape: tuple[int, ...]) -> ImageArray:
    assert face.landmarks is not None
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(face.landmarks[list(FACE_OVAL), :2]).astype(np.int32)), 1)
    return mask


@pytest.mark.parametrize("x", [340, 380, 425])
def test_a_face_behind_another_is_not_painted_on_that(x: int) -> None:
    """Its mesh seems the larger one for the moment."""
    back, front = media.placed("astronaut", (300, 190), 150), media.placed("hopper", (x, 200), 140)
    image = media.paste(media.paste(media.background(640, 400), "astronaut", back), "hopper", front)
    far = FaceRole(moved("astronaut", back, 14000.0), faces.identity("hopper"))
    near = FaceRole(moved("hopper", front, 16000.0), faces.identity("astronaut"))
    assert far.face.box.area > near.face.box.area
    alone, both = recast(image, near), recast(image, far, near)
    inner = cv2.erode(within(near.face, image.shape), np.ones((7, 7), np.uint8)) > 0
    assert np.abs(both.astype(int) - alone)[inner].mean() < 0.1
    # Where half of the one behind is seen, it is a new one.
    seen = within(far.face, image.shape)
    seen[:, x - 100 :] = 0
    assert x < 400 or np.abs(both.astype(int) - image)[seen > 0].mean() > 5


@pytest.mark.parametrize(("aside", "hidden"), [(60, True), (150, False)])
def test_a_face_is_behind_the_hair_of_one_that_hides_a_part_of_it(aside: int, hidden: bool) -> None:
    image = media.paste(media.background(640, 400), "hopper", place := media.placed("hopper", (320, 220), 140))
    near, far = moved("hopper", place, 1.0), moved("hopper", media.placed("hopper", (320 + aside, 160), 140), 0.5)
    assert near.landmarks is not None
    white = np.full_like(image, 255)
    result = behind(image, white, (0, 0), far, [near])
    top, chin = near.landmarks[10, :2], near.landmarks[152, :2]
    x, y = np.round(top + 0.15 * (top - chin)).astype(int)
    assert np.array_equal(result[y, x], image[y, x] if hidden else white[y, x])
    x, y = near.landmarks[4, :2].astype(int)
    assert np.array_equal(result[y, x], image[y, x])
    assert np.array_equal(result[30, 600], white[30, 600])
