"""Where glasses sit on the atlas: which places of it are eyes, brows, bridge and hinges on every face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.topology import topology
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray

SIZE = 192
"""Texels along a side of the atlas that glasses are looked for on."""
LINE = 7
"""Width of the widest line that counts, in texels of the atlas at `SIZE`."""


@dataclass(frozen=True, eq=False)
class Seats:
    """``(192, 192)`` float32: 1 in the eyes' openings; on brows; on all of the face but these; where bridge and hinges
    are; above the folds beside the nose, where all that is dark and touches a rim is its own; and on the nose root,
    whose place is `nose`."""

    eyes: FloatArray
    brows: FloatArray
    tells: FloatArray
    joints: FloatArray
    high: FloatArray
    bridge: FloatArray
    nose: tuple[slice, slice]


@cache
def seats() -> Seats:
    _, x, y = _axes()
    eyes = np.zeros((SIZE, SIZE), np.uint8)
    for eye in (RIGHT_EYE, LEFT_EYE):
        cv2.fillPoly(eyes, [np.round(topology().uv[list(eye)] * SIZE - 0.5).astype(np.int32)], 1)
    bridge = (x < 0.2) & (y > -0.25) & (y < 0.16)
    hinges = (x > 1.2) & (x < 1.8) & (y > -0.4) & (y < 0.05)
    joints = cv2.GaussianBlur((bridge | hinges).astype(np.float32), (0, 0), 1.0)
    high = ((x < 1.8) & (y > -0.6) & (y < 0.25)).astype(np.float32)
    root = ((y > -0.22) & (y < 0.16) & (x < 0.16)).astype(np.float32)
    rows, columns = np.flatnonzero(root.max(1)), np.flatnonzero(root.max(0))
    nose = (
        slice(int(rows[0]) - LINE, int(rows[-1]) + LINE + 1),
        slice(int(columns[0]) - LINE, int(columns[-1]) + LINE + 1),
    )
    brows, face = (
        cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) for part in (topology().brows, topology().face)
    )
    soft = cv2.GaussianBlur(eyes.astype(np.float32), (0, 0), 0.6)
    tells = face * (1 - brows) * (1 - np.minimum(2 * soft, 1))
    return Seats(soft, brows, tells, joints, high, root, nose)


def _axes() -> tuple[NDArray[np.float64], ...]:
    """``(192, 192)`` each: across the atlas; from the middle line, eye corners at 1; down from the eyes, lip at 1."""
    mesh = topology()
    middle, outer, lip = mesh.uv[168], mesh.uv[263], mesh.uv[17]
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    return u, np.abs(u - middle[0]) / (outer[0] - middle[0]), (v - outer[1]) / (lip[1] - outer[1])
