"""What is known of the faces before a camera from the frames just before: there are none after.

A face that was read by itself in each frame would flicker in light and at its borders, as skin, hair and the rims of
glasses are told a little differently each time. So it is read in every fourth frame, and what is taken for it goes
there step by step; where it looks otherwise than it should, it is read at once. See `pipeline.anchors` for films.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline.mesh import FaceView
from pipeline.mesh.glasses import Trace
from pipeline.mesh.reading import Exact, Mean, Reading, Rims, between, read, rims_between
from pipeline.places import Place
from pipeline.types import Frame

EVERY = 4
"""Frames from one reading to the next, of a face that is calm."""
STEP, STRIDE = 0.3, 0.6
"""How far what is taken for a face goes in one frame to what was read last: while it is calm, and where it looks
otherwise than it should."""
TRAIL = 6
"""Readings before one that say where the rims of glasses are, too."""


@dataclass(frozen=True, eq=False)
class _Known:
    """One face.

    Attributes:
        seen, read_at: numbers of the frames that it was last seen and read in.
        last: as it was read.
        taken: what it was taken for in the frame before.
        rims, wanted: the rims that were shown, and those that were read.
        traces: of its glasses, the last one first.
    """

    seen: int
    read_at: int
    last: Exact
    taken: Exact
    rims: Rims
    wanted: Rims
    traces: tuple[Trace, ...] = field(default=())


class Lately:
    """The faces of one camera, by track. Not to be shared by threads."""

    def __init__(self) -> None:
        self._known: dict[int | None, _Known] = {}

    def seen(self, frame: Frame, place: Place) -> tuple[FaceView, Reading] | None:
        """How the face of a place is seen in this frame, and its reading; ``None`` where there is nothing to see."""
        view = place.view(frame)
        if view is None:
            return None
        number, track = frame.index, place.face.track
        # What was seen longer ago says nothing, and is forgotten.
        self._known = {each: one for each, one in self._known.items() if 0 <= number - one.seen <= 1}
        known = replace(_taken(number, view, self._known.get(track)), seen=number)
        self._known[track] = known
        return view, Mean(known.taken.skin, lambda: known.rims)

    def forget(self) -> None:
        self._known = {}


def _taken(number: int, view: FaceView, before: _Known | None) -> _Known:
    """What a face is taken for."""
    fresh = before is not None and number - before.read_at < EVERY
    if before is not None and fresh and (known := _stepped(view, before, STEP)) is not None:
        return known
    latest = _read(number, view, before)
    for step in (STRIDE,) if fresh else (STEP, STRIDE):
        if before is not None and (known := _stepped(view, latest, step)) is not None:
            return known
    return replace(latest, taken=latest.last, rims=latest.wanted)


def _read(number: int, view: FaceView, before: _Known | None) -> _Known:
    held = None if before is None else before.last.held
    exact = read(view, () if held is None else (held,))
    glasses, traces, wanted = exact.glasses, () if before is None else before.traces, None
    if glasses.belief > 0 or traces:
        steady = glasses.after(traces)
        wanted = steady.rims if steady.belief > 0 else None
        traces = (glasses.trace, *traces)[:TRAIL] if wanted is not None else ()
    if before is None:
        return _Known(number, number, exact, exact, wanted, wanted, traces)
    return replace(before, read_at=number, last=exact, wanted=wanted, traces=traces)


def _stepped(view: FaceView, known: _Known, step: float) -> _Known | None:
    """A step nearer to what was read last; ``None`` where the face looks otherwise than it should."""
    skin = between(known.taken, known.last, step, view)
    if skin is None:
        return None
    taken = Exact(skin, known.last.unfolded, view.small)
    return replace(known, taken=taken, rims=rims_between(known.rims, known.wanted, step))
