"""Glasses taken off the photo: on the target they would lack temples, and the target may wear its own."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh import glasses
from pipeline.mesh.skin import NEAR, Skin, spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

CHEEKS = (205, 425)
PATCH = 0.045
"""Half the side of the piece of cheek that lends its pores, in parts of the atlas' side."""


def undressed(picture: ImageArray, skin: Skin) -> ImageArray:
    """The unfolded photo without its glasses; itself where none are worn.

    Rims, reflections and what they shade are filled with the colour that the skin around them leads to expect, and with
    pores of a cheek. Painting inwards from the border would carry the red of a lid or the black of a rim along.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR.
        skin: what was read on it.
    """
    small = cv2.resize(picture, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_AREA)
    worn = glasses.find_glasses(small, skin.light)
    if worn is None:
        return picture
    size = picture.shape[0]
    share = np.clip(cv2.GaussianBlur(worn.everything, (0, 0), 1.2) * 1.6, 0, 1)
    share = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    filled = cv2.resize(_base(small, worn.everything, skin), (size, size), interpolation=cv2.INTER_CUBIC)
    filled += _pores(picture)
    return np.clip(picture * (1 - share) + filled * share + 0.5, 0, 255).astype(np.uint8)


def _base(small: ImageArray, covered: FloatArray, skin: Skin) -> FloatArray:
    """``(96, 96, 3)``: the colour of the skin, measured beside the glasses only."""
    trust = skin.trust * (1 - cv2.resize(covered, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    colour = cv2.resize(small, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    return spread_colour(colour, trust.astype(np.float32), NEAR * ZONES, skin.light, 0.05)


def _pores(picture: ImageArray) -> FloatArray:
    """``(n, n, 3)`` float32: the finest detail of the smoother cheek, laid out in mirrored tiles."""
    size = picture.shape[0]
    reach = max(4, int(size * PATCH))
    fine = picture.astype(np.float32) - cv2.GaussianBlur(picture, (0, 0), size / 240).astype(np.float32)
    places = (topology().uv[list(CHEEKS)] * size).astype(int)
    patch = min((fine[y - reach : y + reach, x - reach : x + reach] for x, y in places), key=lambda part: part.std())
    # A spot repeated in every tile would be seen as a pattern.
    bound = 2 * float(np.median(np.abs(patch)))
    row = np.hstack([patch, patch[:, ::-1]])
    tile = np.clip(np.vstack([row, row[::-1]]), -bound, bound)
    times = -(-size // tile.shape[0])
    return np.tile(tile, (times, times, 1))[:size, :size]
