"""Faces followed live: each frame is answered when it comes, with nothing known of those after it.

As in `track`, a face that is known costs one run of the landmark network a frame, and the detector looks for new ones
now and then. What needs a look-ahead is missing: a face begins where it is found, and landmarks are held to the skin
(`Steady`), or smoothed where it is not seen (`smooth_newest`), by the past only. Tracks carry no embedding: whoever is
before the camera is recast.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.analysis.find import FaceFinder, same_mesh
from pipeline.analysis.follow import LOST
from pipeline.analysis.landmarks import Region, face_from_landmarks, region_from_landmarks
from pipeline.analysis.smooth import PAST, at_rest, mean_form, shaped, smooth_newest
from pipeline.analysis.steady import Steady
from pipeline.analysis.trail import moving_region, unmatched
from pipeline.types import Face, FloatArray, Frame

log = logging.getLogger(__name__)

LOOK, ANXIOUS = 1.0, 0.15
"""Seconds between two looks for new faces: while somebody is followed, and while nobody is."""

GAP = 0.4
"""Seconds without a frame after which the past says nothing about how a face moves."""

REACH = 10
"""The smallest face looked for is so many times smaller than the frame is long: nobody sits further from a webcam."""

FAR = 20
"""Likewise while nobody is followed."""

FORM = 45
"""Frames over which a face's form is told."""

MOST = 4
"""Faces followed at once, the largest; it bounds the time of a frame."""


@dataclass(eq=False)
class _Followed:
    """One face: its meshes of the last frames, and when the newest was seen."""

    number: int
    time: float
    faces: deque[Face] = field(default_factory=lambda: deque(maxlen=PAST + 1))
    smooth: float = 0.0
    steady: Steady = field(default_factory=Steady)
    count: int = 0
    held: deque[Face] = field(default_factory=lambda: deque(maxlen=PAST + 1))
    form: FloatArray | None = None
    formed: int = 0

    def region(self, time: float) -> Region:
        """Where the face should be at `time`, going on as it moved; what was seen long ago says nothing of that."""
        newest = self.faces[-1]
        assert newest.landmarks is not None
        region = region_from_landmarks(newest.landmarks)
        steady = len(self.faces) > 1 and not self.stale(time)
        return moving_region(region, newest, self.faces[-2]) if steady else region

    def stale(self, time: float) -> bool:
        return not 0 <= time - self.time <= GAP

    def see(self, face: Face, frame: Frame) -> None:
        """Take the face's newest mesh."""
        assert face.landmarks is not None
        if self.stale(frame.time):
            self.forget()
        if self.smooth > 0:
            self.count += 1
            self.steady.see(self.count, frame, face.landmarks)
            self.steady.forget_before(self.count - PAST)
            held = self.steady.held(self.count, PAST)
            moved = bool(np.any(held != face.landmarks))
            self.held.append(face_from_landmarks(held, face.score, self.number) if moved else face)
        self.faces.append(face)
        self.time = frame.time

    def motion(self) -> tuple[float, float]:
        """Pixels that the face moved across and down since the frame before."""
        if len(self.faces) < 2:
            return 0.0, 0.0
        (from_x, from_y), (x, y) = self.faces[-2].box.centre, self.faces[-1].box.centre
        return x - from_x, y - from_y

    def shape(self, mesh: FloatArray, pose: FloatArray) -> FloatArray:
        """The face's form, once its newest mesh is known: who it is changes with no frame."""
        newest = mean_form([shaped(mesh, pose)])
        self.formed = 1 if self.form is None else min(self.formed + 1, FORM)
        self.form = newest if self.form is None else self.form + (newest - self.form) / np.float32(self.formed)
        return self.form

    def forget(self) -> None:
        """What was seen says nothing of what will be."""
        self.faces.clear()
        self.held.clear()
        self.steady.clear()
        self.form = None


class CausalTracker:
    """Follows faces from frame to frame without holding frames back. One for each camera; not to be shared by threads.

    Args:
        finder: may be shared with others.
        smooth: strength of the temporal smoothing, 0 to 1 (see `smooth_newest`).
    """

    def __init__(self, finder: FaceFinder, *, smooth: float = 0.5) -> None:
        self._finder, self._smooth = finder, smooth
        self._followed: list[_Followed] = []
        self._numbers = 0
        self._width = 0
        self._looked = float("-inf")

    def __call__(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of `frame`, which comes after those before it, the largest first.

        Each has `track`, landmarks, points, pose and box. `Frame.time` says how long ago the last frame was; a camera
        may be of any rate, and change its size.
        """
        if frame.width != self._width:
            self._scale(frame.width)
        lost = self._follow(frame)
        waited = frame.time - self._looked
        if lost or waited >= (LOOK if self._followed else ANXIOUS) or waited < 0:
            self._looked = frame.time
            self._look(frame)
        faces = [replace(self._smoothed(followed), motion=followed.motion()) for followed in self._followed]
        return tuple(sorted(faces, key=lambda face: -face.box.area))

    def smoothed_by(self, smooth: float) -> None:
        """Go on with another strength of the temporal smoothing, from the next frame on."""
        self._smooth = smooth
        for followed in self._followed:
            followed.smooth = smooth
            if smooth <= 0:
                # It will have holes by the time that it is asked for again.
                followed.held.clear()
                followed.steady.clear()

    def _scale(self, width: int) -> None:
        """From here on frames are so wide: the same view, larger or smaller."""
        before, self._width = self._width, width
        for followed in self._followed:
            newest = followed.faces[-1]
            assert newest.landmarks is not None
            scaled = face_from_landmarks(newest.landmarks * np.float32(width / before), newest.score, followed.number)
            followed.forget()
            followed.faces.append(scaled)
            followed.held.append(scaled)

    def _follow(self, frame: Frame) -> bool:
        """Move every face on to `frame`; whether one was lost."""
        kept: list[_Followed] = []
        for followed in self._followed:
            landmarks, presence = self._finder.landmarker(frame, followed.region(frame.time))
            if presence < LOST:
                continue
            face = face_from_landmarks(landmarks, presence, followed.number)
            # Two that have come to lie on one face are one; the older one stays.
            if not any(same_mesh(face, other.faces[-1]) for other in kept):
                followed.see(face, frame)
                kept.append(followed)
        lost = len(kept) < len(self._followed)
        self._followed = kept
        return lost

    def _look(self, frame: Frame) -> None:
        """Find faces that are not followed yet."""
        known = [followed.faces[-1] for followed in self._followed]
        least = max(frame.width, frame.height) / (REACH if known else FAR)
        detections = self._finder.detector(frame, turns=not known, min_face=least, fine_turns=False)
        for face in self._finder.meshes(frame, unmatched(detections, known))[: MOST - len(known)]:
            if any(same_mesh(face, other) for other in known):
                continue
            self._numbers += 1
            followed = _Followed(self._numbers, frame.time, smooth=self._smooth)
            followed.see(replace(face, track=self._numbers), frame)
            self._followed.append(followed)
            log.debug("face %d is followed from here on", self._numbers)

    def _smoothed(self, followed: _Followed) -> Face:
        newest = followed.faces[-1]
        if self._smooth <= 0:
            return newest
        held = followed.held[-1]
        meshes = [face.landmarks for face in followed.held if face.landmarks is not None]
        poses = [face.pose for face in followed.held if face.pose is not None]
        form = followed.shape(meshes[-1], poses[-1])
        # What is held to the skin of a moving head needs no more, and what the past says of a movement comes too late.
        if held is not newest and not at_rest(poses, len(poses) - 1):
            return replace(held, form=form)
        landmarks = smooth_newest(meshes, poses, self._smooth)
        same = landmarks is held.landmarks
        return replace(held if same else face_from_landmarks(landmarks, newest.score, newest.track), form=form)
