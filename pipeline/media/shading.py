"""Light and dark added to the samples of a frame, as faintly as a watermark is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.media.layout import Layout
from pipeline.media.planes import plane_view
from pipeline.types import ImageArray, Shade

_LINES = 540
"""Lines of a picture in each of which a shade is told; of a larger one, several after each other have the same added.
The finest wave of a watermark is 11 of them long."""

_STRIP = 1 << 18
"""Bytes that stay in a core's own cache while several passes are made over them."""


def shade(frame: av.VideoFrame, layout: Layout, shade: Shade) -> None:
    """Add a shade to the luma of a writable frame, or to all planes of RGB."""
    for plane in (0, 1, 2) if layout.family == "gbr" else (0,):
        add_shade(plane_view(frame, plane, layout), shade, 1 << (layout.depth - 8), (1 << layout.depth) - 1)


def add_shade(view: NDArray[Any], shade: Shade, grey: float, most: int, dither: bool = False) -> None:
    """Add a shade to samples of at most `most`, of which `grey` are an 8-bit grey level.

    Bytes are enlarged and added as they are, which is several times quicker than going through floats. With `dither`,
    fractions of a grey level become noise of single samples, where rounding would draw contours on a flat surface.
    """
    height, width = view.shape[:2]
    if view.ndim == 2 and view.dtype == np.uint8 and not dither:
        _add_levels(view, shade.levels(lambda sixteenths: _levels(sixteenths, (width, height))))
        return
    large = cv2.resize(shade.sixteenths, (width, height), interpolation=cv2.INTER_CUBIC)
    if dither:
        large = cv2.add(large, _noise(width, height), dtype=cv2.CV_8U)
    if view.ndim == 3:
        large = cv2.merge([large] * view.shape[2])
    kind = np.asarray(large).astype(view.dtype, copy=False)
    cv2.addWeighted(view, 1.0, kind, grey / 16.0, -8.0 * grey, dst=view)
    if most < np.iinfo(view.dtype).max:
        np.minimum(view, most, out=view)


def _levels(sixteenths: ImageArray, size: tuple[int, int]) -> NDArray[np.int8]:
    """Whole grey levels, from -8 to 7, at ``(width, height)``, of which one line stands for several of a large picture;
    see `_lines_alike`."""
    width, height = size
    # Half a level more: what is cut off then was rounded.
    size = (width, height // _lines_alike(height))
    large = np.asarray(cv2.resize(cv2.add(sixteenths, 8.0), size, interpolation=cv2.INTER_CUBIC), np.uint8)
    np.right_shift(large, 4, out=large)
    np.subtract(large, 8, out=large)
    return large.view(np.int8)


def _lines_alike(height: int) -> int:
    """How many lines after each other have the same added: 1, 2 or 4."""
    return next((some for some in (4, 2) if height >= some * _LINES and height % some == 0), 1)


def _add_levels(view: ImageArray, levels: NDArray[np.int8]) -> None:
    """Add grey levels to bytes, in strips that stay in the processor's cache.

    Bytes that nothing can take out of their range are added without looking, which is ten times as quick.
    """
    height, width = view.shape
    alike = height // len(levels)
    rows = max(1, _STRIP // width // alike)
    for top in range(0, len(levels), rows):
        part, change = view[top * alike : (top + rows) * alike], levels[top : top + rows]
        darkest, lightest, *_ = cv2.minMaxLoc(part)
        if darkest >= 8 and lightest <= 248:
            lines = part.reshape(len(change), alike, width)
            np.add(lines, change[:, None].view(np.uint8), out=lines)
        else:
            cv2.add(part, np.repeat(change, alike, axis=0), dst=part, dtype=cv2.CV_8U)


@lru_cache(maxsize=2)
def _noise(width: int, height: int) -> NDArray[np.int8]:
    """``(height, width)`` int8, even over one grey level in sixteenths; always the same."""
    return np.random.default_rng(1).integers(-8, 8, (height, width), np.int8)
