"""From frames to the tile's spectrum: the picture's own structure is made as even as it can be, in place and frequency.

The picture is the noise that the mark has to be told from. It is unlike from place to place, and falls with frequency;
evened out, all of it counts by what it tells.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.marking.watermark.pattern import TILES, Places, layout
from pipeline.types import FloatArray, ImageArray

WORK = 512
"""Mean side at which pictures are gathered."""
COARSE, FINE = 64, 96
"""Samples of a tile's side: in the search over everything, and near what was found."""
_SPLITS = (1.2, 3.0, 8.0)
"""Standard deviations of blurs; between each and the next is one band of detail."""
_AROUND, _DEVIATION, _CLIP, _LOUD = 5.0, 0.5, 3.0, 2.5

Spectrum = NDArray[np.complex128]
"""Of the frequencies in `places`, in that order."""


@cache
def places() -> Places:
    """``(n, 2)``: the template and the data of the coarse band, then those of the fine one."""
    bands = (layout("coarse"), layout("fine"))
    return np.concatenate([part for band in bands for part in (band.template, band.data)])


def whitened(luma: ImageArray) -> FloatArray:
    """The frame at `WORK`: bands of its detail, each over how much of it there is around. So busy places count no more
    than flat ones, as the mark is no more than a little stronger there."""
    height, width = luma.shape
    factor = WORK / math.sqrt(width * height)
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR).astype(np.float32)
    blurred = [cv2.GaussianBlur(small, (0, 0), split) for split in _SPLITS]
    total = np.zeros_like(small)
    for sharp, soft in pairwise(blurred):
        detail = cv2.subtract(sharp, soft)
        around = cv2.sqrt(cv2.GaussianBlur(cv2.multiply(detail, detail), (0, 0), _AROUND))
        total += np.clip(detail / (around + _DEVIATION), -_CLIP, _CLIP)
    return np.asarray(total, np.float32)


def spectrum_of(white: FloatArray, scale: float, samples: int, mirrored: bool) -> Spectrum:
    """The spectrum of the picture laid over itself tile by tile.

    Args:
        scale: side of the marked frame over that of the picture.
        samples: of the tile's side.
        mirrored: of its mirror image.
    """
    height, width = white.shape
    factor = samples * TILES / (math.sqrt(width * height) * scale)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(white, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    padded = np.pad(small, ((0, -size[1] % samples), (0, -size[0] % samples)))
    laid = padded.reshape(padded.shape[0] // samples, samples, -1, samples).sum((0, 2))
    half = np.fft.fft2(laid)
    rows, columns = places().T
    # Mirroring turns each frequency's sign across, and the spectrum of a real picture is even but for conjugation.
    return _even(half[rows % samples, (-columns if mirrored else columns) % samples])


def _even(picked: Spectrum) -> Spectrum:
    """Each frequency is brought to the strength that those of its radius have; lone loud ones are held in bounds."""
    terms, solving = _radii()
    level = np.log(np.abs(picked) + 1e-9)
    picked = picked * np.exp(-(terms @ (solving @ level)))
    return np.asarray(picked / np.maximum(1.0, np.abs(picked) / _LOUD))


@cache
def _radii() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A parabola over the logarithm of the radius, and what fits it by least squares."""
    radius = np.log(np.hypot(*places().T))
    terms = np.stack([np.ones_like(radius), radius, radius**2], 1)
    return terms, np.linalg.pinv(terms)
