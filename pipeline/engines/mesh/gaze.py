"""The source's own eyes, looking where the target looks.

The iris is put where the target's is, as large beside its eye as in the photo. Lids, how far they are open, and what is
reflected in the eyes are the target's; so are the eyes themselves where the photo has fewer pixels of them, or the
frame shows them from the side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.engines.mesh.eyes import DISC, EYES, SIDE, Iris, eye_frame, eye_widths
from pipeline.types import FloatArray, ImageArray, Patch

COARSE, FINE = 0.4, 0.8
"""Radius of an iris in the photo in parts of that in the frame at which nothing is left of the photo's eyes, and
all."""
ASIDE, AHEAD = 0.6, 0.8
"""The same for how wide an eye looks in the frame beside what it is."""
_SUBPIXEL = 4


def shares(landmarks: FloatArray, irises: Sequence[Iris]) -> tuple[float, float]:
    """How far each of the eyes in a picture is to be the photo's: 0 to 1.

    Args:
        landmarks: ``(478, 3)`` pixels of the picture.
    """
    result = []
    for iris, (lids, _) in zip(irises, EYES, strict=True):
        flat, whole = eye_widths(landmarks, lids)
        fine = (iris.radius / max(iris.ratio * whole, 0.5) - COARSE) / (FINE - COARSE)
        ahead = (flat / whole - ASIDE) / (AHEAD - ASIDE)
        result.append(min(max(fine, 0.0), 1.0) * min(max(ahead, 0.0), 1.0))
    return result[0], result[1]


def put_in(image: ImageArray, through: ImageArray, landmarks: FloatArray, irises: Sequence[Iris]) -> list[Patch]:
    """Draw the irises where the target's are; `image` is changed.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, a face drawn from an atlas without irises.
        through: ``(h, w, 3)`` uint8 BGR, the target's own eyes.
        landmarks: ``(478, 3)`` pixels of both.

    Returns:
        What is reflected in the target's.
    """
    height, width = image.shape[:2]
    kept = []
    for iris, (lids, ring) in zip(irises, EYES, strict=True):
        frame, _ = eye_frame(landmarks, lids, ring, iris.ratio)
        reach = 1.4 * float(np.abs(frame[:, :2]).sum(1).max()) + 1
        x, y = frame[:, 2]
        x0, y0 = max(math.floor(x - reach), 0), max(math.floor(y - reach), 0)
        x1, y1 = min(math.ceil(x + reach) + 1, width), min(math.ceil(y + reach) + 1, height)
        if x1 - x0 < 1 or y1 - y0 < 1:
            continue
        part = (slice(y0, y1), slice(x0, x1))
        radius = max(float(np.hypot(*frame[:, 1])), 0.5)
        drawn = _drawn(iris, frame - np.array([[0, 0, x0], [0, 0, y0]], np.float32), radius, (x1 - x0, y1 - y0))
        share = drawn[..., 3].astype(np.float32) * np.float32(1 / 255) * _between(landmarks, lids, (x0, y0, x1, y1))
        kept.append(Patch(part, share * _reflected(through[part], share)))
        colour, below = np.ascontiguousarray(drawn[..., :3]), np.ascontiguousarray(image[part])
        image[part] = cv2.blendLinear(colour, below, share, 1 - share)
    return kept


def _drawn(iris: Iris, frame: FloatArray, radius: float, size: tuple[int, int]) -> ImageArray:
    """``(h, w, 4)`` uint8, an iris as it lies in a picture of this size."""
    level = min(max(math.floor(math.log2(SIDE * DISC / radius) + 0.35), 0), len(iris.levels) - 1)
    picture = iris.levels[level]
    side = picture.shape[0]
    # From pixels of the part to places on the iris to pixels of its picture.
    back = cv2.invertAffineTransform(frame) * (side * DISC) + np.array([[0, 0, side / 2 - 0.5]] * 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, back, size, flags=flags, borderMode=cv2.BORDER_CONSTANT), np.uint8)


def _reflected(own: ImageArray, share: FloatArray) -> FloatArray:
    """``(h, w)`` float32, 1 where a part of the target shows a reflection on the iris that covers so much of it."""
    luma = cv2.cvtColor(own, cv2.COLOR_BGR2GRAY).astype(np.float32)
    disc = luma[share > 0.5]
    if len(disc) < 4:
        return np.zeros_like(luma)
    typical = float(np.partition(disc, len(disc) // 2)[len(disc) // 2])
    return np.clip((luma - (1.35 * typical + 25)) / (0.3 * typical + 25), 0, 1).astype(np.float32)


def _between(landmarks: FloatArray, lids: tuple[int, ...], part: tuple[int, int, int, int]) -> FloatArray:
    """How far the places of a part of the picture lie between the lids, softly."""
    x0, y0, x1, y1 = part
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    outline = np.rint((landmarks[list(lids), :2] - [x0, y0]) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, _SUBPIXEL)
    soft = max(0.6, 0.03 * math.dist(landmarks[lids[0], :2], landmarks[lids[len(lids) // 2], :2]))
    return cv2.GaussianBlur(mask, (0, 0), soft).astype(np.float32) * np.float32(1 / 255)
