"""Which face of a source photo is meant."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.analysis.landmarks import pose_angles
from pipeline.types import Face

AHEAD, AWAY = 25.0, 50.0
"""Degrees by which a head may be turned (or tilted) to count in full, and from which on it counts least."""
LEAST = 0.1
"""What such a face counts of its area: one from the front is taken before it, unless that is ten times smaller."""


def best_seen(faces: Sequence[Face]) -> Face:
    """The face of a photo that tells most of somebody: the largest, where it is not turned away.

    Args:
        faces: at least one, with `pose` where it is known.
    """
    return max(faces, key=lambda face: face.box.area * _ahead(face))


def from_left(faces: Sequence[Face]) -> tuple[Face, ...]:
    """The faces of a photo in the order in which people count them: number 1 is the first from the left."""
    return tuple(sorted(faces, key=lambda face: face.box.centre[0]))


def _ahead(face: Face) -> float:
    yaw, pitch = pose_angles(face.pose)[:2] if face.pose is not None else (0.0, 0.0)
    share = (max(abs(yaw), abs(pitch)) - AHEAD) / (AWAY - AHEAD)
    return 1 - (1 - LEAST) * min(max(share, 0.0), 1.0)
