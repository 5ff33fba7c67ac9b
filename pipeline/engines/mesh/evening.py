"""The photo's own light, taken off the unfolded face: what varies slowly, and edges of shadows.

A shadow falls on one side, a fold of the face lies on both: an edge that is alike on the two of them stays. Source of
the cue: the albedo symmetry of Wu et al., "Unsupervised Learning of Probably Symmetric Deformable 3D Objects" (2020).
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.skin import FLOOR, Skin, with_edges
from pipeline.mesh.topology import ZONES
from pipeline.types import FloatArray, ImageArray

LIGHTNESS = (0.35, 2.6)
"""Bounds of the gain that evens out a photo's light."""
HUE, SKIN_HUE = 0.22, 0.5
"""How far the gain may depart in hue, in logarithms: on what is no skin it would turn lips and eyes lilac."""
DARKEST = 4.0
"""Light below this (grey levels) is taken for noise."""
STEP = 0.2
"""How strong a step is an edge of a shadow, as in `with_edges`: less than there, as one side tells of the other."""
MARK = 5
"""What is narrower than this, in texels of the 96 map, is a mole or a scar rather than a shadow."""
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
    size = picture.shape[0]
    colour = picture.astype(np.float32)
    gain = cv2.log((tone + 2) / np.maximum(skin.light, DARKEST)) - _of_one_side(colour, skin)
    shade = gain.mean(-1, keepdims=True)
    bound = (HUE + (SKIN_HUE - HUE) * cv2.GaussianBlur(skin.trust, (0, 0), 0.8))[..., None]
    gain = np.clip(shade, *np.log(LIGHTNESS)) + np.clip(gain - shade, -bound, bound)
    gain = cv2.resize(gain.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    return colour * cv2.exp(_on_edges(gain, colour))


def _of_one_side(colour: FloatArray, skin: Skin) -> FloatArray:
    """``(96, 96, 3)`` float32, in logarithms: the edges of shadows, without what is alike on both sides
    and without marks."""
    small = cv2.resize(colour, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    cast = with_edges(skin.light, small, skin.trust, STEP)
    edges = cv2.log(cast + np.float32(FLOOR)) - cv2.log(skin.light + np.float32(FLOOR))
    there = edges[:, ::-1]
    alike = np.where(edges * there > 0, np.sign(edges) * np.minimum(np.abs(edges), np.abs(there)), 0)
    one = edges - alike
    dark = np.ascontiguousarray(np.abs(one.mean(-1)))
    wide = cv2.morphologyEx(dark, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (MARK, MARK)))
    # Where the other side is not seen it tells nothing.
    share = wide / (dark + np.float32(1e-3)) * skin.trust[:, ::-1]
    return np.asarray(one * share[..., None], np.float32)


def _on_edges(gain: FloatArray, colour: FloatArray) -> FloatArray:
    """`gain` with its borders moved to the picture's edges: a guided filter (He, Sun & Tang 2013)."""
    radius = max(1, round(RADIUS * colour.shape[0] / ZONES))
    window = (2 * radius + 1, 2 * radius + 1)
    guide = cv2.log(colour + np.float32(FLOOR)).mean(-1, keepdims=True)
    middle, rest = cv2.blur(guide, window)[..., None], cv2.blur(gain, window)
    variance = np.maximum(cv2.blur(guide * guide, window)[..., None] - middle**2, 0)
    slope = (cv2.blur(gain * guide, window) - rest * middle) / (variance + np.float32(EDGE**2))
    return np.asarray(cv2.blur(slope, window) * guide + cv2.blur(rest - slope * middle, window), np.float32)
