"""Speckles of a photo's skin: so many spots that a smooth face would be freckled with them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.speckles import without_speckles
from pipeline.mesh import topology
from pipeline.mesh.hue import depth
from pipeline.types import FloatArray

SIZE = 512
TONE = np.array([140, 165, 205], np.float32)
WRINKLE = (slice(300, 303), slice(120, 180))
"""Across a cheek."""


def _spotted(step: int, depth: float = -0.18) -> tuple[FloatArray, FloatArray]:
    """``(512, 512)``: how light a face is with a spot every so many texels and a wrinkle, and 1 on the spots."""
    spots = np.zeros((SIZE, SIZE), np.float32)
    for y in range(step // 2, SIZE, step):
        for x in range(step // 2, SIZE, step):
            cv2.circle(spots, (x, y), 1, 1.0, -1)
    spots[WRINKLE[0].start - 8 : WRINKLE[0].stop + 8] = 0
    luma = cv2.GaussianBlur(depth * spots, (0, 0), 0.7)
    luma[WRINKLE] = -0.15
    return luma, spots


@pytest.mark.parametrize("depth", [-0.18, 0.18])
def test_many_spots_fade_and_a_wrinkle_stays(depth: float) -> None:
    luma, spots = _spotted(8, depth)
    skin = topology().skin
    change = without_speckles(luma, skin, skin)
    here = (spots > 0) & (cv2.resize(skin, (SIZE, SIZE)) > 0.99)
    assert np.abs(luma + change)[here].mean() < 0.5 * np.abs(luma)[here].mean()
    assert np.abs(change[WRINKLE][1:-1, 8:-8]).max() < 0.01


def test_freckles_and_moles_that_are_few_stay() -> None:
    luma, _ = _spotted(24)
    assert np.abs(without_speckles(luma, topology().skin, topology().skin)).max() == 0


def test_grain_and_wrinkles_along_any_direction_stay() -> None:
    luma = np.random.default_rng(5).normal(0, 0.004, (SIZE, SIZE)).astype(np.float32)
    for angle in range(0, 180, 15):
        x, y = (round(60 * f(np.radians(angle))) for f in (np.cos, np.sin))
        cv2.line(luma, (256 - x, 330 - y), (256 + x, 330 + y), -0.2, 2)
    assert np.abs(without_speckles(luma, topology().skin, topology().skin)).max() == 0


def test_nothing_changes_beside_the_skin() -> None:
    luma, _ = _spotted(8)
    change = without_speckles(luma, topology().skin, topology().skin)
    assert np.abs(change[cv2.resize(topology().skin, (SIZE, SIZE)) == 0]).max() == 0


def test_a_speckled_face_is_less_so_on_the_atlas() -> None:
    luma, spots = _spotted(8)
    picture = np.clip(TONE * np.exp(luma)[..., None] + 0.5, 0, 255).astype(np.uint8)
    calm = calmed(picture, TONE, depth(TONE)).astype(np.float32)
    skin = cv2.resize(topology().skin * (1 - topology().beard) * (1 - topology().sides), (SIZE, SIZE)) > 0.99
    beside = cv2.dilate(spots, np.ones((5, 5), np.uint8)) == 0
    step, before = (each[skin & beside].mean() - each[skin & (spots > 0)].mean() for each in (calm, picture))
    assert step < 0.5 * before
