"""How skin's hue goes with its darkness.

Light that comes out of skin in shade, in a fold or beside a wrinkle, went through more of it: the darker, the deeper
its hue, and that by as much as the skin has hue at all. Measured on ten faces in colour and in black and white: a
channel's share falls with darkness by 0.7 to 2.7 times what it is less than the others' on lit skin, all in logarithms.
A painter's shade, and a coloured light's, keep to no such rule: of a photo it is measured.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from pipeline.mesh.maps import ramp
from pipeline.types import FloatArray, ImageArray

DEEPENING = 0.8
"""How much of its own hue skin gains for each unit of darkness, both in logarithms."""
HAIR = (0.5, 1.1)
"""The darkness, in logarithms, at which something begins to be, and is, too dark for skin, and has a hue of its own."""
OWN = 0.45
"""How much of the difference between two tones is taken for their skins' and not for the light's, where hair is."""
USUAL = (0.8, 1.6)
"""How much as deep as by the rule shade may be on somebody else's skin."""
DEEPEST = 2.0
"""How many times as deep as by the rule a face's own shade may be."""
DOUBT = 2.0
"""How much skin's shade, in texels and squared logarithms, tells as much as the rule does."""
COLOURFUL = 0.2
"""The length of skin's own hue from which on it is no faded colour."""
_SHADES = np.linspace(-4, 2, 97, dtype=np.float32)
FLOOR = 12.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""


def own_hue(tone: FloatArray) -> FloatArray:
    """``(3,)`` float32, how much lighter than their mean the channels of a colour are, in logarithms."""
    logs = np.log(tone + np.float32(FLOOR))
    return np.asarray(logs - logs.mean(), np.float32)


def depth(tone: FloatArray) -> FloatArray:
    """``(3,)`` float32, the hue that skin of this tone gains for each unit of lightness, by the rule."""
    return np.asarray(own_hue(tone) * np.float32(-DEEPENING), np.float32)


def measured_depth(logs: FloatArray, weight: FloatArray, tone: FloatArray) -> FloatArray:
    """The same of a face itself; by the rule as far as it has no shade.

    Args:
        logs: ``(h, w, 3)`` float32 BGR, how much lighter than the tone it is, in logarithms.
        weight: ``(h, w)`` float32, where it shows skin.
    """
    shade = np.minimum(_of_skin(logs.mean(-1)), 0)
    hue, rule = logs - logs.mean(-1, keepdims=True), depth(tone)
    drawn = (hue * (weight * shade)[..., None]).sum((0, 1)) + DOUBT * rule
    measured = drawn / (float((weight * shade * shade).sum()) + DOUBT)
    # What is in the deepest shade counts most, but lids in the light must not be green for it.
    over = max(float(measured @ rule) / max(float(rule @ rule), 1e-6) - DEEPEST, 0.0)
    return np.asarray(measured - over * rule, np.float32)


def deepened(shade: FloatArray, deep: FloatArray) -> FloatArray:
    """The hue that skin has in shade, beyond its own.

    Args:
        shade: ``(..., 1)`` float32, how much lighter than the tone, in logarithms.
        deep: ``(3,)`` float32, see `depth`.

    Returns:
        ``(..., 3)`` float32, in logarithms.
    """
    skin = _of_skin(shade)
    if skin.ndim == 3:  # numpy is ten times slower along a short last axis
        return cv2.transform(skin, deep.astype(np.float32)[:, None])
    return np.asarray(deep * skin, np.float32)


def depth_on(wanted: FloatArray, tone: FloatArray, deep: FloatArray) -> FloatArray:
    """The depth of hue that shade of one face has on skin of another: the other's by the rule, and as much more or less
    than that as the face has by its own, within what is usual. ``(3,)`` float32.

    Args:
        wanted: ``(3,)`` float32 BGR, of the other's lit skin.
        tone: ``(3,)`` float32 BGR, of the face's lit skin.
        deep: ``(3,)`` float32, of the face's shade.
    """
    rule = depth(tone)
    share = np.clip(float(deep @ rule) / max(float(rule @ rule), 1e-6), *USUAL)
    return np.asarray(np.float32(share) * depth(steady(wanted)), np.float32)


def steady(tone: FloatArray) -> FloatArray:
    """Half a grey level is nothing that shows, and a film's skin hardly changes from frame to frame."""
    return (np.round(tone * 2) / 2).astype(np.float32)


def hair_on(wanted: FloatArray, tone: FloatArray) -> FloatArray:
    """What gives brows, lashes and beards on other skin their own hue back, ``(3,)`` float32, in logarithms: two faces
    differ in their skin more than in the light, and hair has nothing of the skin.

    Args:
        wanted: ``(3,)`` float32 BGR, of the other's lit skin.
        tone: ``(3,)`` float32 BGR, of the face's lit skin.
    """
    return np.asarray(np.float32(OWN) * (own_hue(tone) - own_hue(steady(wanted))), np.float32)


def rehued(
    image: ImageArray, tone: FloatArray, deep: FloatArray, wanted: FloatArray, hair: FloatArray | None = None
) -> ImageArray:
    """A face with another depth of hue in its shade. Its tone stays.

    Args:
        image: ``(h, w, 3)`` uint8 BGR.
        tone: ``(3,)`` float32 BGR, of its lit skin.
        deep, wanted: ``(3,)`` float32, the depth of hue of its shade, as it is and as it shall be.
        hair: ``(3,)`` float32, what is added to the hue of what is too dark for skin.
    """
    hair = np.zeros(3, np.float32) if hair is None else hair
    result: ImageArray = cv2.LUT(image, _table(*(tuple(float(v) for v in each) for each in (tone, deep, wanted, hair))))
    return result


def chroma_on(wanted: FloatArray, tone: FloatArray) -> float:
    """How much of their own colour lips, brows and the like keep on skin of another tone, 0 to 1: on a film in black
    and white they have none, on a faded one less.

    Args:
        wanted: ``(3,)`` float32 BGR, of the other's lit skin.
        tone: ``(3,)`` float32 BGR, of the face's lit skin.
    """
    theirs, own = (float(np.linalg.norm(own_hue(each))) for each in (steady(wanted), tone))
    return min(1.0, theirs / max(min(own, COLOURFUL), 1e-6))


def paled(image: ImageArray, tone: FloatArray, share: float) -> ImageArray:
    """A face with the hues that depart from its skin's brought nearer to it.

    Args:
        image: ``(h, w, 3)`` uint8 BGR.
        tone: ``(3,)`` float32 BGR, of its lit skin.
        share: of the departure that stays, 0 to 1.
    """
    lit = np.maximum(tone, 1)
    plain = np.outer(lit, 1 / (3 * lit))
    mixed: ImageArray = cv2.transform(image, (share * np.eye(3) + (1 - share) * plain).astype(np.float32))
    return mixed


@lru_cache(maxsize=64)
def _table(
    tone: tuple[float, ...], deep: tuple[float, ...], wanted: tuple[float, ...], hair: tuple[float, ...]
) -> ImageArray:
    """``(1, 256, 3)`` uint8, what each value of each channel becomes."""
    shades, values = _SHADES[:, None], np.arange(256, dtype=np.float32)
    lit = np.array(tone, np.float32) + FLOOR
    before, after = (
        lit * np.exp(shades + deepened(shades, np.array(each, np.float32))) - FLOOR for each in (deep, wanted)
    )
    after = (after + FLOOR) * np.exp(np.array(hair, np.float32) * ramp(-shades, *HAIR)) - FLOOR
    table = np.stack([np.interp(values, before[:, i], after[:, i]) for i in range(3)], 1)
    return np.clip(table + 0.5, 0, 255).astype(np.uint8)[None]


def _of_skin(shade: FloatArray) -> FloatArray:
    """`shade` where it is skin's, falling to 0 where it is darker than that."""
    return np.asarray(shade * np.clip((HAIR[1] + shade) / (HAIR[1] - HAIR[0]), 0, 1), np.float32)
