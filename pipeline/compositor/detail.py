"""Sharpness and grain of the new face, brought to those of the frame around it."""

from __future__ import annotations

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
TILE = 512
"""Side of the noise, in pixels; larger faces see it several times, which nobody can tell."""


def match_detail(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin) -> ImageArray:
    """`image` blurred and grained as the crop's own face is.

    Both are compared on what is skin: energy of the finest detail (difference to a 3 × 3 blur) tells grain, energy in
    the next octave tells sharpness. A new face that is sharper than the frame is blurred until they agree; missing
    grain is added as noise of the frame's own strength.
    """
    part = _middle(view)
    weight = np.flatnonzero((alpha[part] > 0.5) & (view.enlarge(view.fold(skin.trust))[part] > 0.5))
    if len(weight) < 64:
        return image
    weight = weight[:: 1 + len(weight) // SAMPLES]
    theirs, ours = _bands(view.crop.image[part], weight), _bands(image[part], weight)
    result = image
    if ours[1] > theirs[1] * 1.1:
        result = _blurred(image, ours, theirs)
        ours = _bands(result[part], weight)
    missing = 0.7 * float(np.sqrt(max(theirs[0] ** 2 - ours[0] ** 2, 0.0)))
    return _grained(result, min(missing, GRAIN), view) if missing > 0.08 else result


def _middle(view: FaceView) -> tuple[slice, slice]:
    """The middle of the crop, where most of the skin is."""
    width, height = view.size
    return slice(height // 5, height - height // 5), slice(width // 5, width - width // 5)


def _bands(image: ImageArray, weight: NDArray[np.intp]) -> tuple[float, float]:
    """Amplitude of the two finest octaves of luma over the chosen pixels. Of the finest a low percentile: wrinkles,
    freckles and the strokes of a brush leave calm places between them, grain is everywhere."""
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine = cv2.GaussianBlur(luma, (3, 3), 0.8)
    middle = cv2.GaussianBlur(luma, (7, 7), 1.8).ravel()[weight]
    luma, fine = luma.ravel()[weight], fine.ravel()[weight]
    return _quantile(np.abs(luma - fine), CALM), _quantile(np.abs(fine - middle), 0.5)


def _quantile(values: FloatArray, share: float) -> float:
    """Without interpolation: much quicker than numpy's."""
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])


def _blurred(image: ImageArray, ours: tuple[float, float], theirs: tuple[float, float]) -> ImageArray:
    """Mixed with a blurred copy: as much as brings the detail down to the frame's."""
    soft = cv2.GaussianBlur(image, (0, 0), 1.6)
    share = float(np.clip(1 - (theirs[1] + 0.25) / (ours[1] + 0.25), 0, 0.85))
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
    # Whole grey levels: the sum is rounded to them anyway. Bytes of one kind are added several times as quickly.
    noise = _wide(-(-max(top + height, left + width) // TILE))[top : top + height, left : left + width]
    noise = cv2.multiply(noise, strength / _fineness(), dtype=cv2.CV_8S)
    lighter, darker = (
        cv2.cvtColor(cv2.max(part, 0).view(np.uint8), cv2.COLOR_GRAY2BGR) for part in (noise, cv2.subtract(0, noise))
    )
    grained: ImageArray = cv2.subtract(cv2.add(image, lighter), darker)
    return grained


@lru_cache(maxsize=2)
def _wide(tiles: int) -> FloatArray:
    """`_noise` so many times each way."""
    return np.tile(_noise(), (tiles, tiles))


@cache
def _noise() -> FloatArray:
    noise = np.random.default_rng(TILE).standard_normal((TILE, TILE)).astype(np.float32)
    return cv2.GaussianBlur(noise, (3, 3), 0.5)


@cache
def _fineness() -> float:
    """The finest octave of `_noise`, measured as that of a picture."""
    finest = np.abs(_noise() - cv2.GaussianBlur(_noise(), (3, 3), 0.8)).ravel()
    return _quantile(finest, CALM)
