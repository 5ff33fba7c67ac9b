"""Sharpness and grain of the new face, brought to those of the frame around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh import FaceView
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray

TILE = 128
"""Side of the repeating grain pattern."""
SAMPLES = 4000
"""Pixels that are enough to measure on."""
GRAIN = 0.9
"""More than this (grey levels) is texture rather than grain."""
CALM = 0.25
"""Quantile at which grain is measured."""


def match_detail(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin, *, seed: int) -> ImageArray:
    """`image` blurred and grained as the crop's own face is.

    Both are compared on what is skin: energy of the finest detail (difference to a 3 × 3 blur) tells grain, energy in
    the next octave tells sharpness. A new face that is sharper than the frame is blurred until they agree; missing
    grain is added as noise of the frame's own strength, from `seed`, so that a frame rendered twice is the same.
    """
    weight = np.flatnonzero((alpha > 0.5) & (view.enlarge(view.fold(skin.trust)) > 0.5))
    if len(weight) < 64:
        return image
    weight = weight[:: 1 + len(weight) // SAMPLES]
    theirs, ours = _bands(view.crop.image, weight), _bands(image, weight)
    result = image
    if ours[1] > theirs[1] * 1.1:
        result = _blurred(image, ours, theirs)
        ours = _bands(result, weight)
    missing = 0.7 * float(np.sqrt(max(theirs[0] ** 2 - ours[0] ** 2, 0.0)))
    return _grained(result, min(missing, GRAIN), seed) if missing > 0.08 else result


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


def _grained(image: ImageArray, strength: float, seed: int) -> ImageArray:
    """Luma noise whose typical fine band is `strength`."""
    noise = np.random.default_rng(seed).standard_normal((TILE, TILE)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (5, 5), 0.75)
    fine = _quantile(np.abs(noise - cv2.GaussianBlur(noise, (3, 3), 0.8)).ravel(), CALM)
    height, width = image.shape[:2]
    tiled = np.tile(noise * (strength / fine), (height // TILE + 1, width // TILE + 1))[:height, :width]
    grained: ImageArray = cv2.add(image, cv2.merge([tiled] * 3), dtype=cv2.CV_8U)
    return grained
