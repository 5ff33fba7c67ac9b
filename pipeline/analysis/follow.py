"""A track is led on from frame to frame, or over several at once where its face is calm."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pipeline.analysis.between import Between, Patch, patch_of
from pipeline.analysis.beyond import BEYOND, beyond, led_on
from pipeline.analysis.landmarks import Landmarker, face_from_landmarks, region_from_landmarks
from pipeline.analysis.trail import Trail
from pipeline.types import Face, Frame

LOST = 0.35
"""A tracked face whose presence is lower is lost. Lower than for a new one, so that a blurred frame does not matter."""
CLEAR = 0.6
"""Presence that a mesh needs for frames to be leapt over."""
ASTRAY = 0.12
"""Sides of its crop that a face may lie beside where a leap expected it."""
BACK = 8
"""Frames over which it is taken back how far a mesh had drifted while the network saw none."""
WARY = 12
"""Frames after a leap that failed in which every frame is looked at."""
WHOLE = 4
"""Frames of the longest leap that is not tried once more in two halves."""

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
        count = position - trail.last
        if count == 0 or (count > 1 and self._leap(trail, position, at)):
            return True
        trail.calm = 0
        if count > WHOLE:
            return self.lead(trail, trail.last + count // 2, at) and self.lead(trail, position, at)
        trail.steady = False
        return all(self.step(trail, p, 1, LOST, at) for p in range(trail.last + 1, position + 1))

    def step(self, trail: Trail, position: int, step: int, presence: float, at: At) -> bool:
        """Lead `trail` to the next frame (`step` 1) or to the one before (-1); whether it still has a face there."""
        face = self.look(at(position), trail, position, step, presence)
        if face is None or (trail.led and face.score < CLEAR):
            led = self._beyond(trail, position, step, at)
            if led is not None:
                trail.faces[position], trail.last = led, max(trail.last, position)
                trail.between.add(position)
                trail.led, trail.wary = trail.led + 1, max(trail.wary, position + 1)
                return True
        if face is None:
            return False
        if trail.led and step > 0:
            self._take_back(trail, face, position, at)
        trail.faces[position], trail.last, trail.led = face, max(trail.last, position), 0
        return True

    def _beyond(self, trail: Trail, position: int, step: int, at: At) -> Face | None:
        """The face of which the network sees too little, as it is partly beyond the border."""
        face, frame = trail.faces[position - step], at(position)
        mesh = face.landmarks
        assert mesh is not None
        region, moving = region_from_landmarks(mesh), trail.region(position, step)
        guess = mesh + np.array([moving.x - region.x, moving.y - region.y, 0], np.float32)
        if beyond(guess, frame) < BEYOND:
            return None
        landmarks = led_on(at(position - step), mesh, frame, guess)
        return None if landmarks is None else face_from_landmarks(landmarks, face.score, trail.number)

    def _take_back(self, trail: Trail, face: Face, position: int, at: At) -> None:
        """Let the meshes that were led on without the network come to where it sees the face again."""
        expected = self._beyond(trail, position, 1, at)
        if expected is None:
            return
        assert face.landmarks is not None and expected.landmarks is not None
        drifted, count = face.landmarks - expected.landmarks, min(trail.led, BACK)
        for back in range(1, count + 1):
            late = trail.faces[position - back]
            assert late.landmarks is not None
            landmarks = late.landmarks + drifted * np.float32(1 - back / (count + 1))
            trail.faces[position - back] = face_from_landmarks(landmarks, late.score, trail.number)

    def _leap(self, trail: Trail, position: int, at: At) -> bool:
        """Look at the newest frame only, and at those between where something stirs; whether all of it is certain.

        A long leap is given up where a feature lies otherwise at its end: halves of it may be calm.
        """
        start, count = trail.last, position - trail.last
        trail.wary = position + WARY
        face = self._landing(at(position), trail, position)
        if face is None:
            return False
        first, last = self._patch(trail, start, at), _patch(at(position), face)
        gap = Between(first, last)
        if not gap.calm and count > WHOLE:
            return False
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
        trail.calm = trail.calm + 1 if len(between) == count - 1 else 0
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
