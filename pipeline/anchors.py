"""Frames of a film whose faces are read, and those between them, for which that is mostly enough.

Every fourth frame is an *anchor*, counted from the target's beginning, so that it matters neither where a segment
starts nor which thread comes to a frame first. In the frames between two of them, a face that is calm is not read
again; see `pipeline.mesh.reading`. Every other anchor is only read where a face is not calm over twice as long; glasses
are looked for at each, as rims are told by what lids look like, and eyes shut and open again in between. Where their
rims are, some anchors before say as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from pipeline.mesh import FaceView
from pipeline.mesh.glasses import Glasses, Trace
from pipeline.mesh.reading import Exact, Mean, Reading, Rims, between, glasses_on, read, rims_between
from pipeline.options import Options
from pipeline.places import Place, places
from pipeline.types import Frame, Shade
from pipeline.wardrobe import FaceRole, Wardrobe

EVERY = 4
"""Frames from one anchor to the next."""
WIDE = 2 * EVERY
"""The same for a face that is calm for longer."""
TRAIL = 6
"""Anchors before one that say where the rims of glasses are, too. Segments begin farther ahead than that."""

Item = TypeVar("Item")

Views = Mapping[int | None, FaceView]
"""By track."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What is known of an anchor, for another process that has to do with it. By track; what is not there has to be
    told from the frame.

    Attributes:
        wears: whether there may be glasses.
        traces: of these; see `Anchor.trace`.
        read: the face, as it was read.
    """

    wears: Mapping[int | None, bool]
    traces: Mapping[int | None, Trace | None]
    read: Mapping[int | None, Exact]


class Anchor:
    """A frame whose faces are read at most once, for itself and for the frames beside it. Thread-safe.

    Whoever asks first has all of them copied from the frame, which is not to be changed before.

    Attributes:
        index: of the frame.
        around: the wide span that it lies in, unless it ends one itself.

    Args:
        memory: what is known of it already.
    """

    def __init__(
        self,
        frame: Frame,
        places: Callable[[], Sequence[Place]],
        around: Span | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.index, self.around, self._lock = frame.index, around, threading.Lock()
        self._look: Callable[[], Views] | None = lambda: _views(frame, places())
        self._views: Views = {}
        self._memory = memory or _NOTHING
        self._read: dict[int | None, Exact] = dict(self._memory.read)
        self._glasses: dict[int | None, Glasses | None] = {}
        self._rims: dict[int | None, Rims] = {}

    def view(self, track: int | None) -> FaceView | None:
        """A face, unless it lies on another one: how such look depends on what is done to the others."""
        with self._lock:
            return self._view(track)

    def exact(self, track: int | None) -> Exact | None:
        """Its reading."""
        with self._lock:
            if track in self._read:
                return self._read[track]
            view = self._view(track)
            return None if view is None else self._exact(track, view)

    def rims(self, track: int | None, trail: Sequence[Anchor]) -> Rims:
        """Those of its glasses. Its skin is only read for them where it is not calm.

        Args:
            trail: the anchors before, always the same ones.
        """
        with self._lock:
            if track in self._rims:
                return self._rims[track]
            glasses = self._worn(track)
        # Never in one's own turn: an anchor may ask those after it how a face is read.
        rims = None if glasses is None else _steady(glasses, track, trail)
        with self._lock:
            return self._rims.setdefault(track, rims)

    def wears(self, track: int | None) -> bool:
        with self._lock:
            if track in self._memory.wears:
                return self._memory.wears[track]
            glasses = self._worn(track)
            return glasses is not None and glasses.belief > 0

    def trace(self, track: int | None) -> Trace | None:
        with self._lock:
            if track in self._memory.traces:
                return self._memory.traces[track]
            glasses = self._worn(track)
            return None if glasses is None else glasses.trace

    @property
    def wearers(self) -> frozenset[int | None]:
        """Of whom it is known by now that they wear glasses."""
        with self._lock:
            return frozenset(track for track, glasses in self._glasses.items() if glasses and glasses.belief > 0)

    def memory(self, wearers: Collection[int | None]) -> Memory:
        """What is known of it by now, as far as anybody asks for it later: all that tells where the glasses of
        `wearers` are, and that others wear none."""
        with self._lock:
            glasses = dict(self._glasses)
            read = {track: replace(exact, worn=None) for track, exact in self._read.items() if track in wearers}
        wears = {track: worn is not None and worn.belief > 0 for track, worn in glasses.items()}
        traces = {track: worn.trace if worn else None for track, worn in glasses.items() if track in wearers}
        return Memory(wears, traces, read)

    def _worn(self, track: int | None) -> Glasses | None:
        """What may be glasses; ``None`` where the face is not seen, or bare for longer."""
        if track not in self._glasses:
            view = self._view(track)
            self._glasses[track] = None if view is None else self._told(track, view)
        return self._glasses[track]

    def _told(self, track: int | None, view: FaceView) -> Glasses | None:
        ends = self.around.ends(track) if self.around is not None else None
        if ends is None or self.around is None:
            return self._exact(track, view).glasses
        skin = between(*ends, self.around.share, view)
        if skin is None:
            return self._exact(track, view).glasses
        return glasses_on(view, skin) if _perhaps_worn(*ends) else None

    def _exact(self, track: int | None, view: FaceView) -> Exact:
        if track not in self._read:
            self._read[track] = read(view)
        return self._read[track]

    def _view(self, track: int | None) -> FaceView | None:
        if self._look is not None:
            self._views, self._look = self._look(), None
        return self._views.get(track)


_NOTHING = Memory({}, {}, {})


def remembered(row: Row, known: Mapping[int, Anchor]) -> dict[int, Memory]:
    """What is known of the anchors of a row once it is rendered, by the numbers of their frames.

    Args:
        known: see `along`.
    """
    anchors = [known[each.frame.index] for each in row.anchors]
    wearers = frozenset[int | None]().union(*(anchor.wearers for anchor in anchors))
    return {anchor.index: anchor.memory(wearers) for anchor in anchors}


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
        trail: the anchors up to the one before.
    """

    before: Anchor
    after: Anchor
    share: float
    trail: tuple[Anchor, ...] = ()

    def ends(self, track: int | None) -> tuple[Exact, Exact] | None:
        """How a face is read in both, if it is seen there."""
        # The one after first: it is less likely that somebody is just reading it.
        last, first = self.after.exact(track), self.before.exact(track)
        return None if first is None or last is None else (first, last)

    def rims(self, track: int | None) -> Rims:
        first = self.before.rims(track, self.trail[-1 - TRAIL : -1])
        if self.before is self.after:
            return first
        return rims_between(first, self.after.rims(track, self.trail[-TRAIL:]), self.share)

    def rims_on(self, exact: Exact, track: int | None) -> Rims:
        """Those of a face that was read in this very frame."""
        return _steady(exact.glasses, track, self.trail[-TRAIL:])


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
                return view, replace(ends[0], worn=partial(span.rims, track))
            skin = between(*ends, span.share, view)
            if skin is not None:
                return view, Mean(skin, partial(narrow.rims, track) if _perhaps_worn(*ends) else _no_rims)
        exact = read(view)
        return view, replace(exact, worn=partial(narrow.rims_on, exact, track))


def _no_rims() -> Rims:
    return None


def _steady(glasses: Glasses, track: int | None, trail: Sequence[Anchor]) -> Rims:
    """The rims of a frame, whose own glasses are known, after those of some anchors."""
    if glasses.belief <= 0 and not any(anchor.wears(track) for anchor in trail):
        return None
    traces = [trace for trace in (anchor.trace(track) for anchor in trail) if trace is not None]
    steady = glasses.after(traces)
    return steady.rims if steady.belief > 0 else None


def _perhaps_worn(first: Exact, last: Exact) -> bool:
    """Whether glasses are, in one of two frames at least, or a hand hides whether they are."""
    return any(exact.glasses.belief > 0 or exact.glasses.hidden for exact in (first, last))


@dataclass(frozen=True, eq=False)
class Found:
    """A frame, and who is in it.

    Attributes:
        roles: who of them becomes whom.
        anyone: whether anybody was seen.
        persons: those of the cast who were.
        beside: for `recast_frame`.
        shade: for `JobMark.frame`.
        memory: what is known of it as an anchor already.
    """

    frame: Frame
    roles: Sequence[FaceRole]
    anyone: bool
    persons: tuple[int, ...]
    beside: Beside | None = None
    shade: Shade | None = None
    memory: Memory | None = None


@dataclass(frozen=True, eq=False)
class Row:
    """Frames after each other that are read together.

    Attributes:
        trail: the anchors before them that say anything of them, in order; the last one is the frame before. Nothing
            before the first frame of all, which is a row by itself.
    """

    trail: tuple[Found, ...]
    frames: tuple[Found, ...]

    @property
    def anchors(self) -> tuple[Found, ...]:
        return tuple(each for each in self.frames if each is self.frames[-1] or each.frame.index % EVERY == 0)


def rows(found: Iterable[Found]) -> Iterator[Row]:
    """The same frames, in order. The first and the last ones of all are always anchors."""
    trail: tuple[Found, ...] = ()
    waiting: list[Found] = []
    for each in found:
        waiting.append(each)
        if not trail or each.frame.index % WIDE == 0:
            row = Row(trail, tuple(waiting))
            yield row
            trail, waiting = trailing((*trail, *row.anchors)), []
    if waiting:
        yield Row(trail, tuple(waiting))


def trailing(anchors: tuple[Item, ...]) -> tuple[Item, ...]:
    """Those of some anchors in order that say anything of the frames after them: `TRAIL` before the last. The first of
    these may lie within a wide span, so two more tell where that begins."""
    return anchors[-3 - TRAIL :]


def anchored(found: Iterable[Found], wardrobe: Wardrobe, options: Options) -> Iterator[Found]:
    """The same frames, in order, with the anchors beside them."""
    known: dict[int, Anchor] = {}
    for row in rows(found):
        placed, known = along(row, known, wardrobe, options)
        yield from placed


def along(
    row: Row, known: Mapping[int, Anchor] | None, wardrobe: Wardrobe, options: Options
) -> tuple[tuple[Found, ...], dict[int, Anchor]]:
    """The frames of a row with the anchors beside them, and the anchors that the next row has to do with.

    Args:
        known: those of the frames before it, by their numbers; made anew of its trail when ``None``.
    """
    if known is None:
        known = _along_before(row.trail, wardrobe, options)
    anchors = {max(known): known[max(known)]} if known else {}
    last = row.frames[-1]
    anchors[last.frame.index] = _anchor(last, wardrobe, options)
    ends = dict(anchors)
    for each in row.anchors[:-1]:
        around = _span(each.frame.index, min(ends), max(ends), ends)
        anchors[each.frame.index] = _anchor(each, wardrobe, options, around)
    known = dict(sorted({**known, **anchors}.items()))
    placed = tuple(replace(each, beside=_beside(each.frame.index, anchors, known)) for each in row.frames)
    return placed, dict(list(known.items())[-1 - TRAIL :])


def _along_before(trail: Sequence[Found], wardrobe: Wardrobe, options: Options) -> dict[int, Anchor]:
    """The anchors of a trail, as each was in its own row."""
    whole = len(trail) < 3 + TRAIL  # it goes back to the first frame of all, which is a row by itself
    ends: dict[int, Anchor] = {}
    for place, each in enumerate(trail):
        if each.frame.index % WIDE == 0 or (whole and place == 0):
            ends[each.frame.index] = _anchor(each, wardrobe, options)
    known = dict(ends)
    for each in trail:
        number = each.frame.index
        before = max((end for end in ends if end < number), default=None)
        if number not in ends and before is not None:
            after = min(end for end in ends if end > number)
            known[number] = _anchor(each, wardrobe, options, _span(number, before, after, ends))
    return dict(sorted(known.items())[-1 - TRAIL :])


def _anchor(found: Found, wardrobe: Wardrobe, options: Options, around: Span | None = None) -> Anchor:
    return Anchor(found.frame, lambda: places(found.roles, wardrobe, options), around, found.memory)


def _beside(index: int, anchors: Mapping[int, Anchor], known: Mapping[int, Anchor]) -> Beside:
    """What is beside a frame of a run whose first and last ones are anchors, of all that are known, in order."""
    first, last = min(anchors), max(anchors)
    before, after = max(n for n in anchors if n <= index), min(n for n in anchors if n >= index)
    trail = tuple(anchor for n, anchor in known.items() if n <= before)[-1 - TRAIL :]
    spans = [replace(_span(index, before, after, anchors), trail=trail)]
    if first < index < last and (first, last) != (before, after):
        spans.insert(0, _span(index, first, last, anchors))
    return Beside(tuple(spans), anchors.get(index))


def _span(index: int, before: int, after: int, anchors: Mapping[int, Anchor]) -> Span:
    return Span(anchors[before], anchors[after], (index - before) / max(after - before, 1))
