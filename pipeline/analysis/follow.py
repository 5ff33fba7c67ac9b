"""A track is led on from frame to frame, or over several at once where its face is calm."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pipeline.analysis.between import Between, Patch, patch_of
from pipeline.analysis.landmarks import Landmarker, face_from_landmarks, region_from_landmarks
from pipeline.analysis.trail import Trail
from pipeline.types import Face, Frame

LOST = 0.35
"""A tracked face whose presence is lower is lost. Lower than for a new one, so that a blurred frame does not matter."""
CLEAR = 0.6
"""Presence that a mesh needs for frames to be leapt over."""
ASTRAY = 0.12
"""Sides of its crop that a face may lie beside where a leap expected it."""
WARY = 12
"""Frames after a leap that failed in which every frame is looked at."""

At = Callable[[int], Frame]
"""The frame at a position."""


class Follower:
    """Follows tracks. Holds no state but that of the trails."""

    def __init__(self, landmarker: Landmarker) -> None:
        self._landmarker = landmarker

    def look(self, frame: Frame, trail: Trail, position: int, step: int, presence: float) -> Face | None:
        """The face of `trail` in a frame, from that of the frame before (`step` 1) or after (-1)."""
        landmarks, found = self._landmarker(frame, trail.region(position, step))
        return face_from_landmarks(landmarks, found, trail.number) if found >= presence else None

    def lead(self, trail: Trail, position: int, at: At) -> bool:
        """Lead `trail` on to `position`, with a face in each frame on the way; whether it still has one there."""
        if position == trail.last or (position - trail.last > 1 and self._leap(trail, position, at)):
            return True
        trail.steady = False
        for p in range(trail.last + 1, position + 1):
            face = self.look(at(p), trail, p, 1, LOST)
            if face is None:
                return False
            trail.faces[p], trail.last = face, p
        return True

    def _leap(self, trail: Trail, position: int, at: At) -> bool:
        """Look at the newest frame only, and at those between where something stirs; whether all of it is certain."""
        start, count = trail.last, position - trail.last
        trail.wary = position + WARY
        face = self._landing(at(position), trail, position)
        if face is None:
            return False
        first, last = self._patch(trail, start, at), _patch(at(position), face)
        gap = Between(first, last)
        trail.steady = trail.steady and gap.alike
        faces, between = {position: face}, set()
        for p in range(start + 1, position):
            share = (p - start) / count
            mesh = gap.mesh(at(p), share) if gap.calm else None
            score = trail.faces[start].score + share * (face.score - trail.faces[start].score)
            if mesh is not None:
                between.add(p)
            else:
                region = region_from_landmarks(first.mesh + np.float32(share) * (last.mesh - first.mesh))
                mesh, score = self._landmarker(at(p), region)
                if score < LOST:
                    return False
            faces[p] = face_from_landmarks(mesh, score, trail.number)
        trail.faces |= faces
        trail.between |= between
        trail.last, trail.wary, trail.patch = position, start, last
        return True

    def _landing(self, frame: Frame, trail: Trail, position: int) -> Face | None:
        """The face in the newest frame, if it is found clearly and about where it was expected."""
        expected = trail.ahead(position)
        landmarks, found = self._landmarker(frame, expected)
        if found < CLEAR:
            return None
        there = region_from_landmarks(landmarks)
        if math.hypot(there.x - expected.x, there.y - expected.y) > ASTRAY * expected.side:
            return None
        return face_from_landmarks(landmarks, found, trail.number)

    def _patch(self, trail: Trail, position: int, at: At) -> Patch:
        face = trail.faces[position]
        if trail.patch is not None and trail.patch.mesh is face.landmarks:
            return trail.patch
        return _patch(at(position), face)


def _patch(frame: Frame, face: Face) -> Patch:
    assert face.landmarks is not None
    return patch_of(frame, face.landmarks)
