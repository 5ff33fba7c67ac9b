"""How the frames of a film are rendered: on threads of this process, or row by row in processes beside it. The pixels
are the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pipeline.analysis import Tracker
from pipeline.anchors import Memory
from pipeline.casting import Casting
from pipeline.crew import Crew
from pipeline.errors import Cancelled
from pipeline.flow import StageClock, run
from pipeline.frame_recaster import recast_frame
from pipeline.media import VideoFrame
from pipeline.media.cancelling import until_cancelled
from pipeline.media.window import Window, taken
from pipeline.places import places
from pipeline.processes.helped import Processes
from pipeline.processes.row import rendered
from pipeline.processes.wire import Changed, Piece, Rendered, Rows, Shown
from pipeline.rows import Found, Row, anchored, rows, trailing
from pipeline.steps import cast_in, marked, tracked
from pipeline.task import Task
from pipeline.types import Frame
from pipeline.wardrobe import Wardrobe

_REMEMBERED = 64
"""Frames before the trail of a row of which is still known how they were read."""

Done = tuple[Found, int]
"""A finished frame, and how many of its faces were changed."""


@dataclass(frozen=True)
class Kept:
    """Frames of a film that are rendered; those around them are only looked at.

    Attributes:
        start, stop: timestamps, see `VideoFrame.pts`; the second one is the first that is not kept any more.
        skipped: frames at the beginning that are not.
    """

    start: Fraction | None = None
    stop: Fraction | None = None
    skipped: int = 0

    def has(self, frame: Frame) -> bool:
        if frame.index < self.skipped:
            return False
        return (self.start is None or _pts(frame) >= self.start) and not self.over(frame)

    def over(self, frame: Frame) -> bool:
        return self.stop is not None and _pts(frame) >= self.stop


EVERYTHING = Kept()


def _pts(frame: Frame) -> int:
    assert isinstance(frame, VideoFrame)
    return frame.pts


@dataclass(frozen=True, eq=False)
class Film:
    """What is rendered, and with what.

    Attributes:
        processes: beside this one; see `helped`.
        kept: which of the frames.
        stop: set as soon as rendering is over, or has failed.
    """

    task: Task
    tracker: Tracker
    casting: Casting
    wardrobe: Wardrobe
    crew: Crew
    clock: StageClock
    processes: Processes | None = None
    kept: Kept = EVERYTHING
    stop: threading.Event = field(default_factory=threading.Event)

    def render(self, frames: Iterable[Frame], write: Callable[[Done], None]) -> None:
        """Find, follow, recast and mark faces in all frames; `write` is called on this thread, in order.

        Raises:
            Cancelled: the job was.
            Exception: what the first failing stage raised.
        """
        frames, cancel, processes = until_cancelled(frames, self.task.cancel), self.task.cancel, self.processes
        if processes is None:
            threads = _Threads(self)
            run(frames, threads.prepared, threads.render, write,
                clock=self.clock, crew=self.crew, cancel=cancel)  # fmt: skip
        else:
            beside = _Beside(self, processes)
            run(frames, beside.prepared, beside.render, write, clock=self.clock, crew=self.crew,
                side_by_side=processes.many + 1, ahead=1, cancel=cancel, stop=self.stop)  # fmt: skip

    def found(self, frames: Iterable[Frame]) -> Iterator[Found]:
        return marked(cast_in(tracked(self.tracker, frames, self.clock, self.crew), self.casting), self.task.mark)


class _Threads:
    """On threads of this process: frame by frame."""

    def __init__(self, film: Film) -> None:
        self._film = film

    def prepared(self, frames: Iterable[Frame]) -> Iterator[Found]:
        film = self._film
        for found in anchored(film.found(frames), film.wardrobe, film.task.options):
            if film.kept.over(found.frame):
                return
            if film.kept.has(found.frame):
                yield found

    def render(self, found: Found) -> Sequence[Done]:
        film = self._film
        with film.crew.turn(), film.clock.work("render"):
            changed = recast_frame(found.frame, found.roles, film.wardrobe, film.task.options, found.beside)
            film.task.mark.frame(found.frame, shade=found.shade)
        return ((found, changed),)


@dataclass(frozen=True, eq=False)
class _Packed:
    """A row: its frames that are wanted, and what is sent of all of them; ``None`` where nothing is to be changed."""

    frames: tuple[Found, ...]
    rows: Rows | None


class _Beside:
    """In processes beside this one, row by row; by a thread of this one as long as none is there."""

    def __init__(self, film: Film, processes: Processes) -> None:
        self._film, self._pool, self._identities = film, processes.pool, processes.identities
        self._lock = threading.Lock()
        self._memories: dict[int, Memory] = {}

    def prepared(self, frames: Iterable[Frame]) -> Iterator[_Packed]:
        film = self._film
        trail: tuple[Piece, ...] = ()
        for row in rows(film.found(frames)):
            if all(film.kept.over(found.frame) for found in row.frames):
                return
            with film.clock.work("render", 0):
                packed, trail = self._packed(row, trail)
            if packed.frames:
                yield packed

    def _packed(self, row: Row, trail: tuple[Piece, ...]) -> tuple[_Packed, tuple[Piece, ...]]:
        """Frames are copied here, where they come in order: those of the rows before may be changed any moment.

        Args:
            trail: the row's, as it was packed with the rows before.

        Returns:
            The row, and the next one's trail.
        """
        pieces = tuple(self._piece(found) for found in row.frames)
        wanted = tuple(found for found, piece in zip(row.frames, pieces, strict=True) if piece.wanted)
        idle = not any(piece.wanted and piece.window.planes for piece in pieces)
        packed = _Packed(wanted, None if idle else Rows(self._film.task.options, trail, pieces))
        anchors = (piece for found, piece in zip(row.frames, pieces, strict=True) if found in row.anchors)
        return packed, trailing((*trail, *anchors))

    def _piece(self, found: Found) -> Piece:
        film, frame = self._film, found.frame
        assert isinstance(frame, VideoFrame)
        areas = [place.area for place in places(found.roles, film.wardrobe, film.task.options)]
        window = taken(frame, areas)
        shown = tuple(Shown(role.face, self._pool.number(role.identity), role.painted) for role in found.roles)
        return Piece(window, shown, film.kept.has(frame))

    def render(self, packed: _Packed) -> Sequence[Done]:
        film, changed = self._film, None
        for found in packed.frames:
            for role in found.roles:
                film.wardrobe.check(found.frame, role.face)
        if packed.rows is not None:
            given = self._reminded(packed.rows)
            finished = self._elsewhere(given) or self._here(given)
            if finished is None:
                raise Cancelled
            self._remember(given, finished.memories)
            changed = finished.changed
            windows = [piece.window for piece in packed.rows.pieces if piece.wanted]
        done = []
        with film.crew.turn(), film.clock.work("render", 0):
            for place, found in enumerate(packed.frames):
                faces = 0
                if changed is not None:
                    faces = changed[place].faces
                    _put_back(found.frame, windows[place], changed[place])
                film.task.mark.frame(found.frame, shade=found.shade)
                done.append((found, faces))
        film.clock.add("render", 0.0, len(done))
        return done

    def _reminded(self, given: Rows) -> Rows:
        """A row with what is known by now of the anchors before it. Of how faces were read there, only what the anchors
        after them are told by that are not known yet."""
        numbers = [piece.window.index for piece in given.trail]
        with self._lock:
            known = [self._memories.get(number) for number in numbers]
        trail = []
        for piece, memory, after in zip(given.trail, known, [*known, None][1:], strict=True):
            if memory is not None and after is not None:
                memory = replace(memory, read={})
            trail.append(replace(piece, memory=memory))
        return replace(given, trail=tuple(trail))

    def _remember(self, given: Rows, memories: Mapping[int, Memory]) -> None:
        first = given.trail[0].window.index if given.trail else 0
        with self._lock:
            self._memories.update(memories)
            # Rows are finished nearly in order; who asks for an older one has it told anew.
            for number in [number for number in self._memories if number < first - _REMEMBERED]:
                del self._memories[number]

    def _elsewhere(self, given: Rows) -> Rendered | None:
        numbers = {shown.number for piece in (*given.trail, *given.pieces) for shown in piece.roles}
        prepared = {number: self._film.wardrobe.prepared(self._identities[number]) for number in numbers}
        answer = self._pool.render(given, prepared, self._stopped)
        if answer is None:
            return None
        if answer.error is not None:
            raise answer.error
        self._film.clock.add("render", answer.seconds, 0)
        if answer.rendered is None:
            raise Cancelled
        return answer.rendered

    def _here(self, given: Rows) -> Rendered | None:
        film = self._film
        with film.crew.turn(), film.clock.work("render", 0):
            return rendered(given, self._identities, film.wardrobe, self._stopped)

    def _stopped(self) -> bool:
        cancel = self._film.task.cancel
        return self._film.stop.is_set() or (cancel is not None and cancel.is_set())


def _put_back(frame: Frame, window: Window, changed: Changed) -> None:
    assert isinstance(frame, VideoFrame)
    if changed.faces:
        frame.restore(window.corner, changed.samples)
