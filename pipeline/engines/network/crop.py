"""Aligned crops: taken from a picture, taken apart into phases, and laid back."""

from __future__ import annotations

import math
from typing import TypeVar

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray

Picture = TypeVar("Picture", ImageArray, FloatArray)

_HALVE = 2.0
"""A picture is reduced before it is warped if the crop is coarser than this: a bilinear warp of it would alias."""


def take(image: ImageArray, matrix: FloatArray, size: int) -> ImageArray:
    """``(size, size, 3)`` uint8: what the affine `matrix` shows of `image`, continued beyond the image's border.

    Args:
        matrix: ``(2, 3)`` from pixels of `image` to pixels of the crop.
    """
    coarser = 1 / scale_of(matrix)
    flags, square = cv2.INTER_LINEAR, (size, size)
    if coarser <= _HALVE:
        return warped(image, matrix, square, flags, cv2.BORDER_REPLICATE)
    # By a whole number, which is three times as quick, and leaves less than half a pixel to the warp.
    step = min(int(coarser), *image.shape[:2])
    small = (image.shape[1] // step, image.shape[0] // step)
    whole = (small[0] * step, small[1] * step)
    picture = np.asarray(cv2.resize(image[: whole[1], : whole[0]], small, interpolation=cv2.INTER_AREA), np.uint8)
    return warped(picture, reduced(matrix, whole, small), square, flags, cv2.BORDER_REPLICATE)


def lay_back(crop: Picture, matrix: FloatArray, size: tuple[int, int], *, outside: bool = True) -> Picture:
    """A crop where it was taken from: ``(height, width, c)`` of its own dtype.

    Args:
        crop: square, uint8 or float32, one channel or more.
        matrix: ``(2, 3)`` from pixels of the picture to pixels of the crop.
        size: ``(width, height)`` of the picture.
        outside: continue the crop beyond its border; otherwise it is 0 there.
    """
    finer = scale_of(matrix)
    smooth = cv2.INTER_CUBIC if crop.dtype == np.uint8 else cv2.INTER_LINEAR
    if finer > 1.5:
        side = crop.shape[0]
        small = max(1, round(side / finer))
        crop = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
        factor = small / side
        shrink = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2]])
        matrix = (shrink @ np.vstack([matrix, [0, 0, 1]])).astype(np.float32)
    elif finer < 0.5 and crop.dtype == np.uint8:
        # Enlarged as a whole first, where the smooth kernel is cheap; the warp then only has to place it.
        factor = min(4, round(1 / finer))
        side = crop.shape[0] * factor
        crop, smooth = cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC), cv2.INTER_LINEAR
        grow = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2]])
        matrix = (grow @ np.vstack([matrix, [0, 0, 1]])).astype(np.float32)
    border = cv2.BORDER_REPLICATE if outside else cv2.BORDER_CONSTANT
    laid: Picture = warped(crop, matrix, size, smooth | cv2.WARP_INVERSE_MAP, border)
    return laid


def warped(image: Picture, matrix: FloatArray, size: tuple[int, int], flags: int, border: int) -> Picture:
    """What `cv2.warpAffine` gives. Three bytes a pixel take OpenCV nearly twice as long as four."""
    three = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if three:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    laid: Picture = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=border)
    return cv2.cvtColor(laid, cv2.COLOR_BGRA2BGR) if three else laid


def reduced(matrix: FloatArray, size: tuple[int, int], other: tuple[int, int]) -> FloatArray:
    """A ``(2, 3)`` from pixels of a picture of `size`, for the same picture resized to `other`."""
    x, y = size[0] / other[0], size[1] / other[1]
    back = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    return (matrix @ back).astype(np.float32)


def scale_of(matrix: FloatArray) -> float:
    """Pixels of the crop per pixel of the picture."""
    return math.sqrt(abs(float(np.linalg.det(matrix[:, :2].astype(np.float64))))) or 1e-6


def phases(crop: ImageArray, factor: int) -> ImageArray:
    """The `factor`² coarser crops that a crop is made of: every `factor`-th pixel, beginning at each place.

    Each of them shows the whole face, shifted by less than one of its pixels. A network that takes small crops renders
    all of them in one batch, and `interleaved` puts its answers together at the crop's full size.

    Args:
        crop: ``(side * factor, side * factor, 3)``.

    Returns:
        ``(factor * factor, side, side, 3)``.
    """
    side = crop.shape[0] // factor
    apart = crop.reshape(side, factor, side, factor, -1).transpose(1, 3, 0, 2, 4)
    return apart.reshape(factor * factor, side, side, -1)


def interleaved(parts: FloatArray, factor: int) -> FloatArray:
    """The opposite of `phases`: ``(factor * factor, side, side, c)`` to ``(side * factor, side * factor, c)``."""
    side = parts.shape[1]
    together = parts.reshape(factor, factor, side, side, -1).transpose(2, 0, 3, 1, 4)
    return together.reshape(side * factor, side * factor, -1)
