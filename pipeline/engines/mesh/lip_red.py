"""The red of lips. It is blood's, and there is more of it the darker they are.

A faded photo, a greenish beard around a mouth and a painter's palette leave lips pale or lilac, which looks natural in
the photo and lifeless on somebody else. On ten photos and paintings the lips' red is 0.09 more than skin's, and a half
more for each unit that they are darker, where nothing is wrong with them (in logarithms, red less green).
"""

from __future__ import annotations

import numpy as np

from pipeline.mesh.maps import held
from pipeline.types import FloatArray

LEAST, DARKER, DARKEST = 0.06, 0.3, 0.25
"""The red that lips have at least, how much more for each unit that they are darker than skin, and up to where."""
ASIDE = 0.1
"""How much yellower or bluer than skin lips may be (blue less green): beyond it they are orange, or lilac."""
_RED = np.array([-1, -1, 2], np.float32) / 3
_BLUE = np.array([2, -1, -1], np.float32) / 3


def living(tint: FloatArray, shade: FloatArray, lips: FloatArray) -> FloatArray:
    """``(n, n, 3)`` float32: a tint with what lips need of red.

    Args:
        tint: ``(n, n, 3)`` float32 BGR, the departure from the skin's hue, in logarithms.
        shade: ``(n, n, 1)`` float32, the departure from its lightness.
        lips: ``(n, n, 1)`` float32, where they are.
    """
    blue, green, red = (tint[..., i : i + 1] for i in range(3))
    least = LEAST + DARKER * np.clip(-shade, 0, DARKEST)
    more = np.maximum(least - (red - green), 0)
    aside = blue - green
    less = held(aside, ASIDE) - aside
    return np.asarray(tint + (_RED * more + _BLUE * less) * lips, np.float32)
