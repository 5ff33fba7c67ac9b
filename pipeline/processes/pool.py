"""The processes that render, shared by all jobs of this one: begun when a job asks for them, kept for the next one, and
ended when there is none for a while."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pipeline.errors import Cancelled, ProcessLost
from pipeline.processes import budget
from pipeline.processes.wire import Answer, Gone, Rows
from pipeline.processes.worker import Worker
from pipeline.types import Identity

log = logging.getLogger(__name__)

IDLE = 60.0
"""Seconds without a job after which the processes are ended."""
_FAILED_STARTS = 3
"""Processes that ended before they were ready, after which no more are begun."""
_TURN = 0.1


class Pool:
    """Thread-safe. Rows are taken in the order in which they were asked for, whichever job they belong to.

    Args:
        most: processes; what the environment says, or else the machine, when ``None``.
        idle: see `IDLE`.

    Raises:
        OptionError: the environment does not say it as it should.
    """

    def __init__(self, most: int | None = None, idle: float = IDLE) -> None:
        self._given, self._idle_seconds = budget.wanted() if most is None else most, idle
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._known: weakref.WeakKeyDictionary[Identity, int] = weakref.WeakKeyDictionary()
        self._starting: list[Worker] = []
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._queue: deque[object] = deque()
        self._jobs = self._failed = self._most = 0
        self._timer: threading.Timer | None = None
        # At the latest when the interpreter ends.
        weakref.finalize(self, _end_all, self._starting, self._idle, self._busy)

    @property
    def most(self) -> int:
        """Processes that there may be, as things are now; 0 where none are worth it or can be had."""
        if os.name != "posix" or not sys.executable or self._failed >= _FAILED_STARTS:
            return 0
        if self._given is not None:
            return self._given
        memory = budget.free_memory()
        with self._changed:
            there = len(self._starting) + len(self._idle) + len(self._busy)
        # Those that there are have theirs already.
        return budget.affordable(budget.cores(), None if memory is None else memory + 2 * there * budget.EACH)

    @property
    def enough(self) -> int:
        """Frames from which on a film is worth using the processes for."""
        with self._changed:
            if self._idle or self._busy or self._given is not None:
                return 0
        return budget.ENOUGH

    @property
    def ready(self) -> int:
        """Processes that have loaded everything."""
        with self._changed:
            self._greet()
            return len(self._idle) + len(self._busy)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the processes that there are, for whoever looks after the machine."""
        with self._changed:
            return tuple(worker.number for worker in (*self._starting, *self._idle, *self._busy))

    @contextmanager
    def job(self, identities: Iterable[Identity], most: int) -> Iterator[None]:
        """A job that renders in up to `most` processes runs inside of the block. They are begun with its first row: a
        film may show nobody. What they know of its identities is forgotten after it."""
        with self._changed:
            self._jobs += 1
            self._most = max(self._most, most)
            if self._timer is not None:
                self._timer.cancel()
        try:
            yield
        finally:
            with self._changed:
                stale = {self._known[identity] for identity in identities if identity in self._known}
                self._jobs -= 1
                for worker in (*self._idle, *self._busy):
                    worker.stale(stale)
                # They count as busy meanwhile: another job would begin more in their place.
                idle, self._idle[:] = list(self._idle), []
                self._busy.extend(idle)
            kept = [worker for worker in idle if self._forgets(worker)]
            with self._changed:
                self._busy[:] = [worker for worker in self._busy if worker not in idle]
                self._idle.extend(kept)
                self._changed.notify_all()
                if self._jobs == 0:
                    self._most = 0
                    self._timer = threading.Timer(self._idle_seconds, self._leave)
                    self._timer.daemon = True
                    self._timer.start()

    def render(self, rows: Rows, prepared: Mapping[int, Any], stopped: Callable[[], bool]) -> Answer | None:
        """Have a row rendered by one of the processes; ``None`` where none is there yet, or none can be had.

        Where a process ends while it is at it, another one does it again, once.

        Args:
            prepared: what the engine made of its identities, see `number`.
            stopped: asked a few times a second, whether it is not wanted any more.

        Raises:
            ProcessLost: that one has ended, too.
            Cancelled: `stopped` was true.
        """
        for again in (False, True):
            worker = self._taken(again, stopped)
            if worker is None:
                return None
            try:
                answer = worker.render(rows, prepared, stopped)
            except Gone:
                self._lost(worker)
                continue
            except BaseException:
                # It may be in the middle of something.
                self._lost(worker)
                raise
            self._returned(worker)
            return answer
        raise ProcessLost

    def begin(self) -> None:
        """Begin what the running jobs may use, rather than with their first row."""
        with self._changed:
            self._begin()

    def number(self, identity: Identity) -> int:
        """What an identity goes by here."""
        with self._changed:
            if identity not in self._known:
                self._known[identity] = next(self._numbers)
            return self._known[identity]

    def close(self) -> None:
        """End all processes. They are begun anew when they are needed."""
        self._leave(always=True)

    def _taken(self, patient: bool, stopped: Callable[[], bool]) -> Worker | None:
        """An idle process, once it is this thread's turn; ``None`` where none is there yet, unless `patient`."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while not stopped():
                    self._greet()
                    self._begin()
                    if self._idle and self._queue[0] is ticket:
                        worker = self._idle.pop()
                        self._busy.append(worker)
                        return worker
                    if not (self._idle or self._busy or (patient and self._starting)):
                        return None
                    if not patient and self._starting and not self._idle:
                        return None
                    self._changed.wait(_TURN)
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        raise Cancelled

    def _begin(self) -> None:
        """Begin what is lacking."""
        there = len(self._starting) + len(self._idle) + len(self._busy)
        for _ in range(self._most - there if self._failed < _FAILED_STARTS else 0):
            try:
                self._starting.append(Worker())
            except OSError:
                log.warning("no process can be begun to render in; this one renders by itself", exc_info=True)
                self._failed = _FAILED_STARTS
                return

    def _greet(self) -> None:
        """Take in who is ready."""
        for worker in list(self._starting):
            try:
                if not worker.ready():
                    continue
                self._idle.append(worker)
                self._failed = 0
                log.info("a process renders beside this one, number %d", worker.number)
            except Gone:
                self._failed += 1
                log.warning("a process that was to render ended with %s before it was ready", worker.end())
            self._starting.remove(worker)
            self._changed.notify_all()

    def _forgets(self, worker: Worker) -> bool:
        try:
            worker.forget()
        except Gone:
            log.warning("an idle process that renders has ended with %s", worker.end())
            return False
        return True

    def _returned(self, worker: Worker) -> None:
        with self._changed:
            self._busy.remove(worker)
            if self._forgets(worker):
                self._idle.append(worker)
            self._changed.notify_all()

    def _lost(self, worker: Worker) -> None:
        status = worker.end()
        with self._changed:
            self._busy.remove(worker)
            if status == -signal.SIGKILL:
                # Likeliest for want of memory: the jobs that run now make do with one fewer.
                self._most = max(1, self._most - 1)
            self._changed.notify_all()
        log.warning("a process that renders ended with %s; what it was at is done again", status)

    def _leave(self, always: bool = False) -> None:
        with self._changed:
            if self._jobs and not always:
                return
            idle, self._idle[:] = [*self._idle, *self._starting], []
            self._starting.clear()
        for worker in idle:
            worker.end()


def _end_all(*rooms: list[Worker]) -> None:
    for worker in itertools.chain(*rooms):
        with suppress(OSError):
            worker.end()
