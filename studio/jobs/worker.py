"""The threads that carry jobs out.

Three by default. One takes whatever is next; another leaves alone what may take minutes, so that a picture never waits
behind an hour of video; the third looks for people only, so that who comes with a film learns at once who is in it.
What goes wrong in a job ends that job, never its thread.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from pipeline.errors import Cancelled, DiskFull, RecastError
from pipeline.models.memory import out_of_memory
from pipeline.report import Progress
from studio.jobs.job import FULL, Job, JobFailed, JobUnknown, Outcome, State, is_full
from studio.jobs.running import Duty, End, Running
from studio.jobs.store import Store
from studio.tracing import in_job

log = logging.getLogger(__name__)

FAULT = "Something went wrong inside Recast. The operator's log says what."
MEMORY = "There was not enough memory for this job. Try a smaller picture or video."
INTERRUPTED = 15.0
"""Seconds that interrupted work gets to let go."""
PATIENCE = (0.2, 1.0, 5.0)
"""Seconds between tries to write how a job ended, before other jobs get their turn."""
NAP = 2.0
"""Seconds after which an idle worker looks for work of its own accord."""


class Workers:
    """Takes jobs from the store and has them carried out.

    Args:
        store: where they wait.
        work: carries one out; raises what ends it early.
        ended: told of every job that is over.
        undo: told the name of a job that came to nothing, before that is written: a full disk has room again then.
        many: threads for any work; one more takes short work only, and one looks for people.
    """

    def __init__(
        self,
        store: Store,
        work: Callable[[Running], Outcome],
        ended: Callable[[Job], None] = lambda job: None,
        many: int = 1,
        undo: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._store, self._work, self._ended, self._undo = store, work, ended, undo
        self._late: list[End] = []
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}
        self._wake = threading.Condition()
        self._stopping = self.hurried = False
        duties = [Duty(f"worker-{place + 1}", place) for place in range(many)]
        duties += [Duty("worker-short", many, long=False), Duty("worker-people", many + 1, only="people")]
        self._threads = [
            threading.Thread(target=self._run, args=(duty,), name=duty.name, daemon=True) for duty in duties
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether every thread does its duty."""
        return not self._stopping and all(thread.is_alive() for thread in self._threads)

    def nudge(self) -> None:
        """There is work."""
        with self._wake:
            self._wake.notify_all()

    def now(self, job: Job) -> Job:
        """`job` with what is known of it in memory only."""
        with self._lock:
            running = self._running.get(job.id)
        if running is None or job.state != "running":
            return job
        return replace(job, progress=running.progress or job.progress, preview=running.preview)

    def cancel(self, name: str) -> None:
        """Ask a job to stop: at once when it waits, within a frame when it runs; one that is over stays as it is."""
        for _ in range(20):
            if self._store.cancel_waiting(name):
                self._ended(self._store.get(name))
                return
            with self._lock:
                running = self._running.get(name)
                if running is not None:
                    running.unwanted = True
                    running.cancelled.set()
                    return
            if self._store.get(name).state != "running":
                return
            time.sleep(0.05)
        # Nobody has it: its end could not be written when it came.
        if self._store.finish(name, "cancelled", code=Cancelled.code):
            self._ended(self._store.get(name))

    def drain(self, patiently: bool) -> None:
        """No new work from here on. Does not wait, and takes no lock: it may be called by a signal.

        Args:
            patiently: let what runs come to an end, or to a place where it can go on; interrupt it otherwise.
        """
        self._stopping, self.hurried = True, self.hurried or not patiently
        for running in list(self._running.values()):
            (running.leaving if patiently else running.cancelled).set()

    def close(self, patience: float = 0.0) -> None:
        """No new work. What still runs after `patience` seconds is interrupted, and waits for the next start."""
        self.drain(patiently=patience > 0)
        self.nudge()
        self._join(patience)
        self.drain(patiently=False)
        self._join(INTERRUPTED)

    def _join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))

    @property
    def stalled(self) -> float:
        """Seconds since the least lively job was last heard of; 0 when nothing runs."""
        with self._lock:
            return max((time.monotonic() - running.moved for running in self._running.values()), default=0.0)

    @property
    def fps(self) -> float:
        """Frames a second of everything that runs."""
        with self._lock:
            return sum(running.progress.fps for running in self._running.values() if running.progress is not None)

    def _run(self, duty: Duty) -> None:
        while not self._stopping:
            try:
                if self._late:
                    self._catch_up()
                running = self._next(duty)
                if running is not None:
                    with in_job(running.job.id):
                        self._carry_out(running)
            except BaseException:
                # The store itself failed, or something worse. A job that could not be ended is taken up again at the
                # next start; the worker lives on for the others.
                log.exception("a worker stumbled")
                time.sleep(1)

    def _next(self, duty: Duty) -> Running | None:
        """Claim a job and put it where `cancel` finds it; wait a little when there is none."""
        with self._wake:
            if self._stopping:
                return None
            with self._lock:
                job = self._store.claim(duty.long, duty.only)
                if job is not None:
                    running = self._running[job.id] = Running(
                        job, self._noter(job), lambda: self._store.settled(job.id), duty.place
                    )
                    return running
            self._wake.wait(NAP)
        return None

    def _noter(self, job: Job) -> Callable[[Progress], None]:
        def note(progress: Progress) -> None:
            try:
                self._store.advance(job.id, progress)
            except sqlite3.OperationalError:
                # The next moment is noted again; a disk that is full for so long is no reason to give the job up.
                log.warning("the progress of a job could not be noted", exc_info=True)

        return note

    def _carry_out(self, running: Running) -> None:
        name, outcome = running.job.id, None
        log.info("a job begins", extra={"kind": running.job.kind})
        state: State = "failed"
        code = sentence = ""
        try:
            outcome = self._work(running)
            state = "done"
        except Cancelled:
            state, code = "cancelled", Cancelled.code
        except JobFailed as error:
            code, sentence = error.name, str(error)
        except RecastError as error:
            code, sentence = error.code, str(error)
        except BaseException as error:
            # Whatever it is, it ends this job and no other.
            log.error("a job failed", exc_info=error)
            code, sentence = _explained(error)
        try:
            if state == "cancelled" and self._stopping and not running.unwanted:
                self._store.put_back(name)
                log.info("a job waits for the next start")
                return
            if state != "done":
                self._undo(name)
            self._settle(End(name, state, outcome, code, sentence))
        finally:
            with self._lock:
                self._running.pop(name, None)

    def _settle(self, end: End) -> None:
        """Write how a job ended. A disk that is full is given some time; after that, each job has to come first."""
        for wait in PATIENCE:
            if self._written(end):
                return
            if self._stopping:
                break
            time.sleep(wait)
        with self._lock:
            self._late.append(end)

    def _catch_up(self) -> None:
        """Write ends that could not be written before."""
        with self._lock:
            late, self._late = self._late, []
        for end in late:
            if not self._written(end):
                with self._lock:
                    self._late.append(end)

    def _written(self, end: End) -> bool:
        try:
            changed = self._store.finish(end.name, end.state, end.outcome, end.code, end.sentence)
        except sqlite3.OperationalError:
            log.warning("the end of job %s could not be written yet", end.name, exc_info=True)
            return False
        if changed:
            log.info("a job has ended", extra={"state": end.state, "code": end.code or None})
            # Whoever follows it may have seen its end, and have deleted it by now.
            with contextlib.suppress(JobUnknown):
                self._ended(self._store.get(end.name))
        return True


def _explained(error: BaseException) -> tuple[str, str]:
    if out_of_memory(error):
        return "memory", MEMORY
    if is_full(error):
        return DiskFull.code, FULL
    return RecastError.code, FAULT
