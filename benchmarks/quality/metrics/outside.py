"""Is everything outside the face exactly as it was?

* ``outside.changed``: pixels that differ at all beyond the face's silhouette grown by 8 % of its size. Must be 0.
* ``outside.reach``: how far beyond the silhouette the farthest changed pixel lies, in face sizes.

The silhouette is that of all landmarks: of a turned head the far cheek and the nose lie beyond the face's outline.
Exact by definition; no calibration. Measured on frames before they are encoded, as an encoder changes every pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import face_size
from pipeline.models.face_mesh import VERTICES
from pipeline.types import FloatArray, ImageArray

ROOM = 0.08


def outside(target: ImageArray, result: ImageArray, meshes: Sequence[FloatArray]) -> Numbers:
    """
    Args:
        target, result: whole frames.
        meshes: landmarks of every face that was to be changed.
    """
    changed = (target != result).any(-1)
    beyond = np.ones(changed.shape, np.uint8)
    for mesh in meshes:
        cv2.fillConvexPoly(beyond, cv2.convexHull(np.round(mesh[:VERTICES, :2]).astype(np.int32)), 0)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5)
    size = max((face_size(mesh) for mesh in meshes), default=1.0)
    farthest = float(away[changed].max()) if changed.any() else 0.0
    return {
        "outside.changed": float(np.count_nonzero(changed & (away > max(1.5, ROOM * size)))),
        "outside.reach": farthest / size,
    }
