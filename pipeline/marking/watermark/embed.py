"""Putting the mark into a frame.

All that is computed is computed in a small grid, of about 256 samples a side; only the finished difference is enlarged
to the frame. Where the picture is busy the mark is stronger (a noise visibility function, after Voloshynovskiy,
Herrigel, Baumgaertner and Pun, *A stochastic approach to content adaptive digital image watermarking*, 1999).
"""

from __future__ import annotations

import math
import threading

import cv2
import numpy as np

from pipeline.marking.watermark.code import Payload
from pipeline.marking.watermark.pattern import TILE, TILES, tile
from pipeline.types import FloatArray, Frame, ImageArray

SMALLEST = 96
"""Pixels of a frame's shorter side below which there is no room for a mark."""
_GRID = 256
_FLAT, _BUSY, _LEAST, _MOST = 0.3, 1.0, 0.35, 3.2
"""Standard deviation of the mark in grey levels: on a flat surface, more for each grey level of fine detail around, and
its bounds. Set by eye: on a clear sky, on skin, on a blurred wall beside a sharp edge nothing may show."""
_LOUDEST = 1.85
"""Standard deviation over the whole frame, at most: 42.8 dB before it is rounded."""
_FINE, _AROUND = 3, 9
"""Samples of the grid: detail is what deviates from the mean over so many, and counts over so many."""
STEP, MIDDLE = 16, 128
"""How a difference is written in a byte: steps a grey level, and the byte that is none. See `Frame.shade`."""


class Watermark:
    """The mark of one job. The same frame is always marked in the same way. Thread-safe."""

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        self._tile = tile(payload)
        self._lock = threading.Lock()
        self._patterns: dict[tuple[int, int], FloatArray] = {}

    def mark(self, frame: Frame) -> bool:
        """Mark a frame; whether it was large enough for that."""
        if min(frame.width, frame.height) < SMALLEST:
            return False
        pattern = self._pattern(frame.width, frame.height)
        height, width = pattern.shape
        frame.shade(difference(frame.small_luma((width, height)), pattern))
        return True

    def _pattern(self, width: int, height: int) -> FloatArray:
        """The repeated tile, sampled in the grid of a frame."""
        with self._lock:
            if (width, height) not in self._patterns:
                self._patterns.clear()
                self._patterns[width, height] = sampled(self._tile, width, height)
            return self._patterns[width, height]


def sampled(tile: FloatArray, width: int, height: int) -> FloatArray:
    """``(grid height, grid width)`` float32: the tile, repeated over a frame of this size."""
    side = math.sqrt(width * height)
    factor = max(1, round(side / _GRID))
    columns, rows = -(-width // factor), -(-height // factor)
    pitch = TILE * TILES / side
    x = ((np.arange(columns) + 0.5) * width / columns * pitch - 0.5) % TILE
    y = ((np.arange(rows) + 0.5) * height / rows * pitch - 0.5) % TILE
    # A border of wrapped samples, so that interpolation goes on seamlessly.
    border = 4
    wrapped = np.pad(tile, border, mode="wrap")
    across, down = np.meshgrid((x + border).astype(np.float32), (y + border).astype(np.float32))
    return np.asarray(cv2.remap(wrapped, across, down, cv2.INTER_CUBIC), np.float32)


def difference(luma: ImageArray, pattern: FloatArray) -> ImageArray:
    """What to add to a frame whose luma in the grid is `luma`, in steps of 1 / `STEP` grey level around `MIDDLE`."""
    picture = luma.astype(np.float32)
    fine = cv2.absdiff(picture, cv2.boxFilter(picture, -1, (_FINE, _FINE)))
    # The mean of fourth roots: texture counts whole, a lone edge hardly: there is nothing to hide behind beside it.
    busy = cv2.boxFilter(cv2.sqrt(cv2.sqrt(fine)), -1, (_AROUND, _AROUND)) ** 4
    strength = np.clip(_FLAT + _BUSY * busy, _LEAST, _MOST)
    rms = math.sqrt(float(np.mean(strength * strength)))
    mark = strength * pattern * (STEP * min(1.0, _LOUDEST / rms))
    return np.asarray(cv2.add(mark, np.array([float(MIDDLE)] * 4), dtype=cv2.CV_8U), np.uint8)
