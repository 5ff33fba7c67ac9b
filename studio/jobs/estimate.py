"""How long it is until a waiting job begins, from what such jobs have taken lately on this machine."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from studio.jobs.job import Job
from studio.jobs.store import Store, Waiting, same_worker

_FIRST_GUESS = {True: 4.0, False: 3.0}
"""Seconds of work for a second of video, and for anything short, before any was done here."""


@dataclass(frozen=True)
class Place:
    """Where a waiting job is in the line.

    Attributes:
        ahead: jobs that begin before it can, those that run included.
        seconds: about how long that takes.
    """

    ahead: int
    seconds: int

    @property
    def sentence(self) -> str:
        return f"Position {self.ahead + 1} in the line, {about(self.seconds)}."


def place_of(store: Store, job: Job) -> Place:
    """The place of a job that waits; the first place for any other."""
    if job.state != "queued":
        return Place(0, 0)
    # It may have begun since it was looked up.
    running = [other for other in store.running_before(job.long, job.kind) if other.id != job.id]
    return _place(store, store.before(job), running)


def place_behind(store: Store, long: bool) -> Place:
    """The place that a new job would get, at the end of the line."""
    line = [other for other in store.line(long) if same_worker(other.kind, None)]
    return _place(store, line, store.running_before(long))


def about(seconds: float) -> str:
    """``about 3 minutes``, rounded up: who comes back early is told to wait again."""
    if seconds < 50:
        return "less than a minute"
    minutes = math.ceil(seconds / 60)
    if minutes < 100:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {math.ceil(minutes / 60)} hours"


def _place(store: Store, before: list[Waiting], running: list[Job]) -> Place:
    rates = {kind: _rate(store, kind) for kind in (True, False)}
    seconds = sum(rates[job.long] * job.weight for job in before)
    seconds += sum(_left(job, rates[job.long]) for job in running)
    return Place(len(before) + len(running), math.ceil(seconds / store.workers))


def _left(job: Job, rate: float) -> float:
    if job.progress is not None and job.progress.eta is not None:
        return job.progress.eta
    return max(1.0, rate * job.weight - (time.time() - (job.started or time.time())))


def _rate(store: Store, long: bool) -> float:
    worked, weight = store.lately(long)
    return worked / weight if weight else _FIRST_GUESS[long]
