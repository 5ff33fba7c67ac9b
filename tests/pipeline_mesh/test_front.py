"""What is held before a face stays in front of the new one, and nothing else is taken for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.mesh import FaceView, topology
from pipeline.mesh.skin import read_skin
from pipeline.options import Options
from pipeline.types import Crop
from tests import faces, media

NAMES = ("astronaut", "hopper")


def other(name: str) -> str:
    return NAMES[1 - NAMES.index(name)]


@pytest.mark.parametrize(
    "colour",
    [
        (60, 120, 40),
        (30, 30, 30),
        (120, 150, 205),
        pytest.param((90, 110, 160), marks=pytest.mark.xfail(strict=True, reason="just the colour of her own shadow")),
        (235, 235, 235),
    ],
    ids=["green", "black", "fair skin", "tanned skin", "white"],
)
def test_what_is_held_before_the_cheek_stays_in_front(colour: tuple[int, int, int]) -> None:
    """An opaque card over one cheek, its edges sharp: the new face must not be painted over it."""
    image, face = media.portrait("astronaut").copy(), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    x, y = np.round(face.landmarks[425, :2]).astype(int)
    cv2.rectangle(image, (int(x) - 7, int(y) - 12), (int(x) + 40, int(y) + 12), colour, -1)
    result = faces.recast(image, faces.identity("hopper"))
    inside = (slice(y - 8, y + 8), slice(x - 4, x + 18))
    assert np.abs(result[inside].astype(int) - image[inside]).mean() < 6


@pytest.mark.parametrize("name", NAMES)
def test_fingers_before_the_face_stay_in_front(name: str) -> None:
    """Three fingers of the face's own colour reach up over the mouth and a cheek; between and beside them is the new
    face."""
    image, face = media.portrait(name), faces.portrait_face(name)
    assert face.landmarks is not None
    held, mask = media.fingers(image, face.landmarks)
    # What the detector makes of a half-hidden face is another matter: this is about what is painted over.
    result = faces.recast(held, faces.identity(other(name)), Options(likeness=0.0), face)
    inside = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
    change = np.abs(result.astype(int) - held).mean(-1)
    assert change[inside].mean() < 4, "the fingers are painted over"
    free = faces.recast(image, faces.identity(other(name)), Options(likeness=0.0), face)
    beside = (cv2.dilate(mask, np.ones((21, 21), np.uint8)) == 0) & (free != image).any(-1)
    assert change[beside].mean() > 0.6 * np.abs(free.astype(int) - image)[beside].mean(), "the face was not replaced"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["as it is", "dark", "sidelit", "shouting", "grey"])
def test_nothing_is_seen_before_a_bare_face(name: str, how: str) -> None:
    """Shadow, an open mouth, missing colour and glasses are nothing held before the face."""
    image, face = media.portrait(name), faces.portrait_face(name)
    assert face.landmarks is not None and face.pose is not None
    if how == "shouting":
        image = media.grimace(image, face.landmarks, 0.9, 0.0)
        face = faces.faces(image)[0]
    elif how == "grey":
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    elif how != "as it is":
        across = np.clip((np.arange(image.shape[1]) - face.box.x0) / face.box.width, 0, 1)
        shade = np.full_like(across, 0.3) if how == "dark" else 1 - 0.8 * across
        image = (image * shade[None, :, None]).astype(np.uint8)
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    # A fringe at the rim may be called either.
    assert (read_skin(view.unfolded, view.facing).front * (1 - topology().rim)).mean() < 0.003
