"""Moving the target's inner features part of the way to where the source has them.

Eyes, nose and mouth are moved as wholes, by the difference between the two faces' canonical shapes, so that expression
stays the target's. The outline does not move. Where features go is measured only at points that expression hardly
moves.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import topology
from pipeline.models.face_mesh import FACE_OVAL, VERTICES, face_mesh
from pipeline.types import FloatArray

ANCHORS = ((33, 133), (263, 362), (168, 6), (1, 4), (98, 327, 2), (61, 291, 0))
"""Landmarks whose means are moved: the two eyes, nose root, tip and base, mouth."""
REACH = 2.6
"""Radius of influence of an anchor in centimetres."""
FLIP = np.array([1, 1, -1], np.float32)
"""Depth grows away from the camera in a picture, and towards it in the canonical frame."""
LIMIT = 0.55
"""No anchor moves farther than this, in centimetres."""


def move_towards(landmarks: FloatArray, pose: FloatArray, shape: FloatArray, amount: float) -> FloatArray:
    """`landmarks` ``(478, 3)`` with features moved by `amount` (0 to 1) towards the proportions of `shape`.

    Args:
        pose: ``(4, 4)`` of the landmarks, see `Face.pose`.
        shape: ``(468, 3)`` canonical shape of the source, centimetres.
    """
    if amount <= 0:
        return landmarks
    # Means of what is carried back are what means of it are carried back to: six points rather than all.
    wanted = _means() @ shape - canonical(_means() @ landmarks[:VERTICES], pose)
    wanted[:, 2] *= 0.5
    wanted *= np.minimum(1, LIMIT / (np.sqrt((wanted * wanted).sum(1, keepdims=True)) + 1e-6))
    way = (wanted * np.float32(amount)) @ pose[:3, :3].T * FLIP
    return landmarks + _influence() @ way.astype(np.float32)


def canonical(landmarks: FloatArray, pose: FloatArray) -> FloatArray:
    """The first 468 of ``(n, 3)`` landmarks carried back into the canonical frame, centimetres, y up."""
    back = np.linalg.inv(pose.astype(np.float64))
    points = landmarks[:VERTICES] * FLIP
    return np.asarray(points @ back[:3, :3].T + back[:3, 3], np.float32)


@cache
def _means() -> FloatArray:
    """``(6, 468)``: the mean of each anchor's landmarks."""
    rows = np.zeros((len(ANCHORS), VERTICES), np.float32)
    for row, group in zip(rows, ANCHORS, strict=True):
        row[list(group)] = 1 / len(group)
    return rows


@cache
def _influence() -> FloatArray:
    """``(478, 6)``: how much each landmark follows each anchor, 0 on the outline. An iris goes where its eye does."""
    mesh = face_mesh()
    centres = np.array([mesh.vertices[list(group)].mean(0) for group in ANCHORS])
    distance = np.linalg.norm(mesh.vertices[:, None, :2] - centres[None, :, :2], axis=2)
    weights = np.exp(-0.5 * (distance / (REACH / 2)) ** 2) + 1e-9
    shares = weights / weights.sum(1, keepdims=True)
    uv = topology().uv[:VERTICES]
    outline = uv[list(FACE_OVAL)].astype(np.float32)
    inside = np.array([cv2.pointPolygonTest(outline, (float(u), float(v)), True) for u, v in uv])
    depth = np.clip(inside / 0.17, 0, 1)
    vertices = shares * (depth * depth * (3 - 2 * depth))[:, None]
    irises = [np.repeat(vertices[list(eye)].mean(0, keepdims=True), 5, 0) for eye in ((33, 133), (263, 362))]
    return np.concatenate([vertices, *irises]).astype(np.float32)
