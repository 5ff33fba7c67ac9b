"""How unlike the skin beside it a place of an unfolded face is: what is held or worn before it is, skin is not."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import grey
from pipeline.types import FloatArray, ImageArray

NEAR = 4.0
"""Blur radius (sigma), in texels of the map, within which skin beside a place tells what it would look like there."""
PULL = 0.01
"""What the broad light counts beside that skin."""
SMOOTH = 0.5
"""Blur radius (sigma) in texels that takes off grain."""
HUE = 1.5
"""What a difference in hue counts beside one in lightness, which shade makes as well."""
FLOOR = 8.0
"""Grey levels added before the logarithm, so that noise in the dark does not count."""


def unlike_skin(unfolded: ImageArray, shade: FloatArray, bare: FloatArray) -> FloatArray:
    """``(n, n)`` float32, in logarithms: the difference to skin close by (normalised convolution, Knutsson & Westin
    1993).

    Args:
        unfolded: ``(n, n, 3)`` uint8 BGR, a face on the atlas.
        shade: ``(n, n, 3)`` float32 BGR, what its skin would be under its light, where none is close by.
        bare: ``(n, n)`` float32, where skin is seen that tells.
    """
    logs = cv2.log(unfolded.astype(np.float32) + np.float32(FLOOR))
    mass = cv2.GaussianBlur(bare, (0, 0), NEAR)[..., None] + np.float32(PULL)
    total = cv2.GaussianBlur(logs * bare[..., None], (0, 0), NEAR)
    beside = (total + np.float32(PULL) * cv2.log(shade + np.float32(FLOOR))) / mass
    away = cv2.GaussianBlur(logs, (0, 0), SMOOTH) - beside
    lightness = grey(away)
    hue = np.abs(away - lightness[..., None]).max(-1)
    return np.maximum(np.abs(lightness), np.float32(HUE) * hue)
