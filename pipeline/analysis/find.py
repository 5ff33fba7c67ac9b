"""All faces of one frame with everything known about them: for sources, pictures and the detections of a video."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from pipeline.analysis.detect import FaceDetector
from pipeline.analysis.embed import FaceEmbedder
from pipeline.analysis.landmarks import Landmarker, region_from_points
from pipeline.types import Face, Frame

log = logging.getLogger(__name__)

SAME = 0.2
"""Two meshes whose points lie nearer than this, in face sizes on the average, are one face."""

SURE = 0.8
"""Least presence of a newly found mesh."""

OVERLAP = 0.6
"""Neither do two faces of one picture share more of their boxes, whatever way up their meshes are."""

CLEAR = 0.88
"""Detections that score less, or whose mesh is turned further than `TILT`, are looked at once more, from all sides."""

TILT = math.radians(14)


class FaceFinder:
    """Detector, landmarks and embedding in one. Holds no state between calls; may be shared by threads."""

    def __init__(self, threads: int = 1) -> None:
        """
        Args:
            threads: for the landmark network; the other two use OpenCV's.

        Raises:
            ModelError: a network's file is missing or altered, or cannot be run.
        """
        self.detector = FaceDetector()
        self.landmarker = Landmarker(threads)
        self.embedder = FaceEmbedder()

    def faces(self, frame: Frame, *, min_face: float | None = None) -> tuple[Face, ...]:
        """The faces of `frame` at any size and in-plane rotation, landmarks, pose and embedding included.

        The largest comes first.

        Args:
            frame: a picture, or a frame of a video.
            min_face: width in pixels of the smallest face wanted (see `FaceDetector`).
        """
        detections = self.detector(frame, turns=True, min_face=min_face)
        return tuple(self.identified(frame, face) for face in self.meshes(frame, detections))

    def meshes(self, frame: Frame, detections: Iterable[Face]) -> tuple[Face, ...]:
        """Those of `detections` that a mesh confirms, without embedding, duplicates removed, the largest first."""
        found: list[Face] = []
        for detection in detections:
            face = self._confirmed(frame, detection)
            if face is not None and not any(
                same_mesh(face, other) or face.box.iou(other.box) > OVERLAP for other in found
            ):
                found.append(face)
        return tuple(sorted(found, key=lambda face: -face.box.area))

    def identified(self, frame: Frame, face: Face) -> Face:
        """`face` with its embedding."""
        return replace(face, embedding=self.embedder(frame, face))

    def _confirmed(self, frame: Frame, detection: Face) -> Face | None:
        """The mesh of a detection, or ``None`` where there is no face after all."""
        face = self._mesh(frame, detection) if detection.score >= CLEAR else None
        if face is None or _tilt(face, detection) > TILT:
            # The network has a mesh for a face that lies askew in its crop, but not the right one.
            detection = self.detector.upright(frame, detection)
            face = self._mesh(frame, detection, rounds=3)
        if face is None or _tilt(face, detection) > 3 * TILT:
            log.debug("a detection of score %.2f shows no face", detection.score)
            return None
        return replace(face, score=detection.score)

    def _mesh(self, frame: Frame, detection: Face, rounds: int = 2) -> Face | None:
        assert detection.points is not None
        face = self.landmarker.face(frame, region_from_points(detection.points), rounds)
        # A mesh that slid off to a neighbour is the neighbour's own detection's business.
        return face if face is not None and face.score >= SURE and face.box.iou(detection.box) > 0.2 else None


def _tilt(face: Face, detection: Face) -> float:
    """Radians between the ways up of a mesh and of the five points it was looked for by."""
    assert face.points is not None and detection.points is not None
    turn = region_from_points(face.points).angle - region_from_points(detection.points).angle
    return abs(math.remainder(turn, math.tau))


def same_mesh(one: Face, other: Face) -> bool:
    """Whether two meshes lie on the same face."""
    return mesh_distance(one, other) < SAME


def mesh_distance(one: Face, other: Face) -> float:
    """Mean distance of the points of two meshes, in sizes (root of the box's area) of the smaller face."""
    if one.landmarks is None or other.landmarks is None:
        return 1 - one.box.iou(other.box)
    size = math.sqrt(max(1.0, min(one.box.area, other.box.area)))
    return float(np.linalg.norm(one.landmarks[:468, :2] - other.landmarks[:468, :2], axis=1).mean()) / size
