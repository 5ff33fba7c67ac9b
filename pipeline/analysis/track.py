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
from pipeline.analysis.landmarks import face_from_landmarks
from pipeline.analysis.smooth import REACH, WIDE_REACH, mean_form, smooth_shaped
from pipeline.analysis.trail import SLID, SLID_BY, Trail, apart, unmatched
from pipeline.analysis.watch import Watch
from pipeline.types import Face, FloatArray, Frame

log = logging.getLogger(__name__)

Tracked = tuple[Frame, tuple[Face, ...]]

RESUME = 0.45
"""A face that comes back within `MEMORY` frames is its old track when their embeddings agree at least so much."""

MEMORY = 90
"""Frames that a lost track is remembered for."""

SAME_PLACE = 0.6
"""Likewise, whatever its embedding, nearer than so many face widths to where it was lost a moment ago."""

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
        self._trails: list[Trail] = []
        self._numbers = 0
        self._strange: dict[int, int] = {}
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
            self._trails = [trail for trail in self._trails if trail.last >= self._first - WIDE_REACH]
            for trail in self._trails:
                trail.alive = False
        self._held.append(_Held(frame, self._shot))
        if starts or self._alert(position) or frame.index % self._stride == 0:
            self._look(frame, position, starts)
        return [self._emit()] if len(self._held) > self._delay else []

    def _alert(self, position: int) -> bool:
        """Whether a frame is one to look at in any case."""
        return bool(
            self._cuts.doubtful or self._strange or self._touching
            or any(position <= trail.wary for trail in self._alive())
        )  # fmt: skip

    def _look(self, frame: Frame, position: int, starts: bool) -> None:
        """Bring all that is known up to this frame."""
        lost = self._follow(position)
        lost |= self._part(frame, position)
        if starts or lost or self._watch.due(frame, bool(self._alive())):
            self._detect(frame, position, starts)
        self._verify(frame, position)
        self._forget(position)
        if frame.index % self._interval == 0:
            calm = all(trail.calm >= REST for trail in self._alive())
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
        for trail in self._alive():
            if not self._follower.lead(trail, position, self._frame):
                trail.alive = False
                lost = True
        return lost

    def _frame(self, position: int) -> Frame:
        return self._held[position - self._first].frame

    def _part(self, frame: Frame, position: int) -> bool:
        """Where two tracks have come to lie on one face, leave it to the one it belongs to; whether there were any."""
        parted = False
        for one, other in combinations(self._alive(), 2):
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
            self._end(goes)
            parted = True
        return parted

    def _detect(self, frame: Frame, position: int, starts: bool) -> None:
        tracked = [trail.faces[position] for trail in self._alive()]
        look = self._watch.look(frame, bool(tracked), starts)
        detections = self._finder.detector(frame, turns=look.turns, min_face=look.least, fine_turns=False)
        self._watch.saw(frame, bool(detections or tracked), starts)
        for face in self._finder.meshes(frame, unmatched(detections, tracked)):
            if any(same_mesh(face, other) for other in tracked):
                continue
            embedding = self._finder.embedder(frame, face)
            trail = self._known(face, embedding, position) or self._born(position)
            trail.alive, trail.last = True, position
            trail.faces[position] = replace(face, track=trail.number)
            if trail.seen == 0 or trail.agrees(embedding) >= STRANGE:
                trail.learn(embedding, position)
            self._follow_back(trail, position)

    def _known(self, face: Face, embedding: FloatArray, position: int) -> Trail | None:
        """The lost track of this shot that a face belongs to."""
        lost = [t for t in self._trails if not t.alive and self._shot_start <= t.last < position]
        # A face lost a moment ago and found in the same place again was blurred, and so is its embedding.
        here = [
            t
            for t in lost
            if position - t.last <= 1 + self._stride and apart(face.box, t.faces[t.last].box) < SAME_PLACE
        ]
        alike = [t for t in lost if t.agrees(embedding) >= RESUME]
        return max(alike or here, key=lambda trail: trail.agrees(embedding), default=None)

    def _born(self, position: int) -> Trail:
        self._numbers += 1
        trail = Trail(self._numbers, position, position)
        self._trails.append(trail)
        return trail

    def _follow_back(self, trail: Trail, position: int) -> None:
        """Follow a face that was just found backwards, so that it does not pop in late."""
        for p in range(position - 1, max(self._first, self._shot_start) - 1, -1):
            if p in trail.faces or not self._follower.step(trail, p, -1, 0.5, self._frame):
                break
            others = [t.faces[p] for t in self._trails if t is not trail and p in t.faces]
            if any(same_mesh(trail.faces[p], other) for other in others):
                del trail.faces[p]
                break
        trail.led = 0

    def _verify(self, frame: Frame, position: int) -> None:
        """Check that tracks still show whom they showed: now and then, and often where faces touch."""
        alive = self._alive()
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
            often = trail in touching or trail.number in self._strange
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
            other = max(
                (t for t in self._trails if t is not trail and t.last >= self._shot_start),
                key=lambda t: t.agrees(embedding),
                default=None,
            )
            if other is not None and other.agrees(embedding) > max(SLID, own + SLID_BY):
                self._slid(trail, other, position)
            elif own < STRANGE and trail not in touching:
                self._doubt(trail, embedding, position)
            else:
                self._strange.pop(trail.number, None)
                # A face half behind another says little about whom it belongs to.
                if trail not in touching:
                    trail.learn(embedding, position)
                else:
                    trail.trust(position)

    def _slid(self, trail: Trail, other: Trail, position: int) -> None:
        """`trail` has been led away to the face of `other` since it was last checked: hand those meshes over."""
        log.debug("track %d slid to the face of track %d", trail.number, other.number)
        for p in range(position, max(trail.checked, self._first - 1), -1):
            mine, theirs = trail.faces.pop(p, None), other.faces.pop(p, None)
            if mine is not None:
                other.faces[p] = replace(mine, track=other.number)
                if theirs is not None and not same_mesh(mine, theirs):
                    trail.faces[p] = replace(theirs, track=trail.number)
        for each in (trail, other):
            each.skin.clear()
            if position in each.faces:
                each.alive, each.last = True, position
                each.trust(position)
            else:
                self._end(each)

    def _doubt(self, trail: Trail, embedding: FloatArray, position: int) -> None:
        """A face that has become like nobody: when it stays so, another track begins where it changed."""
        self._strange[trail.number] = self._strange.get(trail.number, 0) + 1
        if self._strange[trail.number] < STRIKES:
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
        other = self._born(position)
        log.debug("track %d shows somebody else from here on: track %d", trail.number, other.number)
        other.learn(embedding, position)
        for p in range(high, position + 1):
            if p in trail.faces:
                other.faces[p] = replace(trail.faces.pop(p), track=other.number)
        trail.skin.clear()
        self._end(trail)

    def _end(self, trail: Trail) -> None:
        trail.alive = False
        trail.last = max(trail.faces, default=-1)
        self._strange.pop(trail.number, None)
        if not trail.faces:
            self._trails.remove(trail)

    def _alive(self) -> list[Trail]:
        return [trail for trail in self._trails if trail.alive]

    def _forget(self, position: int) -> None:
        for trail in self._trails:
            trail.forget_before(self._first - WIDE_REACH)
        oldest = min(position - MEMORY, self._first - WIDE_REACH)
        self._trails = [trail for trail in self._trails if trail.alive or trail.last >= oldest]

    def _emit(self) -> Tracked:
        position = self._first
        there = [trail for trail in self._trails if position in trail.faces]
        faces = [self._smoothed(trail, position) for trail in there]
        for trail, face in zip(there, faces, strict=True):
            if not any(other is not face and face.box.iou(other.box) > TOUCHING for other in faces):
                trail.apart = face.box.area
        faces = [replace(face, apart=trail.apart) for trail, face in zip(there, faces, strict=True)]
        self._first += 1
        held = self._held.popleft()
        return held.frame, tuple(sorted(faces, key=lambda face: -face.box.area))

    def _smoothed(self, trail: Trail, position: int) -> Face:
        """The track's face in a frame, as steady as its skin is in the picture."""
        if self._smooth > 0:
            for p in range(position, min(position + REACH, position + len(self._held)) + 1):
                if p not in trail.faces:
                    break
                if p not in trail.skin.sights:
                    trail.skin.see(p, self._held[p - position].frame, self._landmarks(trail, p))
            landmarks = trail.skin.held(position, REACH)
        else:
            landmarks = self._landmarks(trail, position)
        face = face_from_landmarks(landmarks, trail.faces[position].score, trail.number)
        run = self._run(trail, position)
        form = mean_form([trail.taken_apart(p) for p in run]) if self._smooth > 0 else None
        return replace(face, embedding=trail.embedding, form=form, motion=trail.motion(position))

    def _landmarks(self, trail: Trail, position: int) -> FloatArray:
        """The track's landmarks in a frame, smoothed over the frames around it that belong together."""
        run = self._run(trail, position)
        shapes, between = [trail.taken_apart(p) for p in run], [p in trail.between for p in run]
        return smooth_shaped(shapes, position - run.start, self._smooth, between)

    def _run(self, trail: Trail, position: int) -> range:
        """The frames around one that belong together."""
        first = last = position
        while position - first < WIDE_REACH and first - 1 in trail.faces:
            first -= 1
        while last - position < WIDE_REACH and last + 1 in trail.faces:
            last += 1
        return range(first, last + 1)
