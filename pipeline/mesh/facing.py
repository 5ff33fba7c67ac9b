"""How far the surface of a face is turned towards the camera."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.topology import topology
from pipeline.types import FloatArray


def facing(points: FloatArray) -> FloatArray:
    """``(504,)`` float32 cosine between each vertex' normal and the line of sight, negative on the far side.

    Args:
        points: ``(504, 3)`` mesh with margin, depth growing away from the camera.
    """
    corners = np.ascontiguousarray(points.T).take(topology().triangles.T, 1, mode="clip")
    (ax, ay, az), (bx, by, bz) = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
    # The normals of all triangles about each vertex, x, y and z of all vertices in one row.
    every = np.repeat(normals[:, None], 3, 1).ravel()
    total = np.bincount(_normals_of(len(points)), every, 3 * len(points)).reshape(3, -1)
    return np.asarray(total[2] / (np.sqrt((total * total).sum(0)) + 1e-6), np.float32)


@cache
def _normals_of(count: int) -> NDArray[np.intp]:
    """Where in a row of x, y and z of so many vertices each corner of each triangle belongs."""
    corners = topology().triangles.T.ravel()
    return np.concatenate([corners + axis * count for axis in range(3)])
