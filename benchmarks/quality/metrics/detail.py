"""Is the new face as sharp and as grainy as the picture around it?

The surroundings are the target's own, so the measure is the target's own face, which had them.

* ``detail.sharpness``: how much of the contrast of an octave survives in the next finer one, result over target, on the
  parts that have contrast (brows, eyes, nose, lips). Contrast cancels, sharpness stays: 1 is as sharp, 0.7 visibly
  softer, 1.4 cut out. Sampled at the scale of the pixel, as an eye at 100 % would.
* ``detail.texture``: median amplitude of the two finest octaves over bare skin, result over target. Pores, wrinkles and
  brush strokes are the source's own, so a departure is judged only outside of 0.6 to 1.7.
* ``detail.grain``: lower quartile of the finest octave over bare skin, result over target: noise, which is everywhere,
  unlike texture. Sensor noise of less than half a grey level counts as none.

Source: octave ratios as a no-reference measure of blur after Crete et al., "The Blur Effect" (2007); the low quantile
as a noise estimate after Immerkaer, "Fast Noise Variance Estimation" (1996), robustified.

Calibration: a Gaussian blur of 1 pixel of the bench's portraits gives 0.83-0.90 in sharpness for faces of 88 pixels and
more and 0.72-0.76 for smaller ones, 0.3-0.7 in texture and 0.25-0.78 in grain; halving the contrast leaves the
sharpness within 1 %.

Where it disagrees with the eye: grain that is coarser than the frame's, or white where the frame's is coloured, is not
told from texture (a noisy dark target looks felted at 1.0). In clips `flicker` sees that, in stills only the sheet.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import hull
from benchmarks.quality.metrics.tone import bare_skin
from pipeline.types import FloatArray, ImageArray

LEAST = 24
"""Pixels that are enough."""
FLOOR = 0.35
"""Grey levels added to amplitudes on both sides."""


def detail(target: ImageArray, result: ImageArray, landmarks: FloatArray) -> Numbers:
    """
    Args:
        target, result: the same crop of both.
        landmarks: of the target in that crop.
    """
    before, after = _octaves(target), _octaves(result)
    numbers: Numbers = {}
    skin = bare_skin(landmarks, target.shape)
    features = hull(landmarks, target.shape, -0.06) & ~skin
    if np.count_nonzero(features) >= LEAST:
        numbers["detail.sharpness"] = _crisp(after, features) / max(_crisp(before, features), 1e-3)
    if np.count_nonzero(skin) >= LEAST:
        texture = [float(np.median((octave[0] + octave[1])[skin])) for octave in (after, before)]
        numbers["detail.texture"] = (texture[0] + FLOOR) / (texture[1] + FLOOR)
        grain = [float(np.percentile(octave[0][skin], 25)) for octave in (after, before)]
        numbers["detail.grain"] = (grain[0] + FLOOR / 2) / (grain[1] + FLOOR / 2)
    return numbers


def _octaves(image: ImageArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Absolute differences of luma between blurs of 0, 0.8, 1.6 and 3.2 pixels."""
    levels = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)]
    levels += [cv2.GaussianBlur(levels[0], (0, 0), sigma) for sigma in (0.8, 1.6, 3.2)]
    first, second, third = (np.abs(a - b) for a, b in pairwise(levels))
    return first, second, third


def _crisp(octaves: tuple[FloatArray, FloatArray, FloatArray], where: NDArray[np.bool_]) -> float:
    """Fine over coarse contrast on the strongest quarter of the coarse."""
    fine, coarse = octaves[1][where], octaves[2][where]
    strong = coarse >= np.percentile(coarse, 75)
    return float((fine[strong].mean() + 0.1) / (coarse[strong].mean() + 0.2))
