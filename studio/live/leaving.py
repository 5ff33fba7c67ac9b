"""Visits that end: what their visitors recorded is still being finished when they have gone."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, wait

log = logging.getLogger(__name__)


class Leaving:
    """The ends that have begun and are not there yet. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: set[Future[None]] = set()

    def add(self, end: Future[None]) -> None:
        """A visit is being ended."""
        with self._lock:
            self._ends.add(end)
        end.add_done_callback(self._over)

    def wait(self, seconds: float) -> None:
        """Until all of them are there, or so many seconds are over."""
        with self._lock:
            ends = set(self._ends)
        if wait(ends, seconds).not_done:
            log.warning("the server stopped before a recording of the live view was finished")

    def _over(self, end: Future[None]) -> None:
        with self._lock:
            self._ends.discard(end)
        if not end.cancelled() and (error := end.exception()) is not None:
            log.error("a live view could not be ended in order", exc_info=error)
