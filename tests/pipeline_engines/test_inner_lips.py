"""The target's own lips at the edge of its open mouth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.inner_lips import without_lips
from pipeline.engines.mesh.openings import openings
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, ImageArray
from tests import faces, media

SKIN, LIP, TEETH, DARK, TONGUE = (150, 170, 210), (105, 95, 165), (185, 200, 205), (15, 15, 25), (100, 95, 160)


def wide_open() -> tuple[FloatArray, tuple[int, int]]:
    """Landmarks with the mouth open, and a picture's size."""
    landmarks, size = faces.portrait_face("astronaut").landmarks, media.portrait("astronaut").shape[1::-1]
    assert landmarks is not None
    landmarks = landmarks.copy()
    inner = landmarks[list(INNER_LIPS), :2]
    low = inner[:, 1] > inner[:, 1].mean()
    landmarks[np.array(INNER_LIPS)[low], 1] += 0.3 * np.ptp(inner[:, 0])
    landmarks[list(OUTER_LIPS), 1] += np.where(
        landmarks[list(OUTER_LIPS), 1] > inner[:, 1].mean(), 0.3 * np.ptp(inner[:, 0]), 0
    )
    return landmarks, size


def ring(size: tuple[int, int], outline: FloatArray, part: float = 1.0) -> ImageArray:
    mask, middle = np.zeros(size[::-1], np.uint8), outline.mean(0)
    cv2.fillPoly(mask, [np.round(middle + part * (outline - middle)).astype(np.int32)], 1)
    return mask


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("between", [TEETH, DARK], ids=["teeth", "dark"])
def test_lips_in_the_gap_are_the_new_faces(between: tuple[int, ...], grey: bool) -> None:
    landmarks, size = wide_open()
    inner, outer = (landmarks[list(group), :2] for group in (INNER_LIPS, OUTER_LIPS))
    target = np.full((*size[::-1], 3), SKIN, np.uint8)
    gap = ring(size, inner, 0.8)
    target[ring(size, outer) > 0] = LIP
    target[gap > 0] = between
    if grey:
        target = cv2.cvtColor(cv2.cvtColor(target, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    before = openings(landmarks, size, eyes=False)
    after = without_lips(before.copy(), target, landmarks)
    rim = (ring(size, inner, 0.95) > 0) & (ring(size, inner, 0.9) == 0)
    assert before[rim].mean() > 0.8
    assert after[rim].mean() < 0.25
    assert after[ring(size, inner, 0.65) > 0].mean() > 0.95
    assert (after <= before + 1e-6).all()


def test_a_tongue_stays() -> None:
    landmarks, size = wide_open()
    inner, outer = (landmarks[list(group), :2] for group in (INNER_LIPS, OUTER_LIPS))
    target = np.full((*size[::-1], 3), SKIN, np.uint8)
    target[ring(size, outer) > 0] = LIP
    target[ring(size, inner, 0.9) > 0] = DARK
    tongue = ring(size, inner, 0.5)
    target[tongue > 0] = TONGUE
    after = without_lips(openings(landmarks, size, eyes=False), target, landmarks)
    assert after[tongue > 0].min() > 0.95


def test_a_mouth_open_wider_than_its_landmarks_is_not_filled() -> None:
    landmarks, size = wide_open()
    inner, outer = (landmarks[list(group), :2] for group in (INNER_LIPS, OUTER_LIPS))
    target = np.full((*size[::-1], 3), SKIN, np.uint8)
    target[ring(size, outer) > 0] = LIP
    low = np.arange(size[1])[:, None] > inner[:, 1].mean()
    target[(ring(size, outer) > 0) & low] = DARK
    target[ring(size, inner) > 0] = DARK
    before = openings(landmarks, size, eyes=False)
    after = without_lips(before.copy(), target, landmarks)
    inside = (ring(size, inner, 0.85) > 0) & low
    assert (before - after)[inside].mean() < 0.05


def test_a_shut_mouth_and_one_outside_of_the_picture_are_left_alone() -> None:
    landmarks = faces.portrait_face("astronaut").landmarks
    assert landmarks is not None
    nothing = np.zeros((40, 60), np.float32)
    picture = np.full((40, 60, 3), 90, np.uint8)
    for place in (landmarks, landmarks - 5000):
        assert not without_lips(nothing.copy(), picture, place).any()
