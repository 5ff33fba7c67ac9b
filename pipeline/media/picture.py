"""A picture in memory, at the depth and in the colours it was stored with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.media.planes import reduced, within
from pipeline.media.shading import add_shade
from pipeline.types import Box, ImageArray, Shade

_LUMA = np.array([[0.114, 0.587, 0.299]], np.float32)


@dataclass(eq=False)
class Picture:
    """One upright picture; implements `pipeline.types.Frame`.

    A grey picture stays grey: of a change only the luma is added. Alpha is carried along and never touched.

    Attributes:
        native: ``(height, width)`` grey or ``(height, width, 3)`` BGR; uint8, or uint16 over the full range.
        alpha: ``(height, width)`` of the same dtype, or ``None``.
        icc: ICC profile of `native`, empty where there is none.
        exif: EXIF without personal tags, empty where there is none.
        index, time: place in an animation; 0 for a single picture.
        duration: seconds an animation shows it, 0 for a single picture.
        notes: sentences for the user about what was left out or changed when it was read.
    """

    native: NDArray[Any]
    alpha: NDArray[Any] | None = None
    icc: bytes = b""
    exif: bytes = b""
    index: int = 0
    time: float = 0.0
    duration: float = 0.0
    notes: tuple[str, ...] = ()
    changed: bool = field(default=False, init=False)

    @property
    def width(self) -> int:
        return int(self.native.shape[1])

    @property
    def height(self) -> int:
        return int(self.native.shape[0])

    @property
    def grey(self) -> bool:
        return self.native.ndim == 2

    @property
    def deep(self) -> bool:
        """Whether samples have 16 bits."""
        return bool(self.native.dtype == np.uint16)

    def image(self) -> ImageArray:
        """The whole picture as ``(height, width, 3)`` BGR uint8; do not write into it."""
        return self._shown(self.native)

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """A copy of the part under `box`, clipped, as BGR uint8, and its top-left; empty for a box outside."""
        x0, y0 = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
        x1, y1 = min(self.width, math.ceil(box.x1)), min(self.height, math.ceil(box.y1))
        if x1 <= x0 or y1 <= y0:
            return np.empty((0, 0, 3), np.uint8), (min(x0, self.width), min(y0, self.height))
        part = self._shown(self.native[y0:y1, x0:x1])
        return (part.copy() if part.base is not None else part), (x0, y0)

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """``(h, w)`` uint8 of the green (or grey) under `box`, clipped, and its top-left ``(x, y)``; a copy."""
        part, corner = self.region(box)
        return np.ascontiguousarray(part[..., 1]) if part.size else np.empty((0, 0), np.uint8), corner

    def small(self, longest: int) -> ImageArray:
        """The whole picture as BGR uint8 with at most so many pixels on its longer side; do not write into it."""
        size = within(self.width, self.height, longest)
        return self.image() if size == (self.width, self.height) else _to_bgr8(reduced(self.native, size))

    def luma(self) -> ImageArray:
        """``(36, 64)`` uint8."""
        small = cv2.resize(self.native, (64, 36), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(self._shown(np.asarray(small)), cv2.COLOR_BGR2GRAY), np.uint8)

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        """Add ``after - before`` at `origin`, times 257 for 16-bit samples. Equal pixels keep their exact values.

        Raises:
            ValueError: shapes differ, or the region leaves the picture.
        """
        view = self._under(origin, before, after)
        if view.size == 0:
            return
        self.changed = True
        if not self.grey and not self.deep and np.array_equal(view, before):
            # Nobody was here meanwhile: the sum is `after` itself.
            view[:] = after
            return
        difference = cv2.subtract(after, before, dtype=cv2.CV_32F)
        if self.grey:
            difference = cv2.transform(difference, _LUMA)
        if self.deep:
            difference = difference * 257.0
        view[:] = cv2.add(view, np.asarray(difference), dtype=cv2.CV_16U if self.deep else cv2.CV_8U)

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        """``(height, width)`` uint8 of ``(width, height)``."""
        small = _to_bgr8(reduced(self.native, size))
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)

    def shade(self, shade: Shade) -> None:
        """Lighten and darken every channel alike; see `pipeline.types.Frame`. Alpha is not touched."""
        most = int(np.iinfo(self.native.dtype).max)
        add_shade(self.native, shade, 257.0 if self.deep else 1.0, most, dither=not self.deep)
        self.changed = True

    def _shown(self, native: NDArray[Any]) -> ImageArray:
        """Samples of `native` as BGR uint8."""
        return _to_bgr8(native)

    def _under(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> NDArray[Any]:
        """The samples that a change is for, see `change`."""
        (x, y), (height, width) = origin, before.shape[:2]
        if before.shape != after.shape or before.ndim != 3:
            raise ValueError("before and after must have the same shape")
        if x < 0 or y < 0 or x + width > self.width or y + height > self.height:
            raise ValueError("the region leaves the picture")
        return self.native[y : y + height, x : x + width]


def _to_bgr8(native: NDArray[Any]) -> ImageArray:
    if native.dtype == np.uint16:
        native = np.asarray(cv2.convertScaleAbs(native, alpha=1 / 257.0))
    if native.ndim == 2:
        return np.asarray(cv2.cvtColor(native, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.asarray(native, np.uint8)
