"""The photo's own light, taken off the unfolded face: what varies slowly, and edges of shadows."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import grey, thrice
from pipeline.mesh.shadows import FLOOR, edges, of_one_side
from pipeline.mesh.skin import Skin
from pipeline.mesh.topology import ZONES
from pipeline.types import FloatArray, ImageArray

LIGHTNESS = (0.35, 2.6)
"""Bounds of the gain that evens out a photo's light."""
HUE, SKIN_HUE = 0.22, 0.5
"""How far the gain may depart in hue, in logarithms: on what is no skin it would turn lips and eyes lilac."""
LIGHTER = np.float32(2)
"""Grey levels by which skin becomes lighter than its tone, as `match_light` takes them off again."""
DARKEST = 4.0
"""Light below this (grey levels) is taken for noise."""
STEP = 0.2
"""How strong a step is an edge of a shadow, as in `edges`: less than there, as one side tells of the other."""
MARK = 5
"""How wide a shadow is at least, in texels: a mole or a scar is the face's own, and would be gone for good."""
RADIUS, EDGE = 1.5, 0.08
"""Within how many texels of the 96 map the border of a shadow is looked for in the photo, and how strong a step (in
logarithms) has to be there."""


def evened(picture: ImageArray, skin: Skin, tone: FloatArray) -> FloatArray:
    """``(n, n, 3)`` float32 BGR: the unfolded photo as under light that is the same everywhere.

    The inverse of what `match_light` does: the same light put on again gives the same picture.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR.
        skin: what was read on it.
        tone: ``(3,)`` float32 BGR, what its skin shall become.
    """
    colour = picture.astype(np.float32)
    broad = cv2.log((tone + LIGHTER) / np.maximum(skin.light, DARKEST))
    bound = (HUE + (SKIN_HUE - HUE) * cv2.GaussianBlur(skin.trust, (0, 0), 0.8))[..., None]
    smooth, whole = (_held(gain, bound) for gain in (broad, broad - _shadows(colour, skin)))
    smooth, shadows = (
        cv2.resize(gain, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) for gain in (smooth, whole - smooth)
    )
    # What varies slowly has no border: moved to edges it made dark hair speckled, and ate the ends of brows.
    return colour * cv2.exp(smooth + _on_edges(shadows, colour))


def _held(gain: FloatArray, bound: FloatArray) -> FloatArray:
    shade = grey(gain)[..., None]
    return np.asarray(np.clip(shade, *np.log(LIGHTNESS)) + np.clip(gain - shade, -bound, bound), np.float32)


def _shadows(colour: FloatArray, skin: Skin) -> FloatArray:
    """``(96, 96, 3)`` float32, in logarithms: the edges of shadows."""
    small = cv2.resize(colour, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    one = of_one_side(edges(skin.light, small, skin.trust, STEP), MARK)
    # Where the other side is not seen it tells nothing.
    return cv2.multiply(one, thrice(np.ascontiguousarray(skin.trust[:, ::-1])))


def _on_edges(gain: FloatArray, colour: FloatArray) -> FloatArray:
    """`gain` with its borders moved to the picture's edges. It reaches twice the filter's radius beyond what is not 0,
    and is not worked out farther away."""
    radius = max(1, round(RADIUS * colour.shape[0] / ZONES))
    left, top, width, height = cv2.boundingRect((gain != 0).any(-1).astype(np.uint8))
    moved = np.zeros_like(gain)
    if width:
        # What is beyond this is mirrored, and has no part in what is within twice the radius.
        y, x = max(0, top - 4 * radius), max(0, left - 4 * radius)
        about = np.s_[y : top + height + 4 * radius, x : left + width + 4 * radius]
        moved[about] = _guided(gain[about], colour[about], radius)
    return moved


def _guided(gain: FloatArray, colour: FloatArray, radius: int) -> FloatArray:
    """A guided filter (He, Sun & Tang 2013)."""
    window = (2 * radius + 1, 2 * radius + 1)
    guide = grey(cv2.log(colour + np.float32(FLOOR)))
    middle, rest = cv2.blur(guide, window), cv2.blur(gain, window)
    variance = cv2.max(cv2.blur(cv2.multiply(guide, guide), window) - cv2.multiply(middle, middle), 0)
    middle, guide = thrice(middle), thrice(guide)
    slope = cv2.blur(cv2.multiply(gain, guide), window) - cv2.multiply(rest, middle)
    slope = cv2.divide(slope, thrice(variance + np.float32(EDGE**2)))
    offset = cv2.blur(rest - cv2.multiply(slope, middle), window)
    return np.asarray(cv2.multiply(cv2.blur(slope, window), guide) + offset, np.float32)
