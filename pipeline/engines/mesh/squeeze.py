"""Skin that the target shows at a more grazing angle than the photos did.

What the photo has spread over the side of a nose or a cheek is squeezed there into a line, dark and sharp as no shade
is. It gives way to plain skin by as much as it is squeezed. So does the outer half of a brow on the far side: there the
silhouette would cut it off, and beyond that a strip of the target's own skin is still seen.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import FaceView, topology
from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import ZONES
from pipeline.types import FloatArray, ImageArray

SQUEEZED = (0.4, 0.85)
"""Cosine to the line of sight, in parts of the photos', at which nothing is left of the photo's skin, and all of it."""
MIDDLE, BROW = 168, (334, 300)
"""Landmarks: on the middle line, and the highest place and the outer end of a brow."""
MOST = 0.85
LEAST = 0.05
"""A share too small to be seen."""


def unsqueezed(image: ImageArray, view: FaceView, shown: FloatArray, tone: FloatArray) -> ImageArray:
    """`image` with plain skin where it is squeezed. It is changed in place.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, the new face in the view.
        shown: ``(96, 96)`` float32 over the atlas, the cosine at which the photos showed each place at best.
        tone: ``(3,)`` float32 BGR of the plain skin.
    """
    low, high = SQUEEZED
    left = np.clip((view.facing / (shown + np.float32(1e-3)) - low) / (high - low), 0, 1)
    share = cv2.GaussianBlur((MOST * (1 - left) * _skin()).astype(np.float32), (0, 0), 1.0)
    if share.max() < LEAST:
        return image
    coarse = view.fold(share)
    if coarse.max() < LEAST:
        return image
    part = view.around(coarse)
    at, own = view.enlarge(coarse)[part], image[part]
    # Among bytes, in half the time.
    share = cv2.convertScaleAbs(at, alpha=255)
    plain = cv2.merge([cv2.convertScaleAbs(share, alpha=float(value) / 255) for value in tone])
    left = cv2.cvtColor(cv2.bitwise_not(share), cv2.COLOR_GRAY2BGR)
    image[part] = cv2.add(cv2.multiply(own, left, scale=1 / 255), plain)
    return image


@cache
def _skin() -> FloatArray:
    """``(96, 96)`` float32 over the atlas: 1 on skin and on the outer half of the brows."""
    mesh = topology()
    away = np.abs((np.arange(ZONES, dtype=np.float32) + np.float32(0.5)) / ZONES - mesh.uv[MIDDLE, 0])
    top, end = (abs(float(mesh.uv[place, 0] - mesh.uv[MIDDLE, 0])) for place in BROW)
    outer = mesh.brows * ramp(away, top, end)
    return cv2.GaussianBlur(cv2.max(mesh.skin, outer) * (1 - mesh.lids), (0, 0), 0.8)
