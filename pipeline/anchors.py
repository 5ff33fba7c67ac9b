"""Frames of a film whose faces are read, and those between them, for which that is mostly enough.

Every fourth frame is an *anchor*, counted from the target's beginning, so that it matters neither where a segment
starts nor which thread comes to a frame first. In the frames between two of them, a face that is calm is not read
again; see `pipeline.mesh.reading`. Every other anchor is only read where a face is not calm over twice as long; glasses
are looked for at each, as rims are told by what lids look like, and eyes shut and open again in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline.mesh import FaceView
from pipeline.mesh.reading import Exact, Mean, Reading, Rims, between, read, rims_between, rims_on
from pipeline.options import Options
from pipeline.places import Place, places
from pipeline.types import Frame, Shade
from pipeline.wardrobe import FaceRole, Wardrobe

EVERY = 4
"""Frames from one anchor to the next."""
WIDE = 2 * EVERY
"""The same for a face that is calm for longer."""

Views = Mapping[int | None, FaceView]
"""By track."""


class Anchor:
    """A frame whose faces are read at most once, for itself and for the frames beside it. Thread-safe.

    Whoever asks first has all of them copied from the frame, which is not to be changed before.

    Args:
        around: the wide span that it lies in, unless it ends one itself.
    """

    def __init__(self, frame: Frame, places: Callable[[], Sequence[Place]], around: Span | None = None) -> None:
        self._lock, self._around = threading.Lock(), around
        self._look: Callable[[], Views] | None = lambda: _views(frame, places())
        self._views: Views = {}
        self._read: dict[int | None, Exact] = {}
        self._rims: dict[int | None, Rims] = {}

    def view(self, track: int | None) -> FaceView | None:
        """A face, unless it lies on another one: how such look depends on what is done to the others."""
        with self._lock:
            return self._view(track)

    def seen(self, track: int | None) -> tuple[FaceView, Exact] | None:
        """The same, and its reading."""
        with self._lock:
            view = self._view(track)
            return None if view is None else (view, self._exact(track, view))

    def rims(self, track: int | None) -> Rims:
        """Those of its glasses. Its skin is only read for them where it is not calm."""
        with self._lock:
            view = self._view(track)
            if view is None:
                return None
            if track not in self._rims:
                self._rims[track] = self._told(track, view)
            return self._rims[track]

    def _told(self, track: int | None, view: FaceView) -> Rims:
        ends = self._around.ends(track) if self._around is not None else None
        if ends is None or self._around is None:
            return self._exact(track, view).rims
        skin = between(*ends, self._around.share, view)
        if skin is None:
            return self._exact(track, view).rims
        return rims_on(view, skin) if _worn(*ends) else None

    def _exact(self, track: int | None, view: FaceView) -> Exact:
        if track not in self._read:
            self._read[track] = read(view)
        return self._read[track]

    def _view(self, track: int | None) -> FaceView | None:
        if self._look is not None:
            self._views, self._look = self._look(), None
        return self._views.get(track)


def _views(frame: Frame, places: Sequence[Place]) -> Views:
    views = {}
    for place in places:
        others = (other for other in places if other is not place)
        if any(place.sees(other) or other.sees(place) for other in others):
            continue
        view = place.view(frame)
        if view is not None:
            views[place.face.track] = view
    return views


@dataclass(frozen=True, eq=False)
class Span:
    """Where a frame lies between two anchors.

    Attributes:
        before, after: the same one for an anchor itself.
        share: 0 at the one before to 1.
    """

    before: Anchor
    after: Anchor
    share: float

    def ends(self, track: int | None) -> tuple[Exact, Exact] | None:
        """How a face is read in both, if it is seen there."""
        # The one after first: it is less likely that somebody is just reading it.
        last, first = self.after.seen(track), self.before.seen(track)
        return None if first is None or last is None else (first[1], last[1])

    def rims(self, track: int | None) -> Rims:
        return rims_between(self.before.rims(track), self.after.rims(track), self.share)


@dataclass(frozen=True, eq=False)
class Beside:
    """What is known of the frames around one.

    Attributes:
        spans: the wide one, if the frame lies between two anchors that far apart, and the narrow one.
        own: the frame itself, where it is an anchor.
    """

    spans: tuple[Span, ...]
    own: Anchor | None = None

    def seen(self, frame: Frame, place: Place) -> tuple[FaceView, Reading] | None:
        """How the face of a place is seen in this frame, and its reading; ``None`` where there is nothing to see."""
        track = place.face.track
        view = self.own.view(track) if self.own is not None else None
        view = view or place.view(frame)
        if view is None:
            return None
        narrow = self.spans[-1]
        for span in self.spans:
            ends = span.ends(track)
            if ends is None:
                continue
            if span.before is span.after:
                return view, ends[0]
            skin = between(*ends, span.share, view)
            if skin is not None:
                return view, Mean(skin, partial(narrow.rims, track) if _worn(*ends) else _no_rims)
        return view, read(view)


def _no_rims() -> Rims:
    return None


def _worn(first: Exact, last: Exact) -> bool:
    """Whether glasses are, in one of two frames at least."""
    return first.glasses is not None or last.glasses is not None


@dataclass(frozen=True, eq=False)
class Found:
    """A frame, and who is in it.

    Attributes:
        roles: who of them becomes whom.
        anyone: whether anybody was seen.
        persons: those of the cast who were.
        beside: for `recast_frame`.
        shade: for `JobMark.frame`.
    """

    frame: Frame
    roles: Sequence[FaceRole]
    anyone: bool
    persons: tuple[int, ...]
    beside: Beside | None = None
    shade: Shade | None = None


def anchored(found: Iterable[Found], wardrobe: Wardrobe, options: Options) -> Iterator[Found]:
    """The same frames, in order, with the anchors beside them; the first and the last are always ones."""
    begin: tuple[int, Anchor] | None = None
    waiting: list[Found] = []

    def placed() -> Iterator[Found]:
        nonlocal begin
        anchors = {begin[0]: begin[1]} if begin is not None else {}
        for each in waiting:
            if not anchors or each is waiting[-1]:
                anchors[each.frame.index] = _anchor(each, wardrobe, options)
        ends = dict(anchors)
        for each in waiting:
            if each.frame.index % EVERY == 0 and each.frame.index not in ends:
                around = _span(each.frame.index, min(ends), max(ends), ends)
                anchors[each.frame.index] = _anchor(each, wardrobe, options, around)
        yield from (replace(each, beside=_beside(each.frame.index, anchors)) for each in waiting)
        begin = max(anchors.items(), key=lambda anchor: anchor[0])

    for each in found:
        waiting.append(each)
        if begin is None or each.frame.index % WIDE == 0:
            yield from placed()
            waiting = []
    if waiting:
        yield from placed()


def _anchor(found: Found, wardrobe: Wardrobe, options: Options, around: Span | None = None) -> Anchor:
    return Anchor(found.frame, lambda: places(found.roles, wardrobe, options), around)


def _beside(index: int, anchors: Mapping[int, Anchor]) -> Beside:
    """What is beside a frame of a run whose first and last ones are anchors."""
    first, last = min(anchors), max(anchors)
    before, after = max(n for n in anchors if n <= index), min(n for n in anchors if n >= index)
    spans = [_span(index, before, after, anchors)]
    if first < index < last and (first, last) != (before, after):
        spans.insert(0, _span(index, first, last, anchors))
    return Beside(tuple(spans), anchors.get(index))


def _span(index: int, before: int, after: int, anchors: Mapping[int, Anchor]) -> Span:
    return Span(anchors[before], anchors[after], (index - before) / max(after - before, 1))
