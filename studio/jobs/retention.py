"""What is deleted, and when: results and uploads after the operator's time, at once when their owner asks, and what
crashes and broken uploads left behind. Nothing that a job which is not over still needs."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from studio.jobs.files import Files, remove
from studio.jobs.job import UNSEEN, Job
from studio.jobs.store import Store
from studio.unpacking import place_of

log = logging.getLogger(__name__)

BROKEN = 120.0
"""Seconds without a further byte after which an upload does not come any more: who sends it was given up long before
(see `studio.guard.IDLE`)."""
YOUNG = 3600.0
"""Seconds for which a folder that belongs to no job may still be about to."""


class Retention:
    """Args:
    keep: seconds that a job is kept once it is over, and an upload once it has come.
    """

    def __init__(self, store: Store, files: Files, uploads: Path, keep: float) -> None:
        self._store, self._files, self._uploads, self._keep = store, files, uploads, keep

    def forget(self, job: Job) -> None:
        """Delete a job that is over: its row, its result, its files, and uploads that no other job was made from. What
        its owner never sees as a job (who was found in the target, a preview) goes with the last one that they see."""
        assert job.over
        self._drop(job)
        others = self._store.jobs()
        behind = [other for other in others if other.owner == job.owner and other.over and _unseen(other)]
        mine = _made_from(other for other in others if other.owner == job.owner and other not in behind)
        for other in behind:
            if set(other.origins) & set(job.origins) - mine:
                self._drop(other)
                others.remove(other)
        gone = set(job.origins) - _made_from(others)
        for path in filter(lambda path: path.is_relative_to(self._uploads), gone):
            remove(path)
            remove(place_of(path))
            remove(self._files.looks(path))
            if path.parent != self._uploads and path.parent.is_dir() and not any(path.parent.iterdir()):
                remove(path.parent)

    def _drop(self, job: Job) -> None:
        # Files first: to delete a row takes room itself, which a disk that is full has only after that.
        self._files.forget(job.id)
        self._store.forget(job.id)

    def tidy(self, spool: Path) -> None:
        """Delete what a server that was killed has left half done. Only for a server that has not begun yet."""
        known = {job.id: job for job in self._store.jobs()}
        for folder in self._files.jobs.iterdir():
            job = known.get(folder.name)
            if job is None:
                self._files.forget(folder.name)
            elif job.over:
                # Its end was the last thing that was written, and what it needs no more may be as large as its result.
                self._files.ended(job.id, kept=job.state == "done")
        for entry in (*spool.iterdir(), *self._uploads.iterdir()):
            # A whole upload has a folder of its own.
            if entry.is_file() or entry.parent == spool:
                remove(entry)

    def sweep(self) -> None:
        """Delete what is too old, and what nobody knows."""
        now = time.time()
        for job in self._store.jobs(over=True):
            if (job.finished or job.created) < now - self._keep:
                try:
                    self.forget(job)
                except sqlite3.OperationalError:
                    log.warning("a job could not be forgotten yet", exc_info=True)
        known = self._store.jobs()
        self._clear(self._uploads, now - self._keep, set())
        self._clear(self._files.jobs, now - min(YOUNG, self._keep), {job.id for job in known})
        used = {self._files.result_folder(job.id).name for job in known if self._files.has_result(job.id)}
        self._clear(self._files.results, now - self._keep, used)

    def drop_broken(self) -> None:
        """Delete what broken uploads have left: only a whole one has a folder of its own."""
        oldest = time.time() - BROKEN
        for entry in self._uploads.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file() and entry.stat().st_mtime < oldest:
                    remove(entry)

    def _clear(self, parent: Path, oldest: float, used: set[str]) -> None:
        for entry in parent.iterdir():
            try:
                old = entry.name not in used and _newest(entry) < oldest
            except FileNotFoundError:
                continue
            if old:
                remove(entry)


def _made_from(jobs: Iterable[Job]) -> set[Path]:
    return {path for job in jobs for path in job.origins}


def _unseen(job: Job) -> bool:
    """Whether no list of jobs shows it."""
    return job.attached or job.kind in UNSEEN


def _newest(path: Path) -> float:
    """When a file, or anything in a folder, was last written or linked."""
    stat = path.lstat()
    return max(
        [stat.st_mtime, *(entry.lstat().st_mtime for entry in path.iterdir())] if path.is_dir() else [stat.st_mtime]
    )
