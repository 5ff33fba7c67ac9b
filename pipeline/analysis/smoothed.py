"""The faces of a track as they are handed on: smoothed over the frames around each, and as steady as their skin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.analysis.landmarks import face_from_landmarks
from pipeline.analysis.smooth import REACH, WIDE_REACH, mean_form, smooth_shaped
from pipeline.analysis.trail import Trail
from pipeline.types import Face, FloatArray, Frame


def smoothed(trail: Trail, position: int, frames: Sequence[Frame], strength: float) -> Face:
    """A track's face in a frame, as steady as its skin is in the picture.

    Args:
        frames: that one and those after it which are known.
        strength: 0 to 1; see `smooth_landmarks`.
    """
    if strength > 0:
        for p, frame in enumerate(frames[: REACH + 1], start=position):
            if p not in trail.faces:
                break
            if p not in trail.skin.sights:
                trail.skin.see(p, frame, _landmarks(trail, p, strength))
        landmarks = trail.skin.held(position, REACH)
    else:
        landmarks = _landmarks(trail, position, strength)
    face = face_from_landmarks(landmarks, trail.faces[position].score, trail.number)
    form = mean_form([trail.taken_apart(p) for p in _run(trail, position)]) if strength > 0 else None
    return replace(face, embedding=trail.embedding, form=form, motion=trail.motion(position))


def _landmarks(trail: Trail, position: int, strength: float) -> FloatArray:
    """The track's landmarks in a frame, smoothed over the frames around it that belong together."""
    run = _run(trail, position)
    shapes, between = [trail.taken_apart(p) for p in run], [p in trail.between for p in run]
    return smooth_shaped(shapes, position - run.start, strength, between)


def _run(trail: Trail, position: int) -> range:
    """The frames around one that belong together."""
    first = last = position
    while position - first < WIDE_REACH and first - 1 in trail.faces:
        first -= 1
    while last - position < WIDE_REACH and last + 1 in trail.faces:
        last += 1
    return range(first, last + 1)
