"""A bounded pipeline of threads: read → analyse → render → write.

Each stage works on its own thread (rendering on several), between them are queues of a few frames: memory does not
depend on the length of the video, and a slow stage slows the others instead of filling memory. Order is kept. The
first error of any stage stops all of them and is raised to the caller.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from pipeline.crew import Crew
from pipeline.errors import Cancelled
from pipeline.report import STAGES, Stage, StageTime

Item = TypeVar("Item")
Found = TypeVar("Found")
Done = TypeVar("Done")

DEPTH = 4
"""Items that may wait between two stages."""
_POLL = 0.1


class StageClock:
    """Counts each stage's seconds of work and its frames. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[Stage, float] = dict.fromkeys(STAGES, 0.0)
        self._frames: dict[Stage, int] = dict.fromkeys(STAGES, 0)

    @contextmanager
    def work(self, stage: Stage, frames: int = 1) -> Iterator[None]:
        """Count the body as work of `stage` on so many frames, if it succeeds."""
        begin = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - begin, frames)

    def add(self, stage: Stage, seconds: float, frames: int = 1) -> None:
        with self._lock:
            self._seconds[stage] += seconds
            self._frames[stage] += frames

    def include(self, stages: Mapping[str, tuple[float, int]]) -> None:
        """Count work that another clock has counted."""
        for stage in STAGES:
            self.add(stage, *stages.get(stage, (0.0, 0)))

    def report(self) -> dict[str, StageTime]:
        with self._lock:
            return {stage: StageTime(round(self._seconds[stage], 4), self._frames[stage]) for stage in STAGES}


class _End:
    """Marks the end of a channel."""


class _Channel(Generic[Item]):
    """A queue of a few items whose waits end when the pipeline stops."""

    def __init__(self, stop: threading.Event, depth: int = DEPTH) -> None:
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)
        self._stop = stop

    def put(self, item: Item | _End) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(item, timeout=_POLL)
            except queue.Full:
                continue
        raise _Stopped

    def close(self) -> None:
        self.put(_End())

    def __iter__(self) -> Iterator[Item]:
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                return
            yield item
        raise _Stopped


class _Stopped(Exception):
    """Another stage has failed, or the caller has gone."""


def run(
    source: Iterable[Item],
    analyse: Callable[[Iterable[Item]], Iterable[Found]],
    render: Callable[[Found], Iterable[Done]],
    write: Callable[[Done], None],
    *,
    clock: StageClock,
    crew: Crew,
    side_by_side: int | None = None,
    ahead: int = DEPTH,
    cancel: threading.Event | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Carry every item of `source` through the stages; `write` is called on the calling thread, in order.

    Args:
        source: iterated on a thread of its own.
        analyse: from all items to all that it found, in order; counts its own time on `clock`.
        render: called on one of several threads; of one thing that was found it makes any number of things to write.
            Counts its own time on `clock`, and takes its own turns.
        write: the last stage.
        clock: where the time of reading and writing is counted.
        crew: of the machine.
        side_by_side: threads that render; as many as the crew has workers when ``None``.
        ahead: how much may wait to be rendered or written beside that.
        cancel: checked between frames.
        stop: set as soon as any stage has failed, or the job is cancelled, for what takes longer to notice.

    Raises:
        Cancelled: `cancel` was set.
        Exception: what the first failing stage raised.
    """
    stop = stop or threading.Event()
    many = side_by_side or crew.workers
    failures: list[BaseException] = []
    read: _Channel[Item] = _Channel(stop)
    rendering: _Channel[Future[Iterable[Done]]] = _Channel(stop, ahead + many)

    def guarded(body: Callable[[], None]) -> Callable[[], None]:
        def stage() -> None:
            try:
                body()
            except _Stopped:
                pass
            except BaseException as error:
                failures.append(error)
                stop.set()

        return stage

    def reading() -> None:
        for item in _timed(source, clock):
            read.put(item)
        read.close()

    with crew.job(), ThreadPoolExecutor(many, thread_name_prefix="render") as pool:

        def analysing() -> None:
            for found in analyse(read):
                rendering.put(pool.submit(contextvars.copy_context().run, render, found))
            rendering.close()

        # What is logged on these threads belongs to whatever the caller is at.
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(guarded(body),), name=name)
                   for name, body in (("read", reading), ("analyse", analysing))]  # fmt: skip
        for thread in threads:
            thread.start()
        try:
            for future in rendering:
                for done in _awaited(future, stop, cancel):
                    if cancel is not None and cancel.is_set():
                        raise Cancelled
                    with clock.work("write"):
                        write(done)
        except _Stopped:
            pass
        except Cancelled:
            # Rendering says so too, where another stage has failed.
            if not failures:
                raise
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            for thread in threads:
                thread.join()
    if failures:
        raise failures[0]


def _awaited(future: Future[Iterable[Done]], stop: threading.Event, cancel: threading.Event | None) -> Iterable[Done]:
    """What was rendered."""
    while not futures.wait([future], _POLL).done:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        if stop.is_set():
            raise _Stopped
    return future.result()


def _timed(source: Iterable[Item], clock: StageClock) -> Iterator[Item]:
    items = iter(source)
    while True:
        begin = time.perf_counter()
        try:
            item = next(items)
        except StopIteration:
            return
        clock.add("read", time.perf_counter() - begin)
        yield item
