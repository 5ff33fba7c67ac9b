"""Glasses taken off the photo: on the target they would lack temples, and the target may wear its own."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.pores import pores
from pipeline.mesh import glasses
from pipeline.mesh.skin import NEAR, Skin, spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

FADE = 5.0
"""Width (sigma) of the border between what is filled and what stays, in texels of the map of glasses."""


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
    # Widely faded: what was covered is smoother than the skin around it, and must not end in a line.
    near, far = (cv2.GaussianBlur(worn.everything, (0, 0), sigma) for sigma in (1.2, FADE))
    eyes = cv2.resize(topology().features, (glasses.SIZE, glasses.SIZE), interpolation=cv2.INTER_LINEAR)
    share = np.clip(cv2.max(near * 1.6, far * 1.5 * (1 - cv2.GaussianBlur(eyes, (0, 0), 2.0))), 0, 1)
    share = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    filled = cv2.resize(_base(small, worn.everything, skin), (size, size), interpolation=cv2.INTER_CUBIC)
    filled += pores(picture)
    return np.clip(picture * (1 - share) + filled * share + 0.5, 0, 255).astype(np.uint8)


def _base(small: ImageArray, covered: FloatArray, skin: Skin) -> FloatArray:
    """``(96, 96, 3)``: the colour of the skin, measured beside the glasses only."""
    trust = skin.trust * (1 - cv2.resize(covered, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    colour = cv2.resize(small, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    return spread_colour(colour, trust.astype(np.float32), NEAR * ZONES, skin.light, 0.05)
