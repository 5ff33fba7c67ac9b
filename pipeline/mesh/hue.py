"""How skin's hue goes with its darkness.

Light that comes out of skin in shade, in a fold or beside a wrinkle, went through more of it: the darker, the deeper
its hue, and that by as much as the skin has hue at all. Measured on ten faces in colour and in black and white: a
channel's share falls with darkness by 0.7 to 2.7 times what it is less than the others' on lit skin, all in logarithms.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray

DEEPENING = 0.8
DEEPEST = 0.7
"""The darkness, in logarithms, beyond which no hue is deepened further: hair and pupils are no skin."""
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
    return np.asarray(own_hue(tone) * np.float32(-DEEPENING) * np.clip(shade, -DEEPEST, DEEPEST), np.float32)


def rehued(image: ImageArray, tone: FloatArray, wanted: FloatArray) -> ImageArray:
    """A face of one tone with the depth of hue in its shade that skin of another has. Its tone stays.

    Args:
        image: ``(h, w, 3)`` uint8 BGR.
        tone: ``(3,)`` float32 BGR, of its lit skin.
        wanted: ``(3,)`` float32 BGR, of the other's.
    """
    values = np.arange(256, dtype=np.float32)[:, None]
    shade = np.clip(np.log((values + FLOOR) / (tone + FLOOR)), -DEEPEST, DEEPEST)
    table = values * np.exp(-DEEPENING * (own_hue(wanted) - own_hue(tone)) * shade)
    result: ImageArray = cv2.LUT(image, np.clip(table + 0.5, 0, 255).astype(np.uint8).reshape(1, 256, 3))
    return result
