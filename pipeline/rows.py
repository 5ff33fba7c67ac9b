"""The frames of a film in rows, from one that is read to the next, each with its anchors beside it.

Every fourth frame is an anchor (see `pipeline.anchors`), counted from the target's beginning, so that it matters
neither where a segment starts nor which thread comes to a frame first. Every other one is only read where a face is not
calm over twice as long; glasses are looked for at each, as rims are told by what lids look like, and eyes shut and open
again in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.anchors import TRAIL, Anchor, Beside, Memory, Span
from pipeline.options import Options
from pipeline.places import places
from pipeline.types import Frame, Shade
from pipeline.wardrobe import FaceRole, Wardrobe

EVERY = 4
"""Frames from one anchor to the next."""
WIDE = 2 * EVERY
"""The same for a face that is calm for longer."""
EARLIER = 2
"""How many of the latter before one say what is held before its faces."""

Item = TypeVar("Item")


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
    anchors[last.frame.index] = _anchor(last, wardrobe, options, earlier=known.values())
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
            ends[each.frame.index] = _anchor(each, wardrobe, options, earlier=ends.values())
    known = dict(ends)
    for each in trail:
        number = each.frame.index
        before = max((end for end in ends if end < number), default=None)
        if number not in ends and before is not None:
            after = min(end for end in ends if end > number)
            known[number] = _anchor(each, wardrobe, options, _span(number, before, after, ends))
    return dict(sorted(known.items())[-1 - TRAIL :])


def _anchor(
    found: Found, wardrobe: Wardrobe, options: Options, around: Span | None = None, earlier: Iterable[Anchor] = ()
) -> Anchor:
    ends = tuple(anchor.sight for anchor in earlier if anchor.around is None)[-EARLIER:]
    return Anchor(found.frame, lambda: places(found.roles, wardrobe, options), around, found.memory, ends)


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


def remembered(row: Row, known: Mapping[int, Anchor]) -> dict[int, Memory]:
    """What is known of the anchors of a row once it is rendered, by the numbers of their frames.

    Args:
        known: see `along`.
    """
    anchors = [known[each.frame.index] for each in row.anchors]
    wearers = frozenset[int | None]().union(*(anchor.wearers for anchor in anchors))
    return {anchor.index: anchor.memory(wearers) for anchor in anchors}
