"""Faces followed through a video: detected now and then, tracked between, forwards and backwards.

The mesh of one frame says where to look in the next, and the network says whether there still is a face. It looks at
every fourth frame where a face is calm (see `pipeline.analysis.follow`), at every sixth where all have been so for a
while, at every one where that is not certain. The detector looks for new faces every `interval` frames (see
`pipeline.analysis.watch`), also at cuts, and when a face was lost. A few frames are held back: a face that the detector
finds late is followed backwards through them, and landmarks are smoothed over them.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass, replace
from itertools import combinations

from pipeline.analysis.cuts import CutFinder
from pipeline.analysis.find import FaceFinder, same_mesh
from pipeline.analysis.follow import Follower
from pipeline.analysis.smooth import REACH, WIDE_REACH
from pipeline.analysis.smoothed import smoothed
from pipeline.analysis.trail import SLID, SLID_BY, Trail, unmatched
from pipeline.analysis.trails import Trails
from pipeline.analysis.watch import Watch
from pipeline.types import Face, FloatArray, Frame

log = logging.getLogger(__name__)

Tracked = tuple[Frame, tuple[Face, ...]]

STRANGE = 0.3
"""A tracked face whose embedding agrees less than this with its track, `STRIKES` times running, is somebody else."""

STRIKES = 3
"""Looks, every other frame, at a face that has become strange: a hand or a blur does that too, but not for long."""

STRIDE, STROLL = 4, 6
"""Frames from one look at a calm face to the next, and where every face was calm all the way between its last `REST`
looks. Both go into `interval`, so that detections never lie between two looks."""

REST = 5

SELDOM = 5
"""A face that has looked the same all the time is checked by embedding so many times less often."""

TOUCHING = 0.05
"""Faces whose boxes overlap more than this are checked by embedding every other frame."""


@dataclass(frozen=True, eq=False)
class _Held:
    """A frame that waits, and the number of the shot it belongs to."""

    frame: Frame
    shot: int


class Tracker:
    """Follows faces from frame to frame. One for each run through a video; not to be shared by threads.

    Holds at most `interval` + 4 frames.
    """

    def __init__(self, finder: FaceFinder, *, interval: int = 12, smooth: float = 0.5) -> None:
        """
        Args:
            finder: may be shared with others.
            interval: frames between detections.
            smooth: strength of the temporal smoothing, 0 to 1 (see `smooth_landmarks`).
        """
        self._finder, self._interval, self._smooth = finder, max(1, interval), smooth
        self._delay = self._interval - 1 + REACH
        self._cuts = CutFinder()
        self._held: deque[_Held] = deque()
        self._first = 0  # position of the oldest frame held
        self._shot = 0
        self._shot_start = 0
        self._trails = Trails()
        self._touching: set[Trail] = set()
        self._watch = Watch(self._interval)
        self._follower = Follower(finder.landmarker)
        self._stride = math.gcd(STRIDE, self._interval)

    def push(self, frame: Frame) -> list[Tracked]:
        """Take the next frame; the frames that are ready by it, in order, each with its faces, the largest first.

        Each face has `track`, `embedding` (the track's), landmarks, points, pose and box.
        """
        position = self._first + len(self._held)
        starts = self._cuts(frame.luma()) or position == 0
        if starts:
            self._catch_up()
            self._shot += 1
            self._shot_start = position
            self._trails.cut(self._first - WIDE_REACH)
        self._held.append(_Held(frame, self._shot))
        if starts or self._alert(position) or frame.index % self._stride == 0:
            self._look(frame, position, starts)
        return [self._emit()] if len(self._held) > self._delay else []

    def _alert(self, position: int) -> bool:
        """Whether a frame is one to look at in any case."""
        return bool(
            self._cuts.doubtful or self._trails.strange or self._touching
            or any(position <= trail.wary for trail in self._trails.alive())
        )  # fmt: skip

    def _look(self, frame: Frame, position: int, starts: bool) -> None:
        """Bring all that is known up to this frame."""
        lost = self._follow(position)
        lost |= self._part(frame, position)
        if starts or lost or self._watch.due(frame, bool(self._trails.alive())):
            self._detect(frame, position, starts)
        self._verify(frame, position)
        self._trails.forget(position, self._first - WIDE_REACH)
        if frame.index % self._interval == 0:
            calm = all(trail.calm >= REST for trail in self._trails.alive())
            self._stride = math.gcd(STROLL if calm else STRIDE, self._interval)

    def flush(self) -> list[Tracked]:
        """The frames still held, at the end of the video."""
        self._catch_up()
        return [self._emit() for _ in range(len(self._held))]

    def _catch_up(self) -> None:
        """Bring tracks up to the newest frame that is held: nothing that belongs to it will come."""
        position = self._first + len(self._held) - 1
        if self._held and self._follow(position):
            self._detect(self._frame(position), position, False)

    def _follow(self, position: int) -> bool:
        """Move every live track on to the frame at `position`; whether one was lost."""
        lost = False
        for trail in self._trails.alive():
            if not self._follower.lead(trail, position, self._frame):
                trail.alive = False
                lost = True
        return lost

    def _frame(self, position: int) -> Frame:
        return self._held[position - self._first].frame

    def _part(self, frame: Frame, position: int) -> bool:
        """Where two tracks have come to lie on one face, leave it to the one it belongs to; whether there were any."""
        parted = False
        for one, other in combinations(self._trails.alive(), 2):
            if not (one.alive and other.alive and same_mesh(one.faces[position], other.faces[position])):
                continue
            embedding = self._finder.embedder(frame, one.faces[position])
            stays, goes = (one, other) if one.agrees(embedding) >= other.agrees(embedding) else (other, one)
            log.debug("track %d gives way to track %d", goes.number, stays.number)
            # It was led away since it was last seen apart.
            for p in range(position, self._shot_start - 1, -1):
                if p not in goes.faces or (p in stays.faces and not same_mesh(goes.faces[p], stays.faces[p])):
                    break
                del goes.faces[p]
            goes.skin.clear()
            self._trails.end(goes)
            parted = True
        return parted

    def _detect(self, frame: Frame, position: int, starts: bool) -> None:
        tracked = [trail.faces[position] for trail in self._trails.alive()]
        look = self._watch.look(frame, bool(tracked), starts)
        detections = self._finder.detector(frame, turns=look.turns, min_face=look.least, fine_turns=False)
        self._watch.saw(frame, bool(detections or tracked), starts)
        for face in self._finder.meshes(frame, unmatched(detections, tracked)):
            if any(same_mesh(face, other) for other in tracked):
                continue
            embedding = self._finder.embedder(frame, face)
            known = self._trails.known(face, embedding, position, self._shot_start, 1 + self._stride)
            trail = known or self._trails.born(position)
            trail.alive, trail.last = True, position
            trail.faces[position] = replace(face, track=trail.number)
            if trail.seen == 0 or trail.agrees(embedding) >= STRANGE:
                trail.learn(embedding, position)
            self._follow_back(trail, position)

    def _follow_back(self, trail: Trail, position: int) -> None:
        """Follow a face that was just found backwards, so that it does not pop in late."""
        for p in range(position - 1, max(self._first, self._shot_start) - 1, -1):
            if p in trail.faces or not self._follower.step(trail, p, -1, 0.5, self._frame):
                break
            others = [t.faces[p] for t in self._trails.at(p) if t is not trail]
            if any(same_mesh(trail.faces[p], other) for other in others):
                del trail.faces[p]
                break
        trail.led = 0

    def _verify(self, frame: Frame, position: int) -> None:
        """Check that tracks still show whom they showed: now and then, and often where faces touch."""
        alive = self._trails.alive()
        touching = {
            trail
            for one, other in combinations(alive, 2)
            if one.faces[position].box.iou(other.faces[position].box) > TOUCHING
            for trail in (one, other)
        }
        self._touching = touching
        regular = frame.index % (2 * self._interval) == 0
        seldom = frame.index % (2 * SELDOM * self._interval) == 0
        young = frame.index % (self._interval // 2 or 1) == 0
        for trail in alive:
            often = trail in touching or trail.number in self._trails.strange
            settled = trail.steady and trail.seen >= 3
            due = (
                (seldom if settled else regular)
                or self._cuts.doubtful
                or (young and trail.seen < 3)
                or (frame.index % 2 == 0 and often)
            )
            # Of half a face that is led on beyond the border no embedding says whose it is.
            if not due or not trail.alive or trail.checked == position or trail.led:
                continue
            embedding = self._finder.embedder(frame, trail.faces[position])
            own = trail.agrees(embedding)
            other = self._trails.nearest(embedding, trail, self._shot_start)
            if other is not None and other.agrees(embedding) > max(SLID, own + SLID_BY):
                self._trails.slid(trail, other, position, self._first)
            elif own < STRANGE and trail not in touching:
                self._doubt(trail, embedding, position)
            else:
                self._trails.strange.pop(trail.number, None)
                # A face half behind another says little about whom it belongs to.
                if trail not in touching:
                    trail.learn(embedding, position)
                else:
                    trail.trust(position)

    def _doubt(self, trail: Trail, embedding: FloatArray, position: int) -> None:
        """A face that has become like nobody: when it stays so, another track begins where it changed."""
        self._trails.strange[trail.number] = self._trails.strange.get(trail.number, 0) + 1
        if self._trails.strange[trail.number] < STRIKES:
            return
        # Bisect for the first strange frame among those that can still be changed.
        low, high = max(trail.checked, self._first - 1), position
        while high - low > 1:
            middle = (low + high) // 2
            face = trail.faces.get(middle)
            if face is None:
                low = middle
            elif trail.agrees(self._finder.embedder(self._frame(middle), face)) < STRANGE:
                high = middle
            else:
                low = middle
        other = self._trails.born(position)
        log.debug("track %d shows somebody else from here on: track %d", trail.number, other.number)
        other.learn(embedding, position)
        for p in range(high, position + 1):
            if p in trail.faces:
                other.faces[p] = replace(trail.faces.pop(p), track=other.number)
        trail.skin.clear()
        self._trails.end(trail)

    def _emit(self) -> Tracked:
        position = self._first
        there, frames = self._trails.at(position), [held.frame for held in self._held]
        faces = [smoothed(trail, position, frames, self._smooth) for trail in there]
        for trail, face in zip(there, faces, strict=True):
            if not any(other is not face and face.box.iou(other.box) > TOUCHING for other in faces):
                trail.apart = face.box.area
        faces = [replace(face, apart=trail.apart) for trail, face in zip(there, faces, strict=True)]
        self._first += 1
        held = self._held.popleft()
        return held.frame, tuple(sorted(faces, key=lambda face: -face.box.area))
