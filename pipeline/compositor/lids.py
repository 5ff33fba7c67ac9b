"""Shut eyelids. A photo of open eyes has none to offer: their shape, light and lashes are the target's, their skin is
the new face's own."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray, Patch

FLOOR = 8.0
"""Added to colours before the logarithm."""
SMALL = 40
"""Pixels across a lid that its colour is told on."""
WIDE = 0.3
"""Blur (sigma) in heights of a lid: what varies more slowly is its colour, and not its shape."""
OWN = 0.5
"""How much of the lid's lightness is the new face's: the rest is the light on a lid of this shape."""
TINT = 0.3
"""Bound of the change in hue, in logarithms."""
LASHES = 0.15
"""Departure from what is around, in logarithms, from which on something is no skin: lashes of the open eye, which are
drawn out, too."""
LINES, DEEP = 0.15, 12.0
"""The new skin's own lines and pores are narrower than so much of a lid's height (blur), and not deeper than so many
grey levels."""
_LEAST = 1e-2


def own_lids(through: ImageArray, face: ImageArray, lids: Sequence[Patch]) -> ImageArray:
    """The target's eyes with lids of the new face's skin, a copy.

    Args:
        through: ``(h, w, 3)`` uint8 BGR, the target's.
        face: ``(h, w, 3)`` uint8 BGR, the new face, whose open lids are drawn out over the shut ones.
        lids: where they are.
    """
    result = through.copy()
    for lid in lids:
        result[lid.part] = _own(through[lid.part], face[lid.part], lid.mask)
    return result


def _own(through: ImageArray, face: ImageArray, lid: FloatArray) -> ImageArray:
    height = lid.shape[0]
    gain, bare = _gain(through, face, lid)
    lit = cv2.multiply(through, gain, dtype=cv2.CV_8U)
    # Among lashes there are no lines of skin.
    luma = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY).astype(np.float32)
    side = 2 * max(1, round(LINES * height / 2)) + 1
    lines = luma - cv2.blur(luma, (side, side))
    lines *= lid * bare * bare * _within(lines, DEEP)
    own: ImageArray = cv2.add(lit, cv2.merge([lines] * 3), dtype=cv2.CV_8U)
    return own


def _gain(through: ImageArray, face: ImageArray, lid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What each pixel is to be multiplied by, ``(h, w, 3)``, and how much of what is around is bare skin."""
    step = max(1.0, lid.shape[1] / SMALL)
    small = max(2, round(lid.shape[1] / step)), max(2, round(lid.shape[0] / step))
    theirs, ours = (
        cv2.log(cv2.resize(each, small, interpolation=cv2.INTER_AREA).astype(np.float32) + np.float32(FLOOR))
        for each in (through, face)
    )
    where = cv2.resize(lid, small, interpolation=cv2.INTER_AREA)
    sigma = max(1.0, WIDE * small[1])
    luma, shape = _luma(ours), _luma(theirs)
    typical = np.float32(np.median(luma[where > 0.5 * where.max()]))
    bare = where * _within(luma - typical, LASHES)
    own = _spread(ours, bare, sigma)
    level = _luma(own)
    hue = theirs - shape[..., None]
    # Of what differs in hue on the lid itself a half stays: a shine is paler, a fold is deeper.
    tint = (own - level[..., None]) - (hue + _spread(hue, where, sigma)) / 2
    tint /= np.sqrt(1 + (tint / np.float32(TINT)) ** 2)
    shade = np.float32(OWN) * (level - _spread(shape, where, sigma))
    gain = cv2.exp(where[..., None] * (tint + shade[..., None]))
    whole = lid.shape[::-1]
    return (
        cv2.resize(gain, whole, interpolation=cv2.INTER_LINEAR),
        cv2.resize(_spread(bare, where, sigma), whole, interpolation=cv2.INTER_LINEAR),
    )


def _spread(values: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    """Mean around each place of what counts (normalised convolution, Knutsson & Westin 1993)."""
    weight = weight + np.float32(_LEAST)
    mass = cv2.GaussianBlur(weight, (0, 0), sigma)
    if values.ndim == 3:
        weight, mass = weight[..., None], mass[..., None]
    return np.asarray(cv2.GaussianBlur(values * weight, (0, 0), sigma) / mass, np.float32)


def _within(values: FloatArray, bound: float) -> FloatArray:
    """1 for what is small, falling off to 0 beyond `bound`."""
    square = np.square(values * np.float32(1 / bound))
    return np.asarray(1 / (1 + square * square), np.float32)


def _luma(logs: FloatArray) -> FloatArray:
    return cv2.transform(logs, np.full((1, 3), 1 / 3, np.float32))
