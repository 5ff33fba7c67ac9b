"""Frames of a film whose faces are read, and what they tell of the frames between them.

Between two *anchors* a face that is calm is not read again; see `pipeline.mesh.reading`. Where the rims of its glasses
are, some anchors before say as well; what is held before it, the nearest that are read in any case. Which frames are
anchors, `pipeline.rows` says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pipeline.mesh import FaceView
from pipeline.mesh.glasses import Glasses, Trace
from pipeline.mesh.held import Held
from pipeline.mesh.reading import Exact, Mean, Reading, Rims, between, glasses_on, read, rims_between
from pipeline.places import Place
from pipeline.sights import Sight
from pipeline.types import Frame

TRAIL = 6
"""Anchors before one that say where the rims of glasses are, too. Segments begin farther ahead than that."""


@dataclass(frozen=True, eq=False)
class Memory:
    """What is known of an anchor, for another process that has to do with it. By track; what is not there has to be
    told from the frame.

    Attributes:
        wears: whether there may be glasses.
        traces: of these; see `Anchor.trace`.
        read: the face, as it was read.
        held: what is held before it, as far as this frame alone says.
    """

    wears: Mapping[int | None, bool]
    traces: Mapping[int | None, Trace | None]
    read: Mapping[int | None, Exact]
    held: Mapping[int | None, Held | None] = field(default_factory=dict)


class Anchor:
    """A frame whose faces are read at most once, for itself and for the frames beside it. Thread-safe.

    Attributes:
        index: of the frame.
        sight: what is seen in it.
        around: the wide span that it lies in, unless it ends one itself.

    Args:
        memory: what is known of it already.
        earlier: of one that ends wide spans, what is seen in those that did before it.
    """

    def __init__(
        self,
        frame: Frame,
        places: Callable[[], Sequence[Place]],
        around: Span | None = None,
        memory: Memory | None = None,
        earlier: tuple[Sight, ...] = (),
    ) -> None:
        self.index, self.around, self._lock = frame.index, around, threading.Lock()
        self._memory, self._earlier = memory or _NOTHING, earlier
        self.sight = Sight(frame, places, self._memory.held)
        self._read: dict[int | None, Exact] = dict(self._memory.read)
        self._glasses: dict[int | None, Glasses | None] = {}
        self._rims: dict[int | None, Rims] = {}

    def exact(self, track: int | None) -> Exact | None:
        """Its reading."""
        with self._lock:
            if track in self._read:
                return self._read[track]
            view = self.sight.view(track)
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
        return Memory(wears, traces, read, self.sight.known if self.around is None else {})

    def _worn(self, track: int | None) -> Glasses | None:
        """What may be glasses; ``None`` where the face is not seen, or bare for longer."""
        if track not in self._glasses:
            view = self.sight.view(track)
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
            beside = _held(self._earlier, track) if self.around is None else self.around.held(track)
            self._read[track] = read(view, beside)
            self.sight.learn(track, self._read[track])
        return self._read[track]


_NOTHING = Memory({}, {}, {})


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

    def held(self, track: int | None) -> list[Held]:
        """What is held before a face in both, as far as each alone says."""
        return _held((self.before.sight, self.after.sight), track)

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
        view = self.own.sight.view(track) if self.own is not None else None
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
        exact = read(view, self.spans[0].held(track))
        return view, replace(exact, worn=partial(narrow.rims_on, exact, track))


def _held(sights: Sequence[Sight], track: int | None) -> list[Held]:
    """What is held before a face, where anything is."""
    return [held for sight in sights if (held := sight.held(track)) is not None]


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
