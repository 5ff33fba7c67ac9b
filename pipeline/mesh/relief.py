"""What was taken from a photo comes back where the target shows the same.

A photo's hard contrast, its shadows and the brows that are only shade are held back on the atlas: under another light
they were bruises. Under the same light they are what the face looks like. So where the target's own face departs from
its skin as the photo did, as much of it is given back as both have, its hue where that is the same; somebody on
themselves gets all of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import ramp, thrice
from pipeline.mesh.topology import topology
from pipeline.types import FloatArray, ImageArray

FLOOR = 2.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""
SURE = 0.035
"""How much lighter or darker (in logarithms) something was that was taken, for the target to tell how much comes
back."""
ASTRAY, FAINT = (0.6, 1.1), 0.04
"""How far off the target's hue is, in parts of the hue that was taken, up to which that comes back too, and from which
on nothing does: grey hair on red skin became green brows on any dark ones. Hues are not told more exactly than the
latter."""
UNLIKE = (0.55, 0.85)
"""How far off the target's lightness is where brows are, in parts of what was taken, from which on it begins to be that
of other brows, and is; and the same of all features, where light was taken. Measured on nine faces: 0.14 to 0.34 on
themselves, 0.8 to 1.6 on others; light, which was taken from one of them, 0.4 on herself and 0.9 to 1.5 on eleven."""
FEW = 1.0
"""Squared logarithms, summed over the brows' texels, below which what was taken there is too little to be told by."""
SOFT = 2.0
"""Blur radius (sigma), in texels of the 96 map, over which that is told."""
_MEAN = np.full((1, 3), 1 / 3, np.float32)


def relief(colour: FloatArray | ImageArray, light: FloatArray) -> FloatArray:
    """``(96, 96, 3)`` float32: how much lighter than bare skin under this light each place is, in logarithms.

    Args:
        colour: ``(96, 96, 3)`` BGR, a face on the atlas.
        light: ``(96, 96, 3)`` float32 BGR, what bare skin would have there.
    """
    ratio = cv2.divide(cv2.add(colour, (FLOOR, FLOOR, FLOOR, 0), dtype=cv2.CV_32F), light + np.float32(FLOOR))
    return cv2.log(ratio)


def given_back(drawn: FloatArray, taken: FloatArray, theirs: FloatArray, colourful: float = 1.0) -> FloatArray:
    """How many times as light each place becomes, ``(96, 96, 3)`` float32.

    Args:
        drawn: ``(96, 96, 3)`` float32, the relief of the new face as it is on the atlas.
        taken: the same of what was taken from the photo's.
        theirs: the same, the target's own relief.
        colourful: how much of its hue comes back, 0 to 1: none in black and white.
    """
    shown = cv2.subtract(theirs, drawn)
    lightness, own = cv2.transform(shown, _MEAN), cv2.transform(taken, _MEAN)
    hue, tint = cv2.subtract(shown, thrice(lightness)), cv2.subtract(taken, thrice(own))
    agree, whole = _about(lightness * own), _about(own * own)
    share = np.clip(agree / (whole + np.float32(SURE**2)), 0, 1)
    share *= 1 - _others(lightness, own)
    off = _about(_squares(cv2.subtract(hue, tint))) / (_about(_squares(tint)) + np.float32(3 * FAINT**2))
    same = share * np.clip((ASTRAY[1] - np.sqrt(off)) / (ASTRAY[1] - ASTRAY[0]), 0, 1) * np.float32(colourful)
    back = cv2.add(thrice(own * share), cv2.multiply(tint, thrice(same)))
    return cv2.exp(back)


def _others(lightness: FloatArray, own: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, 1 where features are, if the target's are other ones: hair is not the shade that somebody
    without any has there, and skin beside a brow or a lip not the light that was on them."""
    mesh, apart = topology(), np.abs(lightness - own)
    others, any_feature = np.zeros_like(own), cv2.max(mesh.brows, mesh.features)
    for zone, side in ((mesh.brows, np.maximum(-own, 0)), (any_feature, np.maximum(own, 0))):
        weight = zone * side
        off = float((weight * apart).sum()) / (float((weight * side).sum()) + FEW)
        others += zone * (side > 0) * ramp(np.float32(off), *UNLIKE)
    return others


def _about(values: FloatArray) -> FloatArray:
    return cv2.GaussianBlur(values, (0, 0), SOFT)


def _squares(values: FloatArray) -> FloatArray:
    return cv2.transform(cv2.multiply(values, values), np.ones((1, 3), np.float32))
