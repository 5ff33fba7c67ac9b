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
    corners = points[triangles].astype(np.float32)
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    low = np.maximum(np.ceil(corners.min(1)), 0).astype(np.int32)
    high = np.minimum(np.floor(corners.max(1)), [width - 1, height - 1]).astype(np.int32)
    span = high - low + 1
    keep = np.flatnonzero((area > 1e-6) & (span > 0).all(1))
    a, ab, ac, area, low, span = a[keep], ab[keep], ac[keep], area[keep, None], low[keep], span[keep]

    # Barycentric coordinates as planes over the picture: s = plane[0] + plane[1] * x + plane[2] * y.
    s_plane = np.hstack([np.zeros_like(area), ac[:, 1:] / area, -ac[:, :1] / area])
    t_plane = np.hstack([np.zeros_like(area), -ab[:, 1:] / area, ab[:, :1] / area])
    for plane in (s_plane, t_plane):
        plane[:, 0] = -(plane[:, 1] * a[:, 0] + plane[:, 2] * a[:, 1])

    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(count)), count)
    within = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)).astype(np.int32)
    row, column = np.divmod(within, np.repeat(span[:, 0], count))
    x, y = column + np.repeat(low[:, 0], count), row + np.repeat(low[:, 1], count)
    # In single precision throughout: an int32 beside a float32 would make doubles of both.
    planes = np.repeat(np.hstack([s_plane, t_plane]).astype(np.float32), count, axis=0)
    across, down = x.astype(np.float32), y.astype(np.float32)
    s = planes[:, 0] + planes[:, 1] * across + planes[:, 2] * down
    t = planes[:, 3] + planes[:, 4] * across + planes[:, 5] * down
    inside = np.flatnonzero((s >= -1e-4) & (t >= -1e-4) & (s + t <= 1.0001))
    return Hits(
        triangles[keep],
        which[inside],
        x[inside],
        y[inside],
        s[inside],
        t[inside],
    )


def rasterise(
    points: FloatArray, triangles: NDArray[np.int32], values: FloatArray, size: tuple[int, int]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Interpolate ``(n, k)`` vertex values over the pixels that the triangles cover; see `scan`.

    Returns:
        ``(height, width, k)`` float32 values (0 where nothing was drawn) and ``(height, width)`` bool coverage.
    """
    hits = scan(points, triangles, size)
    corners = values[hits.triangles]
    first, along, aside = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    result = np.zeros((size[1], size[0], values.shape[1]), np.float32)
    covered = np.zeros((size[1], size[0]), bool)
    drawn = first[hits.which]
    drawn += hits.s[:, None] * along[hits.which]
    drawn += hits.t[:, None] * aside[hits.which]
    result[hits.y, hits.x] = drawn
    covered[hits.y, hits.x] = True
    return result, covered
