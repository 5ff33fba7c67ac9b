"""Grain that shade on a photo has more of than its lit side, and more still once it was made lighter.

On skin the finest detail of either side is held to what the other has at the same place. Pores and wrinkles are much
alike on both; grain, blocks of a file's compression, and wrinkles under grazing light are not.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.beard import growth
from pipeline.mesh.hue import FLOOR
from pipeline.mesh.maps import broadly, grey, ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray

FINE, AROUND = 1.5, 5.0
"""Blur radii (sigma) in texels of the 96 map: what is finer may be grain, and within how much of the face it is
measured."""
LEAST = 0.01
"""Less contrast than this, in logarithms, is not compared."""
SPOT = (3.0, 5.0)
"""How many times the usual contrast around it something has that begins to be, and is, a mole or a scar: it stays."""


def quieted(picture: FloatArray, shown: FloatArray, tone: FloatArray) -> FloatArray:
    """`picture` with no more fine contrast on one side of the skin than on the other.

    Args:
        picture: ``(n, n, 3)`` float32 BGR, an unfolded photo without its light.
        shown: ``(96, 96)`` float32, where it shows the face.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
    """
    size = picture.shape[0]
    logs = cv2.log(picture + np.float32(FLOOR))
    fine = logs - broadly(logs, FINE * size / ZONES)
    luma = np.abs(grey(fine))
    shade = cv2.resize(logs, (ZONES, ZONES), interpolation=cv2.INTER_AREA) - np.log(tone + np.float32(FLOOR))
    # Hair of a beard is never alike on both sides.
    bare = cv2.GaussianBlur(shown * topology().skin * (1 - growth(shade.mean(-1))), (0, 0), 0.8)
    small = cv2.resize(luma, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    total, mass = (cv2.GaussianBlur(each, (0, 0), AROUND) for each in (small * bare, bare))
    usual = total / (mass + np.float32(1e-3)) + np.float32(LEAST)
    # Where the other side is not seen it tells nothing.
    share = (1 - np.minimum(usual[:, ::-1] / usual, 1)) * bare * np.minimum(2 * mass[:, ::-1], 1)
    share, usual = (cv2.resize(each, (size, size), interpolation=cv2.INTER_LINEAR) for each in (share, usual))
    share *= 1 - cv2.GaussianBlur(ramp(luma / usual, *SPOT), (0, 0), 0.4 * size / ZONES)
    return np.asarray(cv2.exp(logs - fine * share[..., None]) - np.float32(FLOOR), np.float32)
