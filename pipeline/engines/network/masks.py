"""Where a network's face is shown: soft masks over its aligned crop, of which the smallest value counts."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.models.face_mesh import FACE_OVAL
from pipeline.types import Box, FloatArray

MASK = 256
"""Side of the masks."""
BORDER = (0.01, 0.11)
"""The box fades in between these distances from the crop's border, in parts of its side."""
BEYOND = 1.05
"""The mesh's outline is enlarged by this: a network's face is its own a little beyond it."""
SOFT = 0.022
"""Blur of the outline (sigma), in parts of the crop's side."""


@cache
def box_mask() -> FloatArray:
    """``(256, 256)`` float32, 1 inside and 0 at the crop's border."""
    axis = np.minimum(np.arange(MASK), np.arange(MASK)[::-1]).astype(np.float32) / np.float32(MASK)
    ramp = smooth(np.asarray(axis, np.float32), *BORDER)
    return np.minimum(ramp[:, None], ramp[None]).astype(np.float32)


def hull_mask(landmarks: FloatArray, matrix: FloatArray) -> FloatArray:
    """``(256, 256)`` float32, 1 within the face's outline.

    Args:
        landmarks: ``(478, 3)`` in pixels of the picture.
        matrix: ``(2, 3)`` from there to pixels of the mask.
    """
    # A blurred outline has nothing finer than half the mask's pixels.
    half = MASK // 2
    placed = (_outline(landmarks) @ matrix[:, :2].T + matrix[:, 2]) / 2 - 0.25
    mask = np.zeros((half, half), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(placed * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(mask, (0, 0), SOFT * half).astype(np.float32) / np.float32(255)
    return cv2.resize(blurred, (MASK, MASK), interpolation=cv2.INTER_LINEAR)


def hull_box(landmarks: FloatArray, side: float) -> Box:
    """What `hull_mask` is above 0 in.

    Args:
        landmarks: ``(478, 3)``, and `side` of the network's square, both in pixels of the picture.
    """
    placed = _outline(landmarks)
    (x0, y0), (x1, y1) = placed.min(0), placed.max(0)
    reach = 3.2 * SOFT * side + 2
    return Box(float(x0) - reach, float(y0) - reach, float(x1) + reach, float(y1) + reach)


def _outline(landmarks: FloatArray) -> FloatArray:
    outline = landmarks[list(FACE_OVAL), :2]
    centre = outline.mean(0)
    return np.asarray(centre + BEYOND * (outline - centre), np.float32)


def smooth(values: FloatArray, low: float, high: float) -> FloatArray:
    """Smoothstep from 0 at `low` to 1 at `high`."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
