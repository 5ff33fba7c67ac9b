"""The threads of all jobs on one machine, and who of them may work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

MOST = 4
"""Frames of one job that are rendered at once, besides those that wait for a GPU."""


class Crew:
    """Shared by all jobs of a process. Thread-safe.

    A job alone has a few more threads than there are cores, so that none is idle while another thread waits. Of several
    jobs together so many are ready to run that they mostly hand Python's lock and the caches to each other: there, only
    as many work on a frame at once as there are cores.

    Args:
        cores: of the machine.
        together: faces that the engine renders at once. Where that is more than one, on a GPU, as many frames again
            wait for their batch, and for the one after it: the GPU finds it full as soon as it is free.
    """

    def __init__(self, cores: int, together: int = 1) -> None:
        self.cores, self._guests = cores, 2 * together if together > 1 else 0
        self._changed = threading.Condition()
        self._jobs = self._busy = 0

    @property
    def workers(self) -> int:
        """Frames that a job renders at a time."""
        return self._own + self._guests

    @property
    def _own(self) -> int:
        return max(1, min(MOST, self.cores))

    @contextmanager
    def job(self) -> Iterator[None]:
        """A job runs inside of the block."""
        with self._changed:
            self._jobs += 1
            cv2.setNumThreads(max(1, self.cores // self._own))
        try:
            yield
        finally:
            with self._changed:
                self._jobs -= 1
                if self._jobs == 0:
                    cv2.setNumThreads(-1)  # as it was when the process began
                self._changed.notify_all()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work on a frame inside of the block, once it is this thread's turn."""
        with self._changed:
            while self._jobs > 1 and self._busy >= max(1, self.cores):
                self._changed.wait()
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify()
