"""Skin that the target shows at a more grazing angle than the photos did.

What the photo has spread over the side of a nose or a cheek is squeezed there into a line, dark and sharp as no shade
is. It gives way to plain skin by as much as it is squeezed.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import FaceView, topology
from pipeline.types import FloatArray, ImageArray

SQUEEZED = (0.4, 0.85)
"""Cosine to the line of sight, in parts of the photos', at which nothing is left of the photo's skin, and all of it."""
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
    # Many times quicker than filling all channels at once.
    plain = cv2.merge([np.full(own.shape[:2], round(float(value)), np.uint8) for value in np.clip(tone, 0, 255)])
    image[part] = cv2.blendLinear(plain, own, at, cv2.subtract(1.0, at))
    return image


@cache
def _skin() -> FloatArray:
    mesh = topology()
    return cv2.GaussianBlur(mesh.skin * (1 - mesh.lids), (0, 0), 0.8)
