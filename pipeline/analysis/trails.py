"""The tracks of one run through a video: which are followed, which are lost, and which one a face takes up again."""

from __future__ import annotations

import logging
from dataclasses import replace

from pipeline.analysis.find import same_mesh
from pipeline.analysis.trail import Trail, apart
from pipeline.types import Face, FloatArray

log = logging.getLogger(__name__)

RESUME = 0.45
"""A face that comes back within `MEMORY` frames is its old track when their embeddings agree at least so much."""

MEMORY = 90
"""Frames that a lost track is remembered for."""

SAME_PLACE = 0.6
"""Likewise, whatever its embedding, nearer than so many face widths to where it was lost a moment ago."""


class Trails:
    """Tracks by the positions of frames; not to be shared by threads.

    Attributes:
        strange: looks one after the other at which a track, by its number, was somebody else.
    """

    def __init__(self) -> None:
        self.strange: dict[int, int] = {}
        self._all: list[Trail] = []
        self._numbers = 0

    def at(self, position: int) -> list[Trail]:
        """Those whose face is known in a frame."""
        return [trail for trail in self._all if position in trail.faces]

    def alive(self) -> list[Trail]:
        """Those that are followed."""
        return [trail for trail in self._all if trail.alive]

    def born(self, position: int) -> Trail:
        """A new one."""
        self._numbers += 1
        trail = Trail(self._numbers, position, position)
        self._all.append(trail)
        return trail

    def known(self, face: Face, embedding: FloatArray, position: int, start: int, recent: int) -> Trail | None:
        """The lost track of a shot that a face belongs to.

        Args:
            start: the shot's first frame.
            recent: frames before `position` in which a track was lost a moment ago.
        """
        lost = [t for t in self._all if not t.alive and start <= t.last < position]
        # A face lost a moment ago and found in the same place again was blurred, and so is its embedding.
        here = [t for t in lost if position - t.last <= recent and apart(face.box, t.faces[t.last].box) < SAME_PLACE]
        alike = [t for t in lost if t.agrees(embedding) >= RESUME]
        return max(alike or here, key=lambda trail: trail.agrees(embedding), default=None)

    def nearest(self, embedding: FloatArray, other_than: Trail, start: int) -> Trail | None:
        """The track of a shot, but for one, that an embedding agrees with best."""
        others = (t for t in self._all if t is not other_than and t.last >= start)
        return max(others, key=lambda t: t.agrees(embedding), default=None)

    def cut(self, oldest: int) -> None:
        """A new shot begins: lose all tracks, and let go of those that were lost before `oldest`."""
        self._all = [trail for trail in self._all if trail.last >= oldest]
        for trail in self._all:
            trail.alive = False

    def end(self, trail: Trail) -> None:
        """Lose a track; one without a face left was none."""
        trail.alive = False
        trail.last = max(trail.faces, default=-1)
        self.strange.pop(trail.number, None)
        if not trail.faces:
            self._all.remove(trail)

    def slid(self, trail: Trail, other: Trail, position: int, first: int) -> None:
        """`trail` has been led away to the face of `other` since it was last checked: hand those meshes over.

        Args:
            first: the oldest frame that can still be changed.
        """
        log.debug("track %d slid to the face of track %d", trail.number, other.number)
        for p in range(position, max(trail.checked, first - 1), -1):
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
                self.end(each)

    def forget(self, position: int, first: int) -> None:
        """Let go of meshes older than `first`, and of tracks that were lost long before `position`."""
        for trail in self._all:
            trail.forget_before(first)
        oldest = min(position - MEMORY, first)
        self._all = [trail for trail in self._all if trail.alive or trail.last >= oldest]
