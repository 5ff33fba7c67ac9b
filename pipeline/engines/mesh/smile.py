"""A smile in the photo leaves its folds in the atlas: between nose and mouth, where cheeks are pushed up.

A face that does not smile would look years older with them. How far a face smiles is seen in its shape (the mouth is
wider, its corners higher); the folds are lifted from the photo by as much as it smiles more than the target.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh.hue import FLOOR
from pipeline.mesh.skin import spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

WIDTH, LIFT = (0.61, 0.69), (0.03, 0.08)
"""The mouth's width, and how much its corners lie above its middle, in parts of the distance of the outer corners of
the eyes, at which a smile begins and is a broad one. Ten faces at rest: 0.44 to 0.61, and -0.02 to 0.03."""
FOLD = ((129, 203, 206, 216, 212, 57), (358, 423, 426, 436, 432, 287))
"""Landmarks along the folds, from the wings of the nose to beside the corners of the mouth."""
BROAD = 4.0
"""How far from that line they lie at most, in texels."""
SIGMA = 0.9
BESIDE = 0.075
"""Blur radii (sigma): of the folds themselves, in texels, and of the skin that they are told from, in parts of the
atlas' side."""
MOST = 0.45
"""How much a fold is lifted at most, in logarithms."""


def smile(shape: FloatArray) -> float:
    """How broadly a face smiles, 0 to 1.

    Args:
        shape: ``(468, 3)`` float32 vertices in the canonical frame, y up, any unit.
    """
    eyes = float(np.linalg.norm(shape[33] - shape[263])) + 1e-6
    width = float(np.linalg.norm(shape[61] - shape[291])) / eyes
    lift = float(shape[[61, 291], 1].mean() - shape[[0, 17], 1].mean()) / eyes
    parts = ((width - WIDTH[0]) / (WIDTH[1] - WIDTH[0]), (lift - LIFT[0]) / (LIFT[1] - LIFT[0]))
    return float(np.clip(np.mean([np.clip(part, 0, 1) for part in parts]), 0, 1))


def folds(picture: ImageArray) -> FloatArray:
    """``(96, 96, 3)`` float32 BGR, the logarithm of what lifts the folds of a smile to the skin beside them.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
    """
    small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    logs = cv2.GaussianBlur(cv2.log(small + np.float32(FLOOR)), (0, 0), SIGMA)
    band, skin = _band(), topology().skin
    level = spread_colour(logs, skin * (1 - band), BESIDE * ZONES, logs, 0.02)
    lift = np.clip((level - logs) * (band * skin)[..., None], -MOST / 2, MOST)
    return cv2.GaussianBlur(lift.astype(np.float32), (0, 0), 0.6)


@cache
def _band() -> FloatArray:
    """``(96, 96)``: 1 along the folds."""
    zone = np.zeros((ZONES, ZONES), np.uint8)
    for line in FOLD:
        cv2.polylines(zone, [np.round(topology().uv[list(line)] * ZONES).astype(np.int32)], False, 1, 3)
    distance = cv2.distanceTransform(1 - zone, cv2.DIST_L2, 5)
    return np.clip(1 - distance / BROAD, 0, 1).astype(np.float32)
