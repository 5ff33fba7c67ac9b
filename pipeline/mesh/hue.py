"""How skin's hue goes with its darkness.

Light that comes out of skin in shade, in a fold or beside a wrinkle, went through more of it: the darker, the deeper
its hue, and that by as much as the skin has hue at all. Measured on ten faces in colour and in black and white: a
channel's share falls with darkness by 0.7 to 2.7 times what it is less than the others' on lit skin, all in logarithms.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray

DEEPENING = 0.8
"""How much of its own hue skin gains for each unit of darkness, both in logarithms."""
HAIR = (0.5, 1.1)
"""The darkness, in logarithms, at which something begins to be, and is, too dark for skin, and has a hue of its own."""
OVER = 0.4
"""How much more is changed: what departs from the rule departs from it by as much as the skin has hue."""
_SHADES = np.linspace(-4, 2, 97, dtype=np.float32)
FLOOR = 12.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""


def own_hue(tone: FloatArray) -> FloatArray:
    """``(3,)`` float32, how much lighter than their mean the channels of a colour are, in logarithms."""
    logs = np.log(tone + np.float32(FLOOR))
    return np.asarray(logs - logs.mean(), np.float32)


def deepened(shade: FloatArray, tone: FloatArray) -> FloatArray:
    """The hue that skin of this tone has in shade, beyond its own.

    Args:
        shade: ``(..., 1)`` float32, how much lighter than the tone, in logarithms.
        tone: ``(3,)`` float32 BGR.

    Returns:
        ``(..., 3)`` float32, in logarithms.
    """
    return np.asarray(own_hue(tone) * np.float32(-DEEPENING) * _of_skin(shade), np.float32)


def rehued(image: ImageArray, tone: FloatArray, wanted: FloatArray) -> ImageArray:
    """A face of one tone with the depth of hue in its shade that skin of another has. Its tone stays.

    Args:
        image: ``(h, w, 3)`` uint8 BGR.
        tone: ``(3,)`` float32 BGR, of its lit skin.
        wanted: ``(3,)`` float32 BGR, of the other's.
    """
    # Half a grey level is nothing that shows, and a film's skin hardly changes from frame to frame.
    table = _table(*(tuple(float(value) for value in np.round(each * 2) / 2) for each in (tone, wanted)))
    result: ImageArray = cv2.LUT(image, table)
    return result


@lru_cache(maxsize=64)
def _table(tone: tuple[float, ...], wanted: tuple[float, ...]) -> ImageArray:
    """``(1, 256, 3)`` uint8, what each value of each channel becomes."""
    shades, values = _SHADES[:, None], np.arange(256, dtype=np.float32)
    lit = np.array(tone, np.float32)
    here, there = (shades + deepened(shades, np.array(each, np.float32)) for each in (tone, wanted))
    there += OVER * (there - here)
    before, after = ((lit + FLOOR) * np.exp(logs) - FLOOR for logs in (here, there))
    table = np.stack([np.interp(values, before[:, i], after[:, i]) for i in range(3)], 1)
    return np.clip(table + 0.5, 0, 255).astype(np.uint8)[None]


def _of_skin(shade: FloatArray) -> FloatArray:
    """`shade` where it is skin's, falling to 0 where it is darker than that."""
    return np.asarray(shade * np.clip((HAIR[1] + shade) / (HAIR[1] - HAIR[0]), 0, 1), np.float32)
