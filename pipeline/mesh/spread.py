"""Values of the mesh's vertices, spread over the atlas."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.look_up import Axes
from pipeline.mesh.topology import ZONES, texels
from pipeline.types import FloatArray


def spread(values: FloatArray, size: int) -> FloatArray:
    """``(504, k)`` vertex values over a `size` × `size` atlas, ``(size, size, k)`` float32 (no last axis for k = 1).

    Drawn on a grid of at most 64 texels for small and 512 for large atlases, and enlarged: between vertices values are
    linear anyway.
    """
    return cv2.resize(_drawn(values, size), (size, size), interpolation=cv2.INTER_LINEAR)


def spread_apart(values: FloatArray, size: int) -> Axes:
    """`spread`, each of the values apart."""
    drawn = np.ascontiguousarray(_drawn(values, size).transpose(2, 0, 1))
    return tuple(cv2.resize(axis, (size, size), interpolation=cv2.INTER_LINEAR) for axis in drawn)


def _drawn(values: FloatArray, size: int) -> FloatArray:
    grid = min(size, 64 if size <= 2 * ZONES else 512)
    corner, weight, _ = texels(grid)
    corner, weight = corner.reshape(-1, 3), weight.reshape(-1, 3)
    result = np.zeros((grid * grid, values.shape[1]), np.float32)
    for place in range(3):
        result += values.take(corner[:, place], 0, mode="clip") * weight[:, place : place + 1]
    return result.reshape(grid, grid, -1)
