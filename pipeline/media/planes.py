"""Sample arithmetic on planar frames: views, BGR of a region, and adding a difference of BGR.

Functions here take numpy views of planes; `pipeline.media.frames` owns the frames they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.media.colour import Colour, from_bgr_difference, to_bgr
from pipeline.media.layout import Layout
from pipeline.types import ImageArray

Samples = NDArray[Any]
"""``(height, width)``, uint8 or uint16 by the layout's depth."""

_KINDS = np.dtype(np.uint8), np.dtype(np.uint16)
"""Of samples of 8 bits, and of more."""
_BGR_ORDER: Mapping[str, tuple[int, ...]] = {"grey": (0,), "gbr": (1, 0, 2), "yuv": (0, 1, 2)}
"""The planes that blue, green and red come from, or luma and chroma."""


def plane_view(frame: av.VideoFrame, plane: int, layout: Layout) -> Samples:
    """The samples of one plane, sharing memory with `frame`; valid until the frame is made writable or let go."""
    return plane_views(frame, (plane,), layout)[0]


def plane_views(frame: av.VideoFrame, which: Sequence[int], layout: Layout) -> list[Samples]:
    """`plane_view` of several planes. PyAV makes all of a frame's planes anew whenever it is asked for them, and tells
    sizes by a call each: that takes as long as small work on samples does."""
    planes, kind = frame.planes, _KINDS[layout.depth > 8]
    views = []
    for place in which:
        found = planes[place]
        line, width = found.line_size, found.width
        if line < 0:
            raise ValueError("the plane is stored bottom up")
        rows = np.frombuffer(cast(Any, found), kind).reshape(-1, line // kind.itemsize)
        views.append(rows[:, :width] if rows.shape[1] > width else rows)
    return views


def region_bgr(frame: av.VideoFrame, layout: Layout, colour: Colour, window: tuple[int, int, int, int]) -> ImageArray:
    """BGR uint8 of the window ``(x0, y0, x1, y1)``, which starts on whole chroma samples."""
    x0, y0, x1, y1 = window
    parts = plane_views(frame, _BGR_ORDER[layout.family], layout)
    if layout.family == "yuv":
        return _bgr([parts[0][y0:y1, x0:x1], *(_full_size(part, layout, window) for part in parts[1:])], layout, colour)
    return _bgr([part[y0:y1, x0:x1] for part in parts], layout, colour)


def deep_bgr(frame: av.VideoFrame, layout: Layout, colour: Colour) -> NDArray[np.uint16]:
    """The whole frame as BGR uint16 over the full range, for frames of more than 8 bits."""
    width, height = frame.width, frame.height
    parts = plane_views(frame, _BGR_ORDER[layout.family], layout)
    if layout.family == "grey":
        level = (parts[0].astype(np.float32) - colour.black) * (65535.0 / colour.luma_scale)
        return np.asarray(np.repeat(_to_16(level)[:, :, None], 3, axis=2))
    if layout.family == "gbr":
        return _to_16(cv2.merge(parts).astype(np.float32) * (65535.0 / ((1 << layout.depth) - 1)))
    whole = (0, 0, width, height)
    merged = cv2.merge([parts[0], *(_full_size(part, layout, whole) for part in parts[1:])])
    return _to_16(cv2.transform(merged.astype(np.float32), to_bgr(colour)) * 257.0)


def _to_16(samples: NDArray[Any]) -> NDArray[np.uint16]:
    return np.rint(np.clip(samples, 0.0, 65535.0)).astype(np.uint16)


def luma_part(frame: av.VideoFrame, layout: Layout, window: tuple[int, int, int, int]) -> ImageArray:
    """Luma, or green, as uint8, of the window ``(x0, y0, x1, y1)``; a copy."""
    x0, y0, x1, y1 = window
    part = plane_view(frame, 0, layout)[y0:y1, x0:x1]
    if layout.depth > 8:
        part = part >> (layout.depth - 8)
    return part.astype(np.uint8)


def small_bgr(frame: av.VideoFrame, layout: Layout, colour: Colour, size: tuple[int, int]) -> ImageArray:
    """BGR uint8 of the whole frame, reduced to ``(width, height)``: planes first, so that little is converted."""
    parts = [reduced(view, size) for view in plane_views(frame, _BGR_ORDER[layout.family], layout)]
    return _bgr(parts, layout, colour)


def _bgr(parts: list[Samples], layout: Layout, colour: Colour) -> ImageArray:
    """BGR uint8 of samples of one size, in the order of `_BGR_ORDER`."""
    if layout.family == "grey":
        return np.asarray(cv2.cvtColor(_grey_to_8(parts[0], colour), cv2.COLOR_GRAY2BGR), np.uint8)
    merged = cv2.merge(parts)
    if layout.family == "gbr":
        return np.asarray(merged if layout.depth == 8 else _to_8(merged, 255.0 / ((1 << layout.depth) - 1)), np.uint8)
    matrix = to_bgr(colour)
    if layout.depth == 8:
        return np.asarray(cv2.transform(merged, matrix), np.uint8)
    # Sixteen-bit samples go through float: cv2.transform would saturate to their own type.
    return _to_8(cv2.transform(merged.astype(np.float32), matrix), 1.0)


def _full_size(chroma: Samples, layout: Layout, window: tuple[int, int, int, int]) -> Samples:
    """Chroma of the window at luma size. One more sample each side is read, so that the border interpolates alike."""
    x0, y0, x1, y1 = window
    if not (layout.shift_x or layout.shift_y):
        return chroma[y0:y1, x0:x1]
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    left, top = max(0, x0 // step_x - 1), max(0, y0 // step_y - 1)
    right, bottom = min(chroma.shape[1], -(-x1 // step_x) + 1), min(chroma.shape[0], -(-y1 // step_y) + 1)
    part = chroma[top:bottom, left:right]
    size = ((right - left) * step_x, (bottom - top) * step_y)
    large = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    off_x, off_y = x0 - left * step_x, y0 - top * step_y
    return np.asarray(large[off_y : off_y + y1 - y0, off_x : off_x + x1 - x0])


def _to_8(samples: Samples, scale: float) -> ImageArray:
    """Scaled, rounded and clipped to uint8."""
    return np.asarray(cv2.multiply(samples, np.array([scale] * 4), dtype=cv2.CV_8U), np.uint8)


def _grey_to_8(luma: Samples, colour: Colour) -> ImageArray:
    if colour.full and colour.depth == 8:
        return np.asarray(luma, np.uint8)
    black = np.array([float(colour.black)] * 4)
    return _to_8(cv2.subtract(luma, black, dtype=cv2.CV_32F), 255.0 / colour.luma_scale)


def add_difference(
    frame: av.VideoFrame,
    layout: Layout,
    colour: Colour,
    origin: tuple[int, int],
    before: ImageArray,
    after: ImageArray,
) -> None:
    """Add ``after - before`` (BGR uint8) to the planes of a writable frame, the top-left at `origin`.

    Only the difference goes through the matrix, so offsets and rounding cancel: where both are equal, samples keep
    their exact values. Samples that were legal stay legal; those that were not are not pulled in unless they change.
    """
    (x, y), (height, width) = origin, before.shape[:2]
    difference = cv2.subtract(after, before, dtype=cv2.CV_32F)
    if layout.family == "gbr":
        scale = ((1 << layout.depth) - 1) / 255.0
        for plane, channel in zip(plane_views(frame, (0, 1, 2), layout), (1, 0, 2), strict=True):
            view = plane[y : y + height, x : x + width]
            _add(view, difference[:, :, channel] * scale, (0, (1 << layout.depth) - 1))
        return
    matrix = from_bgr_difference(colour)
    if layout.family == "grey":
        luma = plane_view(frame, 0, layout)[y : y + height, x : x + width]
        _add(luma, cv2.transform(difference, matrix[:1]), colour.luma_limits)
        return
    whole, *chroma = plane_views(frame, (0, 1, 2), layout)
    luma = whole[y : y + height, x : x + width]
    _add(luma, cv2.transform(difference, matrix[:1]), colour.luma_limits)
    small = _averaged(np.asarray(difference, np.float32), layout)
    left, top = x >> layout.shift_x, y >> layout.shift_y
    for plane, row in zip(chroma, (matrix[1:2], matrix[2:3]), strict=True):
        view = plane[top : top + small.shape[0], left : left + small.shape[1]]
        # One row of the matrix at a time: OpenCV is quick for one channel and for three, and slow for two.
        _add(view, cv2.transform(small, row), colour.chroma_limits)


def _averaged(difference: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """The mean over each chroma sample's pixels; at an odd edge, over those that there are."""
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    height, width = difference.shape[:2]
    right, bottom = -width % step_x, -height % step_y
    if right or bottom:
        difference = np.asarray(cv2.copyMakeBorder(difference, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.float32)
        height, width = difference.shape[:2]
    if step_x == step_y == 1:
        return difference
    size = (width // step_x, height // step_y)
    return np.asarray(cv2.resize(difference, size, interpolation=cv2.INTER_AREA), np.float32)


def _add(view: Samples, difference: NDArray[Any], limits: tuple[int, int]) -> None:
    """Add a rounded difference in place; results stay within `limits`, or within the old value outside of them."""
    low, high = limits
    depth = cv2.CV_8U if view.dtype == np.uint8 else cv2.CV_16U
    # The sum is rounded from an integer plus the difference, so a zero difference gives the old value exactly.
    total = cv2.add(view, difference, dtype=depth)
    darkest, lightest, *_ = cv2.minMaxLoc(total)
    if darkest < low or lightest > high:
        kind = view.dtype.type
        total = np.minimum(total, np.maximum(view, kind(high)))
        total = np.maximum(total, np.minimum(view, kind(low)))
    view[:] = total


def reduced_luma(frame: av.VideoFrame, layout: Layout, size: tuple[int, int]) -> ImageArray:
    """The luma plane (the weighted mean of RGB planes), reduced to ``(width, height)``; ``(height, width)`` uint8."""
    order = (0, 1, 2) if layout.family == "gbr" else (0,)
    small = [reduced(view, size) for view in plane_views(frame, order, layout)]
    mixed = small[0] if len(small) == 1 else small[0] * 0.7152 + small[1] * 0.0722 + small[2] * 0.2126
    return np.asarray(mixed / (1 << (layout.depth - 8)) if layout.depth > 8 else mixed, np.uint8)


def reduced(samples: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Samples at ``(width, height)``: halved as long as that goes, and then interpolated.

    Interpolating by less than a half leaves hardly a sample out, and is many times quicker than averaging over parts of
    samples.
    """
    while samples.shape[1] >= 2 * size[0] and samples.shape[0] >= 2 * size[1]:
        half = samples[: samples.shape[0] // 2 * 2, : samples.shape[1] // 2 * 2]
        samples = np.asarray(cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    if samples.shape[1::-1] == size:
        return samples.copy()
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_LINEAR))


def within(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size of a picture that is reduced to so many pixels on its longer side, if it has more."""
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def luma_miniature(frame: av.VideoFrame, layout: Layout, size: tuple[int, int] = (64, 36)) -> ImageArray:
    """The luma plane (the weighted mean of RGB planes) as ``(36, 64)`` uint8."""
    if layout.family == "gbr":
        small = [cv2.resize(plane_view(frame, p, layout), size, interpolation=cv2.INTER_AREA) for p in (0, 1, 2)]
        mixed = small[0] * 0.7152 + small[1] * 0.0722 + small[2] * 0.2126
    else:
        plane = plane_view(frame, 0, layout)
        # Single samples, five for each place across and down, tell a picture's light as well as all of them.
        step = max(1, min(plane.shape[1] // (5 * size[0]), plane.shape[0] // (5 * size[1])))
        sparse = (plane.shape[1] // step, plane.shape[0] // step)
        mixed = cv2.resize(
            cv2.resize(plane, sparse, interpolation=cv2.INTER_NEAREST), size, interpolation=cv2.INTER_AREA
        )
    if layout.depth > 8:
        return np.asarray(mixed / (1 << (layout.depth - 8)), np.uint8)
    return np.asarray(mixed, np.uint8)
