"""Glasses taken off the photo: on the target they would lack temples, and the target may wear its own."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.pores import pores
from pipeline.mesh import glasses
from pipeline.mesh.skin import NEAR as WIDE
from pipeline.mesh.skin import Skin, spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

EDGE, NEAR = 1.2, 2.5
"""Widths (sigma), in texels of the map of glasses: of the border between what is filled and what stays, and of the skin
beside it that lends its colour first."""
PULL = 0.04
"""What the wider surroundings count beside it."""
CAST, LIFT, GAIN = 3.0, 0.6, (0.7, 1.6)
"""Width (sigma) of the shade behind the glasses in the same texels, how much of it is taken off, and its bounds."""
SHINE = 0.7
"""How much of what shines behind the glasses is taken off."""
SHADE = 0.55
"""What is darker than this part of the skin's light lends no colour: the rim's own edge, lashes."""


def undressed(picture: ImageArray, skin: Skin) -> ImageArray:
    """The unfolded photo without its glasses; itself where none are worn.

    Rims and reflections are filled with the colour of the skin close beside them, where there is some, or else with
    what the skin around leads to expect, and with pores of a cheek. Painting inwards from the border would carry the
    red of a lid or the black of a rim along. What is seen through the lenses stays.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR.
        skin: what was read on it.
    """
    small = cv2.resize(picture, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_AREA)
    worn = glasses.find_glasses(small, skin.light)
    if worn is None:
        return picture
    size, covered = picture.shape[0], worn.everything
    share = np.clip(cv2.GaussianBlur(cv2.dilate(covered, np.ones((3, 3), np.uint8)), (0, 0), EDGE), 0, 1)
    share = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    wide = _wide(small, covered, skin)
    filled = cv2.resize(_base(small, covered, wide, skin), (size, size), interpolation=cv2.INTER_CUBIC)
    filled += pores(picture)
    picture = picture * cv2.resize(_lit(small, worn, wide), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture * (1 - share) + filled * share + 0.5, 0, 255).astype(np.uint8)


def _lit(small: ImageArray, worn: glasses.Glasses, wide: FloatArray) -> FloatArray:
    """``(192, 192, 3)``: what takes off part of the shade that thick rims cast, and of the shine of the glass."""
    free = (1 - worn.everything)[..., None]
    mass = cv2.GaussianBlur(1 - worn.everything, (0, 0), CAST)[..., None] + np.float32(1e-3)
    own = cv2.GaussianBlur(small * free, (0, 0), CAST) / mass
    gain = np.clip((wide + 8) / (own + 8), *GAIN)
    share = cv2.GaussianBlur(worn.lenses, (0, 0), CAST / 2)[..., None]
    lit = gain ** (share * np.float32(LIFT))
    # Glass adds light: what is lighter behind it than skin beside it is less so without.
    near = cv2.GaussianBlur(small * lit, (0, 0), 1.0).mean(-1, keepdims=True)
    over = np.minimum((wide.mean(-1, keepdims=True) + 8) / (near + 8), 1)
    return np.asarray(lit * over ** (share * np.float32(SHINE)), np.float32)


def _wide(small: ImageArray, covered: FloatArray, skin: Skin) -> FloatArray:
    """``(192, 192, 3)``: the colour of the skin, measured beside the glasses only."""
    trust = skin.trust * (1 - cv2.resize(covered, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    colour = cv2.resize(small, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    wide = spread_colour(colour, trust.astype(np.float32), WIDE * ZONES, skin.light, 0.05)
    return cv2.resize(wide, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_LINEAR)


def _base(small: ImageArray, covered: FloatArray, wide: FloatArray, skin: Skin) -> FloatArray:
    """``(192, 192, 3)``: the same, from as close by as there is any."""
    light = cv2.resize(skin.light, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_LINEAR)
    lit = small.astype(np.float32).mean(-1) > SHADE * light.mean(-1)
    face = cv2.resize(topology().face, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_LINEAR)
    free = ((1 - cv2.dilate(covered, np.ones((5, 5), np.uint8))) * lit * face).astype(np.float32)
    mass = cv2.GaussianBlur(free, (0, 0), NEAR)[..., None] + PULL
    total = cv2.GaussianBlur(small * free[..., None], (0, 0), NEAR) + wide * np.float32(PULL)
    return np.asarray(total / mass, np.float32)
