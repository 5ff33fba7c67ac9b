"""Skin of the photo brought to what skin may look like under somebody else's light.

A photo's own contrast (hard light, strong colours, red lids, a film's palette) looks natural in the photo and like a
bruise elsewhere. What departs from the skin's mean over a few millimetres is therefore held within bounds, lightness
and hue apart; what is finer (pores, wrinkles, hairs) and what is no skin (brows, eyes, lips, beards) stays.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.beard import FLOOR, growth
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

SIGMA = 1.3
"""Of the blur that parts the coarse from the fine, in texels of the 96 map."""
DARKER, LIGHTER = 0.28, 0.16
"""How far skin may depart in lightness, in logarithms: shade is more usual than shine."""
TINT, ANY_TINT = 0.04, 0.06
"""How far skin, and what is neither skin nor lips, may depart in hue."""
PAINTED = (0.34, 0.48)
"""Departure in hue at which something begins to be, and is, no trick of the light but paint, a mark or dark hair: it
is kept."""
LIPS_TINT = 0.22
FINE_TINT = 0.035
"""The same for lips, and for what is finer beside them."""
LINE, SPARKLE = 0.30, 0.22
"""How far a fine line, and a fine highlight, may depart from the skin beside it in lightness."""
NATURAL, UNPAINTED = 0.10, 0.03
"""Without make-up: how far lips, and what is neither skin nor lips, may depart in hue."""


def calmed(picture: ImageArray, tone: FloatArray, *, makeup: bool = True) -> ImageArray:
    """`picture` with the coarse contrast of its skin held back.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
        makeup: whether paint is kept; else lips, lids and cheeks become as pale as bare ones.
    """
    size = picture.shape[0]
    logs = cv2.log(picture.astype(np.float32) + np.float32(FLOOR)) - np.log(tone + np.float32(FLOOR))
    # Coarse parts are changed on a small grid: nothing finer is left in them anyway.
    small = cv2.resize(logs, (2 * ZONES, 2 * ZONES), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(small, (0, 0), 2 * SIGMA)
    shade = coarse.mean(-1, keepdims=True)
    tint = coarse - shade
    skin, lips = _skin(shade[..., 0]), cv2.GaussianBlur(topology().lips, (0, 0), 0.8)
    near_skin = cv2.resize(skin, (2 * ZONES, 2 * ZONES))[..., None]
    held = np.where(shade < 0, _held(shade, DARKER), _held(shade, LIGHTER))
    # Dark hair and pupils have a strong hue in logarithms and none to the eye.
    other, lip = (ANY_TINT, LIPS_TINT) if makeup else (UNPAINTED, NATURAL)
    bound = TINT + (other - TINT) * (1 - near_skin)
    bound += (lip - bound) * cv2.resize(lips, (2 * ZONES, 2 * ZONES))[..., None]
    change = (held - shade) * near_skin + (_held(tint, bound) - tint)
    if makeup:
        change *= 1 - _painted(small)
    change = cv2.resize(change.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    fine = logs - cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    luma = cv2.transform(fine, np.full((1, 3), 1 / 3, np.float32))[..., None]
    held = np.where(luma < 0, _cut(luma, LINE), _cut(luma, SPARKLE))
    change += (held - luma) * cv2.resize(skin, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    fine -= luma
    beside = 1 - cv2.resize(lips, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    change += (_held(fine, FINE_TINT) - fine) * beside
    result = (picture.astype(np.float32) + FLOOR) * np.exp(change) - FLOOR
    return np.clip(result + 0.5, 0, 255).astype(np.uint8)


def _painted(logs: FloatArray) -> FloatArray:
    """``(n, n, 1)`` float32, 1 on what has a hue of its own."""
    near = cv2.GaussianBlur(logs, (0, 0), 0.8)
    strongest = np.abs(near - near.mean(-1, keepdims=True)).max(-1)
    t = np.clip((strongest - PAINTED[0]) / (PAINTED[1] - PAINTED[0]), 0, 1).astype(np.float32)
    return cv2.GaussianBlur(cv2.dilate(t, np.ones((3, 3), np.uint8)), (0, 0), 1.0)[..., None]


def _held(values: FloatArray, bound: float | FloatArray) -> FloatArray:
    """Softly within plus and minus `bound`."""
    return np.asarray(values / np.sqrt(1 + (values / bound) ** 2), np.float32)


def _cut(values: FloatArray, bound: float) -> FloatArray:
    """As `_held`, but what is well within the bound stays as it is."""
    return np.asarray(values / np.sqrt(np.sqrt(1 + (values / bound) ** 4)), np.float32)


def _skin(shade: FloatArray) -> FloatArray:
    """``(96, 96)``: where skin is bare, the place of a beard only where none grows.

    Args:
        shade: ``(192, 192)`` float32, the coarse departure from the skin's lightness.
    """
    mesh = topology()
    bearded = growth(cv2.resize(shade, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    return cv2.GaussianBlur((mesh.skin * (1 - bearded)).astype(np.float32), (0, 0), 1.2)
