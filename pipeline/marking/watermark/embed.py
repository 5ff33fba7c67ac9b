"""Putting the mark into a frame.

All that is computed is computed in a small grid; only the finished difference is enlarged to the frame. Where the
picture is busy the mark is stronger (a noise visibility function, after Voloshynovskiy, Herrigel, Baumgaertner and
Pun, *A stochastic approach to content adaptive digital image watermarking*, 1999). Where that would be too much over
the whole frame, the strongest places give way first: it is there that the picture drowns the mark anyway (water-filling
of channels of unlike noise: Cover and Thomas, *Elements of Information Theory*, 2nd edition, 2006, section 9.4).
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.marking.watermark.code import Payload
from pipeline.marking.watermark.pattern import TILE, TILES, Use, tile
from pipeline.types import FloatArray, Frame, ImageArray, Shade

SMALLEST = 96
"""Pixels of a frame's shorter side below which there is no room for a mark."""

TOGETHER = 4
"""Frames of a film that have the same added, if they are alike, ..."""
LONGEST = 0.14
"""... and no farther apart than so many seconds."""
MOVED = 2.5
"""Grey levels by which the miniatures of frames that are alike differ, on the average."""

AT_REST, LONGEST_REST, STIRRED = 12, 0.45, 4.0
"""The same where nothing stirs: frames, seconds, and grey levels by which no place of the miniatures differs."""


@dataclass(frozen=True)
class _Manner:
    """How a mark is put in.

    Attributes:
        grid: samples over a frame's mean side, about.
        fine, around: samples; detail is what deviates from the mean over so many, and counts over so many.
        busy: standard deviation of the mark for each grey level of fine detail around.
        usual: mean side of a frame for which that holds. Larger ones carry it more faintly, by the square root: there
            each of its waves is spread over more pixels, which keep it. 0 where size does not matter.
        loudest: standard deviation over the whole frame, at most, before it is rounded.
    """

    grid: int
    fine: int
    around: int
    busy: float
    usual: float
    loudest: float

    def at(self, side: float) -> float:
        """`busy` for a frame of this mean side."""
        return self.busy * math.sqrt(min(1.0, self.usual / side)) if self.usual else self.busy


_MANNERS: dict[Use, _Manner] = {
    "film": _Manner(256, 3, 9, 1.25, 480.0, 1.85),
    "still": _Manner(512, 3, 17, 0.7, 0.0, 1.8),
}
_FLAT, _LEAST, _MOST = 0.3, 0.35, 3.2
"""Standard deviation of the mark in grey levels on a flat surface, and its bounds. Set by eye: on a clear sky, on skin,
on a blurred wall beside a sharp edge, along smooth hair nothing may show."""
_LEVELS = 64
"""Steps in which the strongest places are brought down."""
STEP, MIDDLE = 16, 128
"""How a difference is written in a byte: steps a grey level, and the byte that is none. See `Frame.shade`."""


class Watermark:
    """The mark of one job. The same frame is always marked in the same way. Thread-safe."""

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        self._tiles: dict[Use, FloatArray] = {"film": tile(payload, "film"), "still": tile(payload, "still")}
        self._lock = threading.Lock()
        self._patterns: dict[tuple[Use, int, int], FloatArray] = {}

    def mark(self, frame: Frame, use: Use = "film") -> bool:
        """Mark a frame; whether it was large enough for that.

        Args:
            use: ``"still"`` for a picture on its own, ``"film"`` for what is one of many and will be compressed hard.
        """
        if min(frame.width, frame.height) < SMALLEST:
            return False
        frame.shade(self.shade(frame, use))
        return True

    def shade(self, frame: Frame, use: Use = "film") -> Shade:
        """What is added to a frame, which is large enough."""
        pattern = self._pattern(use, frame.width, frame.height)
        height, width = pattern.shape
        share = _MANNERS[use].at(math.sqrt(frame.width * frame.height))
        return Shade(difference(frame.small_luma((width, height)), pattern, use, share))

    def _pattern(self, use: Use, width: int, height: int) -> FloatArray:
        """The repeated tile, sampled in the grid of a frame."""
        key = (use, width, height)
        with self._lock:
            if key not in self._patterns:
                self._patterns.clear()
                self._patterns[key] = sampled(self._tiles[use], width, height, _MANNERS[use].grid)
            return self._patterns[key]


class FilmShades:
    """What is added to the frames of a film, in order. One for each run through it; not to be shared by threads.

    Within each four frames, counted from the target's beginning, those that show much the same have the same added.
    Where something moves among what rests, for a tenth of a second, a mark does not show. Where nothing does, it is
    within each twelve.
    """

    def __init__(self, watermark: Watermark) -> None:
        self._watermark = watermark
        self._last: tuple[_Look, Shade] | None = None

    def __call__(self, frame: Frame) -> Shade | None:
        """For a frame that nothing was changed in; ``None`` where it is too small."""
        if min(frame.width, frame.height) < SMALLEST:
            return None
        look = _Look((frame.width, frame.height), frame.time, frame.luma())
        if self._last is None or frame.index % AT_REST == 0 or not self._goes_on(look, frame.index):
            self._last = look, self._watermark.shade(frame)
        return self._last[1]

    def _goes_on(self, look: _Look, index: int) -> bool:
        """Whether what was added last is added to this frame too."""
        assert self._last is not None
        before = self._last[0]
        return look.rests(before) or (index % TOGETHER > 0 and look.like(before))


@dataclass(frozen=True, eq=False)
class _Look:
    """What is remembered of a frame: its size, its time, and its miniature."""

    size: tuple[int, int]
    time: float
    luma: ImageArray

    def like(self, before: _Look) -> bool:
        """Whether it shows much the same as one before."""
        return (
            self.size == before.size and abs(self.time - before.time) < LONGEST
            and cv2.norm(self.luma, before.luma, cv2.NORM_L1) < MOVED * self.luma.size
        )  # fmt: skip

    def rests(self, before: _Look) -> bool:
        """Whether nothing has stirred since."""
        return (
            self.size == before.size and abs(self.time - before.time) < LONGEST_REST
            and cv2.norm(self.luma, before.luma, cv2.NORM_INF) < STIRRED
        )  # fmt: skip


def sampled(tile: FloatArray, width: int, height: int, grid: int) -> FloatArray:
    """``(grid height, grid width)`` float32: the tile, repeated over a frame of this size."""
    side = math.sqrt(width * height)
    factor = max(1, round(side / grid))
    columns, rows = -(-width // factor), -(-height // factor)
    samples = len(tile)
    # Places are told from the middle of the first of `TILE` steps, however finely the tile is sampled.
    pitch, begin = samples * TILES / side, 0.5 * samples / TILE
    x = ((np.arange(columns) + 0.5) * width / columns * pitch - begin) % samples
    y = ((np.arange(rows) + 0.5) * height / rows * pitch - begin) % samples
    # A border of wrapped samples, so that interpolation goes on seamlessly.
    border = 4
    wrapped = np.pad(tile, border, mode="wrap")
    across, down = np.meshgrid((x + border).astype(np.float32), (y + border).astype(np.float32))
    return np.asarray(cv2.remap(wrapped, across, down, cv2.INTER_CUBIC), np.float32)


def difference(luma: ImageArray, pattern: FloatArray, use: Use, share: float) -> ImageArray:
    """What to add to a frame whose luma in the grid is `luma`, in steps of 1 / `STEP` grey level around `MIDDLE`.

    Args:
        share: standard deviation of the mark for each grey level of fine detail around.
    """
    picture, manner = luma.astype(np.float32), _MANNERS[use]
    fine = cv2.absdiff(picture, cv2.boxFilter(picture, -1, (manner.fine, manner.fine)))
    # The mean of fourth roots: texture counts whole, a lone edge hardly: there is nothing to hide behind beside it.
    strength = cv2.boxFilter(cv2.sqrt(cv2.sqrt(fine)), -1, (manner.around, manner.around))
    np.square(strength, out=strength)
    np.square(strength, out=strength)
    strength *= np.float32(share)
    strength += np.float32(_FLAT)
    np.maximum(strength, np.float32(_LEAST), out=strength)
    np.minimum(strength, np.float32(_MOST), out=strength)
    ceiling = _ceiling(strength, manner.loudest)
    if ceiling < _MOST:
        np.minimum(strength, np.float32(ceiling), out=strength)
    strength *= pattern
    return np.asarray(cv2.addWeighted(strength, STEP, strength, 0.0, MIDDLE, dtype=cv2.CV_8U), np.uint8)


def _ceiling(strength: FloatArray, loudest: float) -> float:
    """The strength that none may exceed, so that all of them together are as loud as allowed at most."""
    if float(np.mean(strength * strength)) <= loudest**2:
        return _MOST
    counts, edges = np.histogram(strength, _LEVELS, (0.0, _MOST))
    middles = (edges[:-1] + edges[1:]) / 2
    for level in edges[:0:-1]:
        if float(counts @ np.minimum(middles, level) ** 2) <= loudest**2 * strength.size:
            return float(level)
    return loudest
