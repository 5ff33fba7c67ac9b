"""The new face's grain, in a film that has some."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.options import Options
from pipeline.types import Box, FloatArray, ImageArray
from tests import faces, media


def grain_added(scale: float, shift: int = 0) -> FloatArray:
    """What is added to the middle of a face in a grainy picture: ``(96, 96)``, of one channel."""
    image = cv2.resize(media.portrait("hopper"), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = faces.faces(image)[0]
    assert found.landmarks is not None and found.pose is not None
    pose = found.pose.copy()
    pose[0, 3] += shift
    box = Box(found.box.x0 + shift, found.box.y0, found.box.x1 + shift, found.box.y1)
    face = replace(found, landmarks=found.landmarks + np.array([shift, 0, 0], np.float32), pose=pose, box=box)
    image = np.roll(image, shift, axis=1)
    noise = np.random.default_rng(3).normal(0, 5, (*image.shape[:2], 1))
    grainy = np.clip(image + noise, 0, 255).astype(np.uint8)
    smooth, grained = (
        faces.recast(grainy, faces.identity("astronaut"), Options(match_detail=on), face).astype(np.float32)
        for on in (False, True)
    )
    assert face.landmarks is not None
    x, y = np.rint(face.landmarks[168, :2]).astype(int)
    return np.asarray((grained - smooth)[y - 48 : y + 48, x - 48 : x + 48, 1])


def alike(one: FloatArray, other: FloatArray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("scale", [1.0, 1.15, 1.3, 2.0])
def test_grain_is_as_fine_as_the_frame_s_pixels_however_large_the_face(scale: float) -> None:
    """Drawn on the face itself it would be coarse on some sizes, and look like leather."""
    grain = grain_added(scale)
    assert 2 < grain.std() < 3.8
    assert alike(grain[:, 1:], grain[:, :-1]) < 0.35
    assert alike(grain[:, 3:], grain[:, :-3]) < 0.1


def test_grain_moves_along_with_the_face() -> None:
    """New grain for each frame would boil."""
    assert alike(grain_added(1.0), grain_added(1.0, shift=7)) > 0.9


@pytest.mark.parametrize(("halved", "strength"), [(False, 5), (True, 12)], ids=["4:4:4", "4:2:0"])
def test_a_sensor_s_coloured_noise_is_on_the_new_face_too(halved: bool, strength: float) -> None:
    """In poor light every channel has noise of its own; a face with grey grain looks felted in it."""
    dark = np.asarray(media.portrait("hopper") * 0.4, np.uint8)
    noisy = cv2.cvtColor(
        np.asarray(np.clip(dark + noise_of(strength, dark.shape), 0, 255), np.uint8), cv2.COLOR_BGR2YCrCb
    )
    if halved:
        coarse = cv2.resize(noisy, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        noisy[..., 1:] = cv2.resize(coarse, noisy.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., 1:]
    noisy = cv2.cvtColor(noisy, cv2.COLOR_YCrCb2BGR)
    plain, tinted = (chroma(faces.recast(image, faces.identity("astronaut"), Options())) for image in (dark, noisy))
    theirs = chroma(noisy)
    for before, after, wanted in zip(plain, tinted, theirs, strict=True):
        assert before < 0.5 * wanted
        assert 0.6 * wanted < after < 1.15 * wanted


def test_a_clean_picture_gets_no_coloured_noise() -> None:
    image = media.portrait("hopper")
    smooth, grained = (
        faces.recast(image, faces.identity("astronaut"), Options(match_detail=on)).astype(int) for on in (False, True)
    )
    added = (grained - smooth)[cheek(image)]
    assert np.abs(added - added.mean(-1, keepdims=True)).mean() < 0.6


def noise_of(strength: float, shape: tuple[int, ...]) -> FloatArray:
    return np.random.default_rng(3).normal(0, strength, shape).astype(np.float32)


def cheek(image: ImageArray) -> tuple[slice, slice]:
    """The middle of the face."""
    landmarks = faces.faces(media.portrait("hopper"))[0].landmarks
    assert landmarks is not None and image.shape == media.portrait("hopper").shape
    x, y = np.rint(landmarks[168, :2]).astype(int)
    return slice(y - 40, y + 60), slice(x - 48, x + 48)


def chroma(image: ImageArray) -> list[float]:
    """How much of Cr and of Cb is finer than five pixels."""
    planes = cv2.split(cv2.cvtColor(image[cheek(image)], cv2.COLOR_BGR2YCrCb).astype(np.float32))[1:]
    return [float(np.median(np.abs(plane - cv2.GaussianBlur(plane, (7, 7), 1.8)))) for plane in planes]
