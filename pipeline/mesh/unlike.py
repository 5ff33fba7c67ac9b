"""How unlike the skin beside it a place of an unfolded face is: what is held or worn before it is, skin is not."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import grey, thrice
from pipeline.types import FloatArray, ImageArray

NEAR = 4.0
"""Blur radius (sigma), in texels of the map, within which skin beside a place tells what it would look like there."""
REACH = round(4 * NEAR)
"""Texels away from which nothing is seen of a place."""
PULL = 0.01
"""What the broad light counts beside that skin."""
SMOOTH = 0.5
"""Blur radius (sigma) in texels that takes off grain."""
HUE = 1.5
"""What a difference in hue counts beside one in lightness, which shade makes as well."""
FLOOR = 8.0
"""Grey levels added before the logarithm, so that noise in the dark does not count."""
_LOGARITHMS = np.log(np.arange(256, dtype=np.float32) + np.float32(FLOOR))


def unlike_skin(unfolded: ImageArray, shade: FloatArray, bare: FloatArray) -> FloatArray:
    """``(n, n)`` float32, in logarithms: the difference to skin close by (normalised convolution, Knutsson & Westin
    1993).

    Args:
        unfolded: ``(n, n, 3)`` uint8 BGR, a face on the atlas.
        shade: ``(n, n, 3)`` float32 BGR, what its skin would be under its light, where none is close by.
        bare: ``(n, n)`` float32, where skin is seen that tells.
    """
    logs: FloatArray = cv2.LUT(unfolded, _LOGARITHMS)
    weight = thrice(bare)
    mass = cv2.GaussianBlur(bare, (0, 0), NEAR) + np.float32(PULL)
    total = cv2.GaussianBlur(cv2.multiply(logs, weight), (0, 0), NEAR)
    beside = cv2.divide(total + np.float32(PULL) * cv2.log(shade + np.float32(FLOOR)), thrice(mass))
    away = cv2.subtract(cv2.GaussianBlur(logs, (0, 0), SMOOTH), beside)
    lightness = grey(away)
    blue, green, red = (cv2.absdiff(channel, lightness) for channel in cv2.split(away))
    hue = cv2.max(cv2.max(blue, green), red)
    return np.maximum(np.abs(lightness), np.float32(HUE) * hue)
