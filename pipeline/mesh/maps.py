"""Small sums over maps that every reader of faces needs."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.types import FloatArray, ImageArray


def ramp(values: FloatArray | np.floating, low: float, high: float) -> FloatArray:
    """0 up to `low`, 1 from `high` on, smooth between. Keeps float32."""
    t = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def rise(value: float, low: float, high: float) -> float:
    """`ramp` of a single number, in a tenth of its time."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def held(values: FloatArray, bound: float) -> FloatArray:
    """Values that `bound` is not passed by, either way: softly, but what is well within stays as it is."""
    return np.asarray(values / (1 + (values / np.float32(bound)) ** 4) ** np.float32(0.25), np.float32)


def blurred(values: FloatArray | ImageArray, sigma: float) -> FloatArray:
    """A picture or map under a Gaussian, float32 in grey levels as they are. Of bytes it takes a fifth of the time that
    OpenCV's own blur does, which is to round alike on all machines."""
    reach = max(1, round(3 * sigma))
    kernel = cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_32F)
    soft: FloatArray = cv2.sepFilter2D(values, cv2.CV_32F, kernel, kernel)
    return soft


def broadly(values: FloatArray | ImageArray, sigma: float) -> FloatArray:
    """As `blurred`, for a blur so broad that it is done on a grid whose cells are a quarter of `sigma`: the picture as
    it is would take a hundred times as long, and differs by a hundredth of its contrast at most."""
    cells = int(sigma / 4)
    if cells < 2:
        return blurred(values, sigma)
    height, width = values.shape[:2]
    small = cv2.resize(values, (-(-width // cells), -(-height // cells)), interpolation=cv2.INTER_AREA)
    # Means of cells, and lines between them, are blurs of their own.
    own = (cells**2 - 1) / 12 + cells**2 / 6
    soft = blurred(small, math.sqrt(sigma**2 - own) / cells)
    enlarged: FloatArray = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return enlarged


def grey(values: FloatArray) -> FloatArray:
    """``(h, w)``: the mean of three channels, float32. Along a short last axis numpy's own takes ten times as long."""
    mean: FloatArray = cv2.transform(values, np.full((1, 3), 1 / 3, np.float32))
    return mean


def thrice(values: FloatArray) -> FloatArray:
    """For each of three channels: OpenCV's arithmetic with it is several times quicker than numpy's along a short last
    axis."""
    return cv2.cvtColor(values, cv2.COLOR_GRAY2BGR)
