"""A frame over a plain BGR array, for tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.types import Box, ImageArray


@dataclass(eq=False)
class ArrayFrame:
    """`pipeline.types.Frame` over a BGR uint8 array, which `change` replaces by a changed copy."""

    pixels: ImageArray
    index: int = 0
    time: float = 0.0

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    def image(self) -> ImageArray:
        return self.pixels

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        x0, y0 = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
        x1, y1 = min(self.width, math.ceil(box.x1)), min(self.height, math.ceil(box.y1))
        return self.pixels[y0 : max(y0, y1), x0 : max(x0, x1)], (x0, y0)

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        part, corner = self.region(box)
        return cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if part.size else np.empty((0, 0), np.uint8), corner

    def small(self, longest: int) -> ImageArray:
        scale = min(1.0, longest / max(self.width, self.height))
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else self.pixels

    def luma(self) -> ImageArray:
        grey = cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY)
        return cv2.resize(grey, (64, 36), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        grey = cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY)
        return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        x, y = origin
        height, width = before.shape[:2]
        pixels = self.pixels.copy()
        part = pixels[y : y + height, x : x + width].astype(np.int16)
        pixels[y : y + height, x : x + width] = np.clip(part + after - before.astype(np.int16), 0, 255)
        self.pixels = pixels
