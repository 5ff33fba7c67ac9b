"""Sharpness and grain of the new face, brought to those of the frame around it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.compositor.grain import CALM, grained, octaves, quantile, tinted, told_apart
from pipeline.mesh import FaceView
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray

SAMPLES = 4000
"""Pixels that are enough to measure on."""
GRAIN = 0.9
"""More than this (grey levels) is texture rather than grain."""
TINTED = 0.22
"""Less noise than this in a plane of chroma is rounding."""
TINT = 1.4
"""More than this in a plane of chroma is make-up, freckles or print."""
SHARE = 0.7
"""Of the grain that is missing, how much is added: some of what was measured is the skin's."""
NOISY = 0.5
"""Grain of less than this is never coloured: it is the skin's or the codec's."""


def match_detail(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin) -> ImageArray:
    """`image` blurred and grained as the crop's own face is.

    Both are compared on what is skin: energy of the finest detail (difference to a 3 × 3 blur) tells grain, energy in
    the next octave tells sharpness. A new face that is sharper than the frame is blurred until they agree; missing
    grain is added as noise of the frame's own strength, and of its colours where a sensor at its limit made it.
    """
    part = _middle(view)
    weight = _samples(alpha, view, skin, part)
    if len(weight) < 64:
        return image
    theirs, ours = _bands(view.crop.image[part], weight), _bands(image[part], weight)
    result = image
    if ours[1] > theirs[1] * 1.1:
        result = _blurred(image, ours, theirs)
        ours = _bands(result[part], weight)[0], theirs[1]
    missing = SHARE * _missing(theirs[0], ours[0])
    if missing > 0.08:
        result = grained(result, min(missing, GRAIN), view)
    if theirs[0] < NOISY:
        return result
    wanted = _chroma(view.crop.image[part], weight)
    if max(map(max, wanted)) < TINTED:
        return result
    red, blue = (
        told_apart(*(min(SHARE * _missing(*pair), TINT) for pair in zip(*plane, strict=True)))
        for plane in zip(wanted, _chroma(result[part], weight), strict=True)
    )
    return tinted(result, red, blue, view) if red.seen or blue.seen else result


def _missing(theirs: float, ours: float) -> float:
    return math.sqrt(max(theirs**2 - ours**2, 0.0))


def _chroma(image: ImageArray, weight: NDArray[np.intp]) -> list[tuple[float, float]]:
    """Amplitudes of the two finest octaves of Cr and of Cb over the chosen pixels."""
    planes = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))[1:]
    return [(_typical(one, CALM), _typical(other, CALM)) for one, other in (octaves(p, weight) for p in planes)]


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
    finest, coarser = octaves(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), weight)
    return _typical(finest, CALM), _typical(coarser, 0.5)


def _typical(octave: FloatArray, share: float) -> float:
    return quantile(np.abs(octave), share)


def _blurred(image: ImageArray, ours: tuple[float, float], theirs: tuple[float, float]) -> ImageArray:
    """Mixed with a blurred copy: as much as brings the detail down to the frame's."""
    # Two boxes, which together are a Gaussian of 1.63 pixels for all that can be seen, in a quarter of its time.
    soft = cv2.blur(cv2.blur(image, (5, 5)), (3, 3))
    share = min(max(1 - (theirs[1] + 0.25) / (ours[1] + 0.25), 0.0), 0.85)
    mixed: ImageArray = cv2.addWeighted(image, 1 - share, soft, share, 0)
    return mixed
