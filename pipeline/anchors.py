"""Frames of a film whose faces are read, and those between them, for which that is mostly enough.

Every fourth frame is an *anchor*, counted from the target's beginning, so that it matters neither where a segment
starts nor which thread comes to a frame first. In the frames between two of them, a face that is calm is not read
again; see `pipeline.mesh.reading`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.mesh import FaceView
from pipeline.mesh.reading import Exact, Reading, between, read
from pipeline.options import Options
from pipeline.places import Place, places
from pipeline.types import Frame
from pipeline.wardrobe import FaceRole, Wardrobe

EVERY = 4
"""Frames from one anchor to the next."""

Seen = Mapping[int | None, tuple[FaceView, Exact]]
"""By track."""


class Anchor:
    """A frame whose faces are read once, for itself and for the frames beside it. Thread-safe.

    Whoever asks first reads them all; the frame is not to be changed before.
    """

    def __init__(self, frame: Frame, places: Callable[[], Sequence[Place]]) -> None:
        self._lock = threading.Lock()
        self._look: Callable[[], Seen] | None = lambda: _seen(frame, places())
        self._seen: Seen = {}

    def seen(self) -> Seen:
        """The faces, but for those that lie on one another: how they look depends on what is done to the others."""
        with self._lock:
            if self._look is not None:
                self._seen, self._look = self._look(), None
            return self._seen


def _seen(frame: Frame, places: Sequence[Place]) -> Seen:
    seen = {}
    for place in places:
        others = (other for other in places if other is not place)
        if any(place.sees(other) or other.sees(place) for other in others):
            continue
        view = place.view(frame)
        if view is not None:
            seen[place.face.track] = view, read(view)
    return seen


@dataclass(frozen=True, eq=False)
class Beside:
    """Where a frame lies between two anchors.

    Attributes:
        before, after: the same one for an anchor itself.
        share: 0 at the one before to 1.
    """

    before: Anchor
    after: Anchor
    share: float

    def seen(self, frame: Frame, place: Place) -> tuple[FaceView, Reading] | None:
        """How the face of a place is seen in this frame, and its reading; ``None`` where there is nothing to see."""
        track = place.face.track
        if self.before is self.after and track in self.before.seen():
            return self.before.seen()[track]
        view = place.view(frame)
        if view is None:
            return None
        # The one after first: it is less likely that somebody is just reading it.
        last, first = self.after.seen().get(track), self.before.seen().get(track)
        mean = None if first is None or last is None else between(first[1], last[1], self.share, view)
        return view, mean or read(view)


@dataclass(frozen=True, eq=False)
class Found:
    """A frame, and who is in it.

    Attributes:
        roles: who of them becomes whom.
        anyone: whether anybody was seen.
        persons: those of the cast who were.
        beside: for `recast_frame`.
    """

    frame: Frame
    roles: Sequence[FaceRole]
    anyone: bool
    persons: tuple[int, ...]
    beside: Beside | None = None


def anchored(found: Iterable[Found], wardrobe: Wardrobe, options: Options) -> Iterator[Found]:
    """The same frames, in order, with the anchors beside them; the first and the last are always ones."""
    first: tuple[int, Anchor] | None = None
    waiting: list[Found] = []
    for each in found:
        waiting.append(each)
        if first is None or each.frame.index % EVERY == 0:
            last = _anchor(each, wardrobe, options)
            yield from _between(first, last, waiting)
            first, waiting = last, []
    if waiting:
        yield from _between(first, _anchor(waiting[-1], wardrobe, options), waiting)


def _anchor(found: Found, wardrobe: Wardrobe, options: Options) -> tuple[int, Anchor]:
    return found.frame.index, Anchor(found.frame, lambda: places(found.roles, wardrobe, options))


def _between(first: tuple[int, Anchor] | None, last: tuple[int, Anchor], frames: Sequence[Found]) -> Iterator[Found]:
    """Those after the first anchor up to the last one."""
    (end, after), (begin, before) = last, first or last
    for each in frames[:-1]:
        yield replace(each, beside=Beside(before, after, (each.frame.index - begin) / (end - begin)))
    yield replace(frames[-1], beside=Beside(after, after, 0.0))
