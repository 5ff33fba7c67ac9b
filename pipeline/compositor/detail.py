"""Sharpness and grain of the new face, brought to those of the frame around it."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh import FaceView
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray

SAMPLES = 4000
"""Pixels that are enough to measure on."""
GRAIN = 0.9
"""More than this (grey levels) is texture rather than grain."""
CALM = 0.25
"""Quantile at which grain is measured."""
BRIDGE = 168
"""The landmark that grain moves along with: on the bridge of the nose, which no expression moves."""
FINE = 64
"""Steps between two whole numbers of the noise as it is kept."""
TILE = 512
"""Side of the noise, in pixels; larger faces see it several times, which nobody can tell."""


def match_detail(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin) -> ImageArray:
    """`image` blurred and grained as the crop's own face is.

    Both are compared on what is skin: energy of the finest detail (difference to a 3 × 3 blur) tells grain, energy in
    the next octave tells sharpness. A new face that is sharper than the frame is blurred until they agree; missing
    grain is added as noise of the frame's own strength.
    """
    part = _middle(view)
    weight = _samples(alpha, view, skin, part)
    if len(weight) < 64:
        return image
    theirs, ours = _bands(view.crop.image[part], weight), _bands(image[part], weight)
    result = image
    if ours[1] > theirs[1] * 1.1:
        result = _blurred(image, ours, theirs)
        ours = _finest(*_octave(result[part]), weight), theirs[1]
    missing = 0.7 * math.sqrt(max(theirs[0] ** 2 - ours[0] ** 2, 0.0))
    return _grained(result, min(missing, GRAIN), view) if missing > 0.08 else result


def _middle(view: FaceView) -> tuple[slice, slice]:
    """The middle of the crop, where most of the skin is."""
    width, height = view.size
    return slice(height // 5, height - height // 5), slice(width // 5, width - width // 5)


def _samples(alpha: FloatArray, view: FaceView, skin: Skin, part: tuple[slice, slice]) -> NDArray[np.intp]:
    """Pixels of a part of the crop, counted row by row, that show the new face where the target has bare skin."""
    shape = [side.stop - side.start for side in part]
    step = max(1, round(math.sqrt(shape[0] * shape[1] / SAMPLES)))
    shown = alpha[part][step // 2 :: step, step // 2 :: step]
    # Where they lie on the coarse map.
    rows, columns = (
        (np.arange(side.start + step // 2, side.stop, step) * (2 * cells) + cells) // (2 * length)
        for side, cells, length in zip(part, view.grid[::-1], view.size[::-1], strict=True)
    )
    trust = view.fold(skin.trust).take(rows, 0).take(columns, 1)
    row, column = np.divmod(np.flatnonzero((shown > 0.5) & (trust > 0.5)), len(columns))
    return (row * step + step // 2) * shape[1] + column * step + step // 2


def _bands(image: ImageArray, weight: NDArray[np.intp]) -> tuple[float, float]:
    """Amplitude of the two finest octaves of luma over the chosen pixels. Of the finest a low percentile: wrinkles,
    freckles and the strokes of a brush leave calm places between them, grain is everywhere."""
    luma, fine = _octave(image)
    middle = cv2.GaussianBlur(luma, (7, 7), 1.8)
    coarser = np.abs(fine.take(weight) - middle.take(weight))
    return _finest(luma, fine, weight), _quantile(coarser, 0.5)


def _octave(image: ImageArray) -> tuple[FloatArray, FloatArray]:
    """Luma, and what is left of it without its finest octave."""
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return luma, cv2.GaussianBlur(luma, (3, 3), 0.8)


def _finest(luma: FloatArray, fine: FloatArray, weight: NDArray[np.intp]) -> float:
    return _quantile(np.abs(luma.take(weight) - fine.take(weight)), CALM)


def _quantile(values: FloatArray, share: float) -> float:
    """Without interpolation: much quicker than numpy's."""
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])


def _blurred(image: ImageArray, ours: tuple[float, float], theirs: tuple[float, float]) -> ImageArray:
    """Mixed with a blurred copy: as much as brings the detail down to the frame's."""
    # Two boxes, which together are a Gaussian of 1.63 pixels for all that can be seen, in a quarter of its time.
    soft = cv2.blur(cv2.blur(image, (5, 5)), (3, 3))
    share = min(max(1 - (theirs[1] + 0.25) / (ours[1] + 0.25), 0.0), 0.85)
    mixed: ImageArray = cv2.addWeighted(image, 1 - share, soft, share, 0)
    return mixed


def _grained(image: ImageArray, strength: float, view: FaceView) -> ImageArray:
    """Luma noise whose typical fine band is `strength`.

    It has the size of the frame's own pixels wherever the face is and however large, and moves along with the face, by
    whole pixels. New noise for each frame would be truer to film, but what is measured here is mostly the fixed texture
    of skin and compression, and then it would boil.
    """
    width, height = view.size
    x, y = np.rint(view.landmarks[BRIDGE, :2]).astype(int)
    top, left = -int(y) % TILE, -int(x) % TILE
    place = slice(top, top + height), slice(left, left + width)
    # Whole grey levels: the sum is rounded to them anyway. Bytes are scaled and added many times as quickly as floats.
    lighter, darker = (
        cv2.cvtColor(cv2.convertScaleAbs(part[place], alpha=strength / _fineness() / FINE), cv2.COLOR_GRAY2BGR)
        for part in _wide(-(-max(top + height, left + width) // TILE))
    )
    grained: ImageArray = cv2.subtract(cv2.add(image, lighter), darker)
    return grained


@lru_cache(maxsize=2)
def _wide(tiles: int) -> tuple[ImageArray, ImageArray]:
    """`_noise` so many times each way: what is above nought and what is below, in parts of one by `FINE`."""
    noise = np.rint(np.tile(_noise(), (tiles, tiles)) * FINE)
    return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)


@cache
def _noise() -> FloatArray:
    noise = np.random.default_rng(TILE).standard_normal((TILE, TILE)).astype(np.float32)
    return cv2.GaussianBlur(noise, (3, 3), 0.5)


@cache
def _fineness() -> float:
    """The finest octave of `_noise`, measured as that of a picture."""
    finest = np.abs(_noise() - cv2.GaussianBlur(_noise(), (3, 3), 0.8)).ravel()
    return _quantile(finest, CALM)
