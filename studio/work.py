"""One worker that carries out one task after the other, and tasks that can be followed and cancelled.

The pipeline uses every core by itself, so that a second job at once would only make both slower. Web requests submit
tasks and follow them without holding a thread.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable
from typing import Generic, Literal, TypeVar

from pipeline.errors import Cancelled, RecastError
from pipeline.types import ImageArray, Progress

log = logging.getLogger(__name__)

T = TypeVar("T")
State = Literal["queued", "running", "done", "failed", "cancelled"]
LOOK = 0.1
"""Seconds between two looks of a follower."""


class Busy(RecastError):
    code = "busy"
    sentence = "The studio is busy. Please try again in a few minutes."


class Task(Generic[T]):
    """One piece of work. Its worker writes, everybody else reads; `cancel` may be called from anywhere.

    Attributes:
        state, progress, preview: where it is; `preview` is the newest picture of a finished frame.
        cancelled: set when somebody wants it to stop; handed to the pipeline.
    """

    def __init__(self, work: Callable[[Task[T]], T]) -> None:
        self._work = work
        self._result: T | None = None
        self._error: Exception | None = None
        self.state: State = "queued"
        self.progress: Progress | None = None
        self.preview: ImageArray | None = None
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Asks the task to stop: at once when it waits, within a frame when it runs."""
        with self._lock:
            self.cancelled.set()
            if self.state == "queued":
                self._error, self.state = Cancelled(), "cancelled"
                self.finished.set()

    def show(self, progress: Progress) -> None:
        """The pipeline's progress callback."""
        self.progress = progress
        if progress.preview is not None:
            self.preview = progress.preview

    def result(self) -> T:
        """What the work returned.

        Raises:
            Exception: what the work raised.
        """
        self.finished.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set before `finished`, unless there is an error

    def run(self) -> None:
        """Called by the worker, once."""
        with self._lock:
            if self.state != "queued":
                return
            self.state = "running"
        try:
            self._result = self._work(self)
            self.state = "done"
        except Cancelled as error:
            self._error, self.state = error, "cancelled"
        except Exception as error:
            if not isinstance(error, RecastError):
                log.exception("a task failed")
            self._error, self.state = error, "failed"
        finally:
            self.finished.set()


class Worker:
    """A thread that runs tasks in the order they came."""

    def __init__(self, waiting: int) -> None:
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._limit = waiting
        self._lock = threading.Lock()
        self._alive: list[Task] = []
        self._thread = threading.Thread(target=self._run, name="recast-worker", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Task[T]], T]) -> Task[T]:
        """Puts work at the end of the line.

        Raises:
            Busy: the line is too long.
        """
        task = Task(work)
        with self._lock:
            if sum(not other.finished.is_set() for other in self._alive) > self._limit:
                raise Busy()
            self._alive.append(task)
        self._tasks.put(task)
        return task

    def ahead(self, task: Task) -> int:
        """How many tasks have to end before this one begins."""
        with self._lock:
            before = self._alive[: self._alive.index(task)] if task in self._alive else []
            return sum(not other.finished.is_set() for other in before)

    @property
    def load(self) -> int:
        """Tasks that wait or run."""
        with self._lock:
            return len(self._alive)

    def close(self, patience: float = 10.0) -> None:
        """Cancels everything and ends the thread."""
        with self._lock:
            for task in self._alive:
                task.cancel()
        self._tasks.put(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task.run()
            with self._lock:
                self._alive.remove(task)


async def follow(task: Task, every: float = 0.25) -> AsyncIterator[None]:
    """Comes back every so many seconds until the task has ended. Whoever stops following cancels it."""
    loop = asyncio.get_running_loop()
    try:
        while not task.finished.is_set():
            yield
            until = loop.time() + every
            while loop.time() < until and not task.finished.is_set():
                await asyncio.sleep(LOOK)
    finally:
        if not task.finished.is_set():
            task.cancel()
