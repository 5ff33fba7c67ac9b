"""What is held before a face stays in front of the new one, and nothing else is taken for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.analysis.landmarks import face_from_landmarks
from pipeline.mesh import FaceView, topology
from pipeline.mesh.skin import read_skin
from pipeline.options import Options
from pipeline.types import Crop, FloatArray, ImageArray
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


def test_a_hand_before_mouth_and_chin_stays_whole() -> None:
    """With its palm, which lies on the outline of the face: in some places the network is less sure of it."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    width = float(np.linalg.norm(face.landmarks[234, :2] - face.landmarks[454, :2]))
    painted = []
    for shift in (-0.2, 0.0, 0.2):
        held, mask = hand(image, face.landmarks, shift * width)
        result = faces.recast(held, faces.identity("hopper"), Options(), face)
        change = np.abs(result.astype(int) - held).max(-1) > 12
        painted.append(change[cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0].mean())
    assert np.mean(painted) < 0.002


def hand(image: ImageArray, landmarks: FloatArray, shift: float) -> tuple[ImageArray, ImageArray]:
    """`image` with a hand held up before the face, so many pixels to the right, and where it is (uint8, 1 on it)."""
    width = float(np.linalg.norm(landmarks[234, :2] - landmarks[454, :2]))
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    palm = landmarks[152, :2] + np.array([shift, 0.12 * width], np.float32)
    away = np.hypot((x - palm[0]) / (0.3 * width), (y - palm[1]) / (0.34 * width))
    for finger in range(4):
        root, tip = (palm + np.array(at, np.float32) * width for at in
                     ((0.13 * finger - 0.2, -0.1), (0.14 * finger - 0.21, abs(finger - 1) / 20 - 0.62)))  # fmt: skip
        along = tip - root
        t = np.clip(((x - root[0]) * along[0] + (y - root[1]) * along[1]) / float(along @ along), 0, 1)
        away = np.minimum(away, np.hypot(x - root[0] - t * along[0], y - root[1] - t * along[1]) / (0.062 * width))
    height = np.sqrt(np.clip(1 - away**2, 0, 1))[..., None]
    u, v = np.round(landmarks[205, :2]).astype(int)
    grain = np.random.default_rng(2).normal(0, 2, (*image.shape[:2], 1))
    skin = image[v, u] * 0.8 * (0.62 + 0.42 * height) + grain
    soft = cv2.GaussianBlur((away < 1).astype(np.float32), (0, 0), 0.7)[..., None]
    return np.clip(image + soft * (skin - image) + 0.5, 0, 255).astype(np.uint8), (away < 1).astype(np.uint8)


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


def test_a_hand_is_seen_before_a_face_that_the_picture_cuts_off_at_the_top() -> None:
    """As in a close-up."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    held, mask = hand(image, face.landmarks, 0.0)
    top = int(face.landmarks[[105, 334], 1].min())
    lower = face_from_landmarks(face.landmarks - np.array([0, top, 0], np.float32), 1.0)
    result = faces.recast(np.ascontiguousarray(held[top:]), faces.identity("hopper"), Options(), lower)
    change = np.abs(result.astype(int) - held[top:]).max(-1) > 12
    assert change[cv2.erode(mask[top:], np.ones((5, 5), np.uint8)) > 0].mean() < 0.01
