"""Drawing a triangle mesh as a dense map of interpolated vertex values, in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray


@dataclass(frozen=True, eq=False)
class Hits:
    """Every pixel of every triangle, in drawing order.

    Attributes:
        triangles: ``(m, 3)`` int32, the triangles that are seen at all.
        which: ``(n,)`` index into `triangles`.
        x, y: ``(n,)`` pixel coordinates.
        s, t: ``(n,)`` float32 weights of the second and third corner.
    """

    triangles: NDArray[np.int32]
    which: NDArray[np.intp]
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    s: FloatArray
    t: FloatArray


def scan(points: FloatArray, triangles: NDArray[np.int32], size: tuple[int, int]) -> Hits:
    """The pixels whose centres lie in each triangle that is turned towards us (positive area).

    One vectorised pass over the pixels of all bounding boxes, instead of a drawing call for each triangle.

    Args:
        points: ``(n, 2)`` float32 positions in pixels.
        triangles: ``(m, 3)`` int32 vertex indices, the one in front last.
        size: ``(width, height)`` of the picture.
    """
    width, height = size
    # `take` with a mode is several times quicker than indexing, and rows of what is used together than each by itself.
    x, y = np.ascontiguousarray(
        points.astype(np.float32, copy=False).take(triangles, 0, mode="clip").transpose(2, 1, 0)
    )
    across, down = x[1:] - x[0], y[1:] - y[0]
    area = across[0] * down[1] - down[0] * across[1]
    left, top = (np.maximum(np.ceil(_least(axis)), 0).astype(np.int32) for axis in (x, y))
    wide, high = (
        np.minimum(np.floor(-_least(-axis)), np.float32(length - 1)).astype(np.int32) - low + 1
        for axis, low, length in ((x, left, width), (y, top, height))
    )
    keep = np.flatnonzero((area > 1e-6) & (wide > 0) & (high > 0))
    x0, y0, across_b, across_c, down_b, down_c, area = np.stack([x[0], y[0], *across, *down, area]).take(
        keep, 1, mode="clip"
    )
    left, top, wide, high = np.stack([left, top, wide, high]).take(keep, 1, mode="clip")

    # Barycentric coordinates as planes over the picture: s = plane[0] + plane[1] * x + plane[2] * y.
    planes = np.empty((len(keep), 6), np.float32)
    for first, right, below in ((0, down_c / area, -across_c / area), (3, -down_b / area, across_b / area)):
        planes[:, first], planes[:, first + 1], planes[:, first + 2] = -(right * x0 + below * y0), right, below

    count = wide * high
    which = np.repeat(np.arange(len(count)), count)
    begin = (np.cumsum(count) - count).astype(np.int32)
    begin, wide, left, top = np.stack([begin, wide, left, top], 1).take(which, 0, mode="clip").T
    within = np.arange(len(which), dtype=np.int32) - begin
    row = within // wide
    column, row = within - row * wide + left, row + top
    at, to_right, to_below, other_at, other_right, other_below = planes.take(which, 0, mode="clip").T
    x, y = column.astype(np.float32), row.astype(np.float32)
    s = at + to_right * x + to_below * y
    t = other_at + other_right * x + other_below * y
    inside = np.flatnonzero((s >= -1e-4) & (t >= -1e-4) & (s + t <= 1.0001))
    s, t = s.take(inside, mode="clip"), t.take(inside, mode="clip")
    which, column, row = (each.take(inside, mode="clip") for each in (which, column, row))
    places = np.asarray(column, np.int32), np.asarray(row, np.int32)
    return Hits(triangles.take(keep, 0, mode="clip"), which, *places, s, t)


def _least(corners: FloatArray) -> FloatArray:
    """The least of three rows: numpy's own reduction is slow along so short an axis."""
    return np.minimum(np.minimum(corners[0], corners[1]), corners[2])


def rasterise(
    points: FloatArray, triangles: NDArray[np.int32], values: FloatArray, size: tuple[int, int]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Interpolate ``(n, k)`` vertex values over the pixels that the triangles cover; see `scan`.

    Returns:
        ``(k, height, width)`` float32 maps, one of each value (0 where nothing was drawn), and ``(height, width)`` bool
        coverage.
    """
    hits, (width, height) = scan(points, triangles, size), size
    a, b, c = np.ascontiguousarray(values.take(hits.triangles, 0, mode="clip").transpose(1, 2, 0))
    count = len(hits.which)
    drawn = np.zeros((values.shape[1], count + 1), np.float32)  # with a place for nothing
    found = drawn[:, :-1]
    np.multiply((b - a).take(hits.which, 1, mode="clip"), hits.s, out=found)
    found += a.take(hits.which, 1, mode="clip")
    found += (c - a).take(hits.which, 1, mode="clip") * hits.t
    # Of several that are drawn at one place the last one stays.
    last = np.full(height * width, count)
    last[hits.y * np.intp(width) + hits.x] = np.arange(count)
    return drawn.take(last, 1, mode="clip").reshape(-1, height, width), (last < count).reshape(height, width)
