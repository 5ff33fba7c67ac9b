"""Pictures and maps, looked up between their samples and past their borders."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray, ImageArray

Map = TypeVar("Map", FloatArray, ImageArray)
Axes = tuple[FloatArray, ...]
"""A map of places: x and y apart, which OpenCV is quicker with."""

_NEXT, _AROUND = np.ones((3, 3), np.uint8), (5, 5)


def look_up(picture: Map, x: FloatArray, y: FloatArray) -> Map:
    """`picture` at each of the places, between its samples; its border goes on beyond it.

    OpenCV looks four channels up in half the time that it takes for three: a picture of three gets one more on the way,
    one that has it already (see `fourfold`) comes out without.
    """
    if picture.ndim == 2:
        single: Map = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return single
    four = picture if picture.shape[2] == 4 else fourfold(picture)
    found = cv2.remap(four, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colour: Map = cv2.cvtColor(found, cv2.COLOR_BGRA2BGR)
    return colour


def fourfold(picture: Map) -> Map:
    """``(h, w, 3)`` with one more channel, which says nothing: for pictures in which much is looked up."""
    four: Map = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    return four


def rescaled(places: FloatArray, length: int | NDArray[np.intp], other: int | NDArray[np.intp]) -> FloatArray:
    """Places along an axis of so many pixels, or along both, in the same picture resized to `other`; pixel centres are
    whole numbers."""
    factor = np.asarray(np.divide(other, length), np.float32)
    return np.asarray((places + np.float32(0.5)) * factor - np.float32(0.5), np.float32)


def past_the_border(atlas_at: Axes, seen: FloatArray) -> Axes:
    """Coarse maps of the atlas, copies, on which the face goes on past its border. A turned head hides the rest of its
    side there, and the atlas leaps to what lies behind, its margin: a brow would end in steps, and in a rim of skin.

    Args:
        atlas_at: ``(h, w)`` float32 each in the unit square.
        seen: ``(h, w)`` float32, 1 where the face is.
    """
    # In the outermost pixels a corner of what lies behind may look out.
    inner = cv2.erode(seen, _NEXT)
    mass = cv2.blur(inner, _AROUND)
    border = (mass > 0.01) & (inner < 0.5)
    return tuple(
        np.where(border, cv2.blur(values * inner, _AROUND) / (mass + np.float32(1e-6)), values) for values in atlas_at
    )


def continue_on(maps: Axes, covered: NDArray[np.bool_]) -> None:
    """Continue maps beyond their border by a pixel, so that enlarging them does not mix in emptiness.

    Args:
        maps: ``(h, w)`` float32 each, 0 where not covered. They are changed in place.
    """
    weight = cv2.blur(covered.astype(np.float32), (3, 3))
    border = np.flatnonzero((weight > 0.01) & ~covered)
    share = weight.ravel()[border]
    for values in maps:
        values.ravel()[border] = cv2.blur(values, (3, 3)).ravel()[border] / share
