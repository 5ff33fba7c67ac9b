"""What was taken from a photo comes back where the target shows the same.

A photo's hard contrast, its shadows and the brows that are only shade are held back on the atlas: under another light
they were bruises. Under the same light they are what the face looks like. So where the target's own face departs from
its skin as the photo did, as much of it is given back as both have; somebody on themselves gets all of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import thrice
from pipeline.types import FloatArray, ImageArray

FLOOR = 2.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""
SURE = 0.06
"""How much (in logarithms) has to have been taken for the target to tell how much of it comes back."""
SOFT = 2.0
"""Blur radius (sigma), in texels of the 96 map, over which that is told."""
_SUM = np.ones((1, 3), np.float32)


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
    agree = cv2.transform(cv2.multiply(cv2.subtract(theirs, drawn), taken), _SUM)
    whole = cv2.transform(cv2.multiply(taken, taken), _SUM)
    agree, whole = (cv2.GaussianBlur(each, (0, 0), SOFT) for each in (agree, whole))
    share = np.clip(agree / (whole + np.float32(SURE**2)), 0, 1)
    if colourful < 1:
        taken = cv2.transform(taken, colourful * np.eye(3) + (1 - colourful) / 3)
    return cv2.exp(cv2.multiply(taken, thrice(share)))
