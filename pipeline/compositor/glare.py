"""Light so glaring that a picture shows skin white.

Of such light a channel only tells that it is at least as strong as can be shown. Taken for the light itself it were
white light, in which a new face's shades are grey. The weakest channel is cut off last; how much redder light on skin
is than that, skin that is not cut off tells, and where there is none, the new face's own.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import ramp, thrice
from pipeline.types import FloatArray

CUT_OFF = (248.0, 254.0)
"""Grey levels of the second lightest channel from which on light begins to be, and is, cut off."""
GREY = (0.5, 1.5)
"""Grey levels by which channels differ where a picture may have, and has, colours: one in black and white keeps to them
in any light."""
WHOLE = 225.0
"""Skin with no channel lighter than this shows its hue."""
ENOUGH = 0.03
"""How much of the skin that must be at least."""


def unclipped(cast: FloatArray, light: FloatArray, trust: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Light as it would be measured if nothing were cut off, and how far it was, 0 to 1 over the atlas.

    Args:
        cast: ``(96, 96, 3)`` float32 BGR, the light as it is shown.
        light, trust: see `Skin`.
        own: ``(3,)`` float32 BGR, the mean colour of the new face's skin.
    """
    blue, green, red = cv2.split(cast)
    second = cv2.max(cv2.min(blue, green), cv2.min(cv2.max(blue, green), red))
    if cv2.minMaxLoc(second)[1] <= CUT_OFF[0]:
        return cast, np.zeros_like(second)
    share = ramp(second, *CUT_OFF)
    blue, green, red = cv2.split(light)
    lightest, darkest = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    seen = trust * (lightest < WHOLE)
    hue = own
    if seen.sum() > ENOUGH * trust.sum():
        hue = np.array(cv2.sumElems(cv2.multiply(light, thrice(seen)))[:3], np.float32) / np.float32(seen.sum())
    share *= ramp(np.float32((trust * (lightest - darkest)).sum() / max(float(trust.sum()), 1e-3)), *GREY)
    weakest = int(np.argmin(hue))
    lifted = cv2.transform(cv2.extractChannel(cast, weakest), (hue / hue[weakest])[:, None])
    more = cv2.multiply(cv2.max(cv2.subtract(lifted, cast), 0.0), thrice(share))
    return cv2.add(cast, more), share
