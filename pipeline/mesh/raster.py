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
    # `take` with a mode is several times quicker than indexing.
    corners = points.astype(np.float32, copy=False).take(triangles, 0, mode="clip")
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    low = np.maximum(np.ceil(corners.min(1)), 0).astype(np.int32)
    high = np.minimum(np.floor(corners.max(1)), np.array([width - 1, height - 1], np.float32)).astype(np.int32)
    span = high - low + 1
    keep = np.flatnonzero((area > 1e-6) & (span > 0).all(1))
    a, ab, ac, area = (each.take(keep, 0, mode="clip") for each in (a, ab, ac, area))
    low, span = low.take(keep, 0, mode="clip"), span.take(keep, 0, mode="clip")

    # Barycentric coordinates as planes over the picture: s = plane[0] + plane[1] * x + plane[2] * y.
    planes = []
    for across, down in ((ac[:, 1] / area, -ac[:, 0] / area), (-ab[:, 1] / area, ab[:, 0] / area)):
        planes += [-(across * a[:, 0] + down * a[:, 1]), across, down]

    count = span[:, 0] * span[:, 1]
    which = np.repeat(np.arange(len(count)), count)
    start = (np.cumsum(count) - count).astype(np.int32)
    within = np.arange(len(which), dtype=np.int32) - start.take(which, mode="clip")
    wide = span[:, 0].take(which, mode="clip")
    row = within // wide
    x, y = within - row * wide, row
    x += low[:, 0].take(which, mode="clip")
    y += low[:, 1].take(which, mode="clip")
    across, down = x.astype(np.float32), y.astype(np.float32)
    at, to_right, to_below, other_at, other_right, other_below = (plane.take(which, mode="clip") for plane in planes)
    s = at + to_right * across + to_below * down
    t = other_at + other_right * across + other_below * down
    inside = np.flatnonzero((s >= -1e-4) & (t >= -1e-4) & (s + t <= 1.0001))
    return Hits(
        triangles.take(keep, 0, mode="clip"),
        which.take(inside, mode="clip"),
        x.take(inside, mode="clip"),
        y.take(inside, mode="clip"),
        s.take(inside, mode="clip"),
        t.take(inside, mode="clip"),
    )


def rasterise(
    points: FloatArray, triangles: NDArray[np.int32], values: FloatArray, size: tuple[int, int]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Interpolate ``(n, k)`` vertex values over the pixels that the triangles cover; see `scan`.

    Returns:
        ``(height, width, k)`` float32 values (0 where nothing was drawn) and ``(height, width)`` bool coverage.
    """
    hits = scan(points, triangles, size)
    corners = values.take(hits.triangles, 0, mode="clip")
    drawn = corners[:, 0].take(hits.which, 0, mode="clip")
    for corner, weight in ((1, hits.s), (2, hits.t)):
        part = (corners[:, corner] - corners[:, 0]).take(hits.which, 0, mode="clip")
        part *= weight[:, None]
        drawn += part
    place = hits.y * np.int32(size[0]) + hits.x
    result = np.zeros((size[1], size[0], values.shape[1]), np.float32)
    covered = np.zeros((size[1], size[0]), bool)
    # Of several that are drawn at one place the last one stays.
    result.reshape(-1, values.shape[1])[place] = drawn
    covered.reshape(-1)[place] = True
    return result, covered
