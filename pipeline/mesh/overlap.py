"""Where one part of a face lies before another, as the nose of a turned head before its cheek.

There the atlas leaps from one pixel of the coarse map to the next, and what is enlarged between them is a stair of
smeared steps. On a large face they would be seen; so that part of it is drawn more finely.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.raster import rasterise
from pipeline.types import FloatArray

COARSE = 4.0
"""Pixels of the crop to one of the coarse map, up to which nobody sees a step."""
FINER = 4
"""How many times more finely, on each side."""
LEAP, BESIDE = 0.03, 2.0
"""A leap is so much of the atlas' side, and so many times what the steps before and after it are."""
RIM = 7
"""Twice as many pixels of the coarse map, less one, lie about the outline, where no leap is one."""
FEWEST = 3
"""Leaps that are something to be seen."""

Part = tuple[slice, slice]


def overlaps(atlas_at: tuple[FloatArray, ...], seen: FloatArray) -> Part | None:
    """Rows and columns of a coarse map that hold all leaps of the atlas, with a pixel around; ``None`` without any.

    Args:
        atlas_at: u and v, ``(h, w)`` float32 in the unit square.
        seen: ``(h, w)`` float32, 1 where the face is.
    """
    found = np.zeros(seen.shape, bool)
    # Towards its outline a face turns away, and its atlas runs together.
    within = cv2.erode(seen, np.ones((RIM, RIM), np.uint8)) > 0.5
    for turned in (False, True):
        u, v, inside, leaps = (each.T if turned else each for each in (*atlas_at, within, found))
        step = np.maximum(np.abs(np.diff(u)), np.abs(np.diff(v))) * (inside[:, 1:] & inside[:, :-1])
        beside = np.maximum(step[:, :-2], step[:, 2:])
        leaps[:, 1:-2] |= (step[:, 1:-1] > LEAP) & (step[:, 1:-1] > BESIDE * beside)
    if np.count_nonzero(found) < FEWEST:
        return None
    rows, columns = (np.flatnonzero(found.any(axis)) for axis in (1, 0))
    return tuple(  # type: ignore[return-value]
        slice(max(0, int(places[0]) - 1), min(length, int(places[-1]) + 3))
        for places, length in ((rows, seen.shape[0]), (columns, seen.shape[1]))
    )


def draw_finely(
    points: FloatArray, triangles: NDArray[np.int32], uv: FloatArray, part: Part, scale: tuple[float, float]
) -> tuple[Part, FloatArray, FloatArray, NDArray[np.bool_]]:
    """A part of the face, as fine as the crop.

    Args:
        points: ``(n, 2)`` of the mesh in the crop.
        triangles: the one in front last.
        uv: ``(n, 2)`` atlas coordinates.
        part: rows and columns of the coarse map.
        scale: pixels of the crop to one of the coarse map, across and down.

    Returns:
        Rows and columns of the crop, u and v in them, and where the mesh is.
    """
    (left, right), (top, low) = (
        (round(each.start * factor), round(each.stop * factor)) for each, factor in zip(part[::-1], scale, strict=True)
    )
    width, height = right - left, low - top
    fine = tuple(max(2, round(length * FINER / factor)) for length, factor in zip((width, height), scale, strict=True))
    finer = np.array([fine[0] / width, fine[1] / height], np.float32)
    placed = (points - np.array([left, top], np.float32) + np.float32(0.5)) * finer - np.float32(0.5)
    drawn, covered = rasterise(placed, triangles, uv, (fine[0], fine[1]))
    u, v, there = (
        cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR)
        for each in (*drawn, covered.astype(np.float32))
    )
    # Beyond its outermost pixels a map can only be continued: the coarse one knows more there.
    rim = tuple(-(-length // (2 * cells)) for length, cells in zip((height, width), fine[::-1], strict=True))
    inner = slice(rim[0], height - rim[0]), slice(rim[1], width - rim[1])
    rows, columns = (slice(begin + r, end - r) for begin, end, r in ((top, low, rim[0]), (left, right, rim[1])))
    return (rows, columns), u[inner], v[inner], there[inner] > 0.999
