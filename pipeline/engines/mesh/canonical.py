"""The canonical frame: a face as it would be seen from the front, in centimetres."""

from __future__ import annotations

import numpy as np

from pipeline.models.face_mesh import VERTICES
from pipeline.types import FloatArray


def canonical(landmarks: FloatArray, pose: FloatArray) -> FloatArray:
    """``(468, 3)`` landmarks carried back into the canonical frame, centimetres, y up."""
    back = np.linalg.inv(pose.astype(np.float64))
    points = landmarks[:VERTICES] * np.array([1, 1, -1], np.float32)
    return np.asarray(points @ back[:3, :3].T + back[:3, 3], np.float32)
