"""A job in a worker's hands, and what each worker takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipeline.report import Progress
from pipeline.types import ImageArray
from studio.jobs.job import Job, Kind, Outcome, State

NOTED = 1.0
"""Seconds between two notes of a job's progress in the store; in between, it is known in memory only."""


@dataclass(eq=False)
class Running:
    """A job in a worker's hands. The worker writes, everybody reads.

    Attributes:
        place: of its worker, from 0; those that take any work first. Each works on a GPU of its own where it can.
        cancelled: set when the work has to stop, for whatever reason; handed to the pipeline.
        unwanted: whether somebody asked for that, rather than the server that stops.
        leaving: set when the server stops; the work is to end at the next place from which it can go on.
        moved: when it was last heard of, on the monotonic clock.
        progress, preview: the newest moment, and the newest picture of a finished frame.
    """

    job: Job
    note: Callable[[Progress], None]
    settled: Callable[[], None]
    place: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)
    unwanted: bool = False
    leaving: threading.Event = field(default_factory=threading.Event)
    moved: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    preview: ImageArray | None = None
    _noted: float = 0.0

    def show(self, progress: Progress) -> None:
        """The pipeline's progress callback."""
        if progress.preview is not None:
            self.preview = progress.preview
        before, self.progress = self.progress, replace(progress, preview=None)
        now = self.moved = time.monotonic()
        if now - self._noted >= NOTED or before is None or before.stage != progress.stage:
            self._noted = now
            self.note(progress)


@dataclass(frozen=True)
class Duty:
    """What a worker takes: any job, or short ones, or those of one kind."""

    name: str
    place: int
    long: bool = True
    only: Kind | None = None


@dataclass(frozen=True)
class End:
    """How a job ended."""

    name: str
    state: State
    outcome: Outcome | None = None
    code: str = ""
    sentence: str = ""
