"""The shade of hair that hangs beside a brow.

New brows are shown whole, also where hair surrounds them: so that none is half the target's. Lit as bare skin is, the
place of a brow were a pale island in a dark fringe; it gets the fringe's own shade, the more the nearer.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import topology
from pipeline.mesh.maps import thrice
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray

REACH = 2.5
"""Blur radius (sigma), in texels of the 96 map, over which hair gives its shade."""
LEAST, DARKEST = 0.3, 1.0
"""How much hair there has to be beside a brow, and how dark it counts at most, in logarithms."""
SHADE = 0.7
"""How dark its shade is beside itself."""
PULL = 0.05
"""What no hair at all counts beside what there is."""


def fringe_shade(skin: Skin) -> FloatArray | None:
    """``(96, 96, 3)`` float32, how much darker brows are for hair beside them, in logarithms; ``None`` for nothing."""
    brows, beside = _places()
    hair = skin.hair * beside
    if hair.max() < LEAST:
        return None
    mass = cv2.GaussianBlur(hair, (0, 0), REACH)
    shade = cv2.GaussianBlur(cv2.multiply(skin.relief, thrice(hair)), (0, 0), REACH)
    shade = np.clip(cv2.divide(shade, thrice(mass + np.float32(PULL))), -DARKEST, 0)
    return cv2.multiply(shade, thrice(np.float32(SHADE) * np.minimum(2 * mass, 1) * brows))


@cache
def _places() -> tuple[FloatArray, FloatArray]:
    """``(96, 96)`` float32 each: 1 on brows, and beside them."""
    brows = topology().brows
    reach = 2 * round(3 * REACH) + 1
    wide = cv2.dilate(brows, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return brows, np.asarray(wide * (1 - brows), np.float32)
