"""Speckles: cracks of a painting, its canvas, age spots, what a file's compression left of either.

They are spots, lighter or darker than all that is beside them, and so many that a smooth face would be freckled with
them. Wrinkles are lines, and stay. A spot is what closing (for dark ones) or opening fills along every direction, while
a line is left by the one along it (Soille, "Morphological Image Analysis", 2003, on openings by line segments).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray

FINEST = 512
"""Side of the map on which spots are looked for."""
LENGTH = 0.02
"""What is shorter than this is a spot, in parts of the atlas' side."""
DIRECTIONS = 8
USUAL = 0.014
"""How much lighter or darker than beside it (in logarithms) the speckled tenth of bare skin is. On eight photos and
paintings of smooth skin 0.000 to 0.006, on a cracked panel 0.024, on an old face in hard light 0.027. Freckles and
moles, which are few, or faint, do not come to it."""
SPECKLED = 0.9


def without_speckles(luma: FloatArray, bare: FloatArray, where: FloatArray) -> FloatArray:
    """``(n, n)`` float32, what leaves no more spots than skin has, to be added to `luma`.

    Args:
        luma: ``(n, n)`` float32, how light a face on the atlas is, in logarithms.
        bare: ``(m, m)`` float32, 1 on bare skin, on which is measured how speckled it is.
        where: ``(m, m)`` float32, 1 where spots give way.
    """
    size = min(luma.shape[0], FINEST)
    small = luma if luma.shape[0] == size else cv2.resize(luma, (size, size), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), size / (2 * FINEST))
    measured = cv2.resize(bare, (size, size), interpolation=cv2.INTER_LINEAR) > 0.5
    change = np.zeros_like(smooth)
    for sign in (1, -1):
        spots = sign * _spots(sign * smooth)
        extent = float(np.quantile(np.abs(spots[measured]), SPECKLED))
        change += spots * np.float32(max(0.0, 1 - USUAL / max(extent, 1e-6)))
    change *= cv2.resize(where, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(change, luma.shape, interpolation=cv2.INTER_LINEAR), np.float32)


def _spots(luma: FloatArray) -> FloatArray:
    """How much darker than all that is beside it each place is, 0 on lines."""
    closed = [cv2.morphologyEx(luma, cv2.MORPH_CLOSE, line) for line in _lines(max(5, int(luma.shape[0] * LENGTH) | 1))]
    return np.asarray(np.min(closed, axis=0) - luma, np.float32)


@cache
def _lines(length: int) -> list[ImageArray]:
    """Segments of that many texels, one for each direction; drawn alike to both ends, else closing would not only
    fill."""
    half, made = length // 2, []
    for angle in np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
        x, y = round(half * float(np.cos(angle))), round(half * float(np.sin(angle)))
        line = np.zeros((length, length), np.uint8)
        cv2.line(line, (half - x, half - y), (half + x, half + y), 1)
        made.append(np.maximum(line, line[::-1, ::-1]))
    return made
