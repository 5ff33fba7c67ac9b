"""How jobs are carried out, and how they end. With real threads and a real database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import Recaster
from pipeline.errors import Cancelled, NoFaceInTarget
from pipeline.models.gpus import gpu_count
from pipeline.models.providers import chain
from pipeline.report import Progress
from studio.jobs import worker
from studio.jobs.job import Busy, Job, JobUnknown, Outcome
from studio.jobs.running import Running
from studio.jobs.store import Store
from studio.jobs.worker import Workers
from studio.operations import Studio
from studio.settings import Settings
from tests.studio.conftest import eventually
from tests.studio.jobs.conftest import Work, job


def test_one_worker_is_kept_for_short_work(store: Store, start: Callable[[Work], Workers]) -> None:
    hold = threading.Event()

    def work(running: Running) -> Outcome:
        if running.job.long:
            hold.wait(10)
        return Outcome()

    workers = start(work)
    store.add(job("film", long=True, priority=2))
    workers.nudge()
    eventually(lambda: store.get("film").state == "running")
    for number in range(3):
        store.add(job(f"picture{number}"))
    workers.nudge()
    eventually(lambda: store.counts() == {"running": 1, "done": 3})
    hold.set()
    eventually(lambda: store.get("film").state == "done")


def test_people_are_looked_for_while_films_run_and_wait(store: Store, start: Callable[[Work], Workers]) -> None:
    hold = threading.Event()

    def work(running: Running) -> Outcome:
        if running.job.kind != "people":
            hold.wait(10)
        return Outcome()

    workers = start(work)
    for name in ("film", "next film"):
        store.add(job(name, long=True, priority=3))
    workers.nudge()
    eventually(lambda: store.counts() == {"running": 1, "queued": 1})
    search = replace(job("search", "bob", long=True, priority=2), kind="people")
    store.add(search)
    assert (store.ahead(search), store.ahead(store.get("next film"))) == (0, 1)
    workers.nudge()
    eventually(lambda: store.get("search").state == "done")
    assert store.counts() == {"running": 1, "queued": 1, "done": 1}
    hold.set()


def test_each_gpu_has_a_worker_of_its_own(tmp_path: Path) -> None:
    """Three GPUs, as far as the studio is told: three long jobs at once, each on another, and one for short work."""
    studio = Studio(Settings(data=tmp_path / "data"), Recaster(), gpus=3)
    try:
        assert studio.store.workers == 3
        assert [thread.name for thread in studio.workers._threads] == [
            *(f"worker-{n}" for n in (1, 2, 3)),
            "worker-short",
            "worker-people",
        ]
    finally:
        studio.close()
    first = Recaster()
    second = first.beside(1)
    assert second._finder is first._finder and second._wardrobes._library(
        "cpu", "auto"
    ) is not first._wardrobes._library("cpu", "auto")
    for device in ("cuda", "tensorrt", "rocm"):
        assert chain(device, tmp_path, 1)[0][1]["device_id"] == 1
    meet, places, store = threading.Barrier(3), set(), Store(tmp_path / "jobs.sqlite3", 3)

    def work(running: Running) -> Outcome:
        places.add(running.place)
        meet.wait(20)
        return Outcome()

    workers = Workers(store, work, many=3)
    for name in ("a", "b", "c"):
        store.add(job(name, long=True))
    workers.start()
    eventually(lambda: store.counts() == {"done": 3})
    workers.close()
    store.close()
    assert places == {0, 1, 2}


@pytest.mark.parametrize(
    ("names", "visible", "count"),
    [
        (2, None, 2),
        (0, None, 0),
        (4, "0,2", 2),
        (4, "", 0),
        (4, "-1", 0),
        (2, "0,9,1", 1),
        (2, "GPU-12ab,GPU-34cd", 2),
    ],
)
def test_gpus_are_counted_as_cuda_counts_them(tmp_path: Path, names: int, visible: str | None, count: int) -> None:
    for number in range(names):
        (tmp_path / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert gpu_count(tmp_path / "gpus", environment) == count


def test_cancel_works_in_every_state(store: Store, start: Callable[[Work], Workers]) -> None:
    def work(running: Running) -> Outcome:
        running.cancelled.wait(10)
        raise Cancelled

    workers = start(work)
    store.add(job("runs", long=True))
    store.add(job("waits", long=True))
    workers.nudge()
    eventually(lambda: store.get("runs").state == "running")
    workers.cancel("waits")
    assert store.get("waits").state == "cancelled"
    workers.cancel("runs")
    eventually(lambda: store.get("runs").state == "cancelled")
    before = store.get("runs")
    workers.cancel("runs")
    assert store.get("runs") == before
    with pytest.raises(JobUnknown):
        workers.cancel("nothing")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoFaceInTarget(), "no_face_in_target"),
        (MemoryError(), "memory"),
        (OSError(28, "No space left on device"), "disk_full"),
        (RuntimeError("secret"), "fault"),
        (SystemExit(1), "fault"),
        (KeyboardInterrupt(), "fault"),
    ],
)
def test_what_breaks_a_job_breaks_no_other(
    store: Store, start: Callable[[Work], Workers], error: BaseException, code: str
) -> None:
    def work(running: Running) -> Outcome:
        if running.job.id == "bad":
            raise error
        return Outcome()

    workers = start(work)
    store.add(job("bad"))
    store.add(job("good"))
    workers.nudge()
    eventually(lambda: store.get("good").state == "done" and store.get("bad").over)
    bad = store.get("bad")
    assert (bad.state, bad.code) == ("failed", code)
    assert bad.sentence.endswith(".") and "secret" not in bad.sentence
    assert workers.alive


def test_a_store_that_fails_for_a_moment_loses_no_worker(
    store: Store, start: Callable[[Work], Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, failures = store.claim, iter([sqlite3.OperationalError("disk I/O error")])

    def broken(*about: Any) -> Job | None:
        for failure in failures:
            raise failure
        return claim(*about)

    monkeypatch.setattr(store, "claim", broken)
    start(lambda running: Outcome())
    store.add(job("a"))
    eventually(lambda: store.get("a").state == "done")


def test_an_end_that_cannot_be_written_is_written_later(
    store: Store, start: Callable[[Work], Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failures = store.finish, iter([sqlite3.OperationalError("database or disk is full")] * 4)

    def broken(name: str, *rest: Any) -> bool:
        if name == "unlucky":
            for failure in failures:
                raise failure
        return finish(name, *rest)

    monkeypatch.setattr(store, "finish", broken)
    monkeypatch.setattr(worker, "PATIENCE", (0.01, 0.01))
    for name in ("unlucky", "next"):
        store.add(job(name))
    start(lambda running: Outcome(report={"of": running.job.id}))
    eventually(lambda: store.counts() == {"done": 2})
    outcome = store.get("unlucky").outcome
    assert outcome is not None and outcome.report == {"of": "unlucky"}


def test_a_stop_puts_work_back_and_a_start_takes_it_up(store: Store, start: Callable[[Work], Workers]) -> None:
    def work(running: Running) -> Outcome:
        running.cancelled.wait(10)
        raise Cancelled

    workers = start(work)
    store.add(job("film", long=True))
    workers.nudge()
    eventually(lambda: store.get("film").state == "running")
    workers.close()
    assert store.get("film").state == "queued"
    store.recover(3)
    assert store.get("film").crashes == 0


def test_a_crash_is_survived_but_not_for_ever(store: Store) -> None:
    store.add(job("film"))
    store.add(job("caller gone", attached=True))
    for _ in range(2):
        store.claim(long=True)
        store.recover(3)
        assert store.get("film").state == "queued"
    assert store.get("caller gone").state == "cancelled"
    store.claim(long=True)
    store.settled("film")
    store.recover(3)
    for _ in range(2):
        assert store.get("film").state == "queued"
        store.claim(long=True)
        store.recover(3)
    assert (store.get("film").state, store.get("film").code) == ("failed", "crashed")


def test_progress_is_seen_at_once_and_noted_now_and_then(store: Store, start: Callable[[Work], Workers]) -> None:
    go = threading.Event()
    picture = np.zeros((2, 2, 3), np.uint8)

    def work(running: Running) -> Outcome:
        for number in range(500):
            running.show(Progress("Recasting", number, 500, preview=picture if number == 1 else None))
        go.wait(10)
        return Outcome()

    workers = start(work)
    store.add(job("a"))
    workers.nudge()

    def seen() -> int:
        progress = workers.now(store.get("a")).progress
        return progress.done if progress else -1

    eventually(lambda: seen() == 499)
    assert workers.now(store.get("a")).preview is picture
    noted = store.get("a").progress
    assert noted is not None and noted.done < 499
    go.set()


def test_a_job_that_no_worker_has_can_still_be_cancelled(store: Store, start: Callable[[Work], Workers]) -> None:
    store.add(job("lost"))
    store.claim(long=True)
    start(lambda running: Outcome()).cancel("lost")
    assert store.get("lost").state == "cancelled"


def test_a_batch_that_does_not_fit_is_told_how_many_do(tmp_path: Path) -> None:
    """Not that the studio is busy, where nobody else is there."""
    studio = Studio(Settings(data=tmp_path / "data", waiting=20, waiting_each=10), Recaster())
    try:
        for many in (11, 25):
            with pytest.raises(Busy, match=f"These are {many} jobs, and only 10 more of yours may wait"):
                studio.admission.admit("x" * 32, "", many)
        studio.admission.admit("x" * 32, "", 10)
    finally:
        studio.close()
