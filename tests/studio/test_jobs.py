"""Jobs: what is kept, in which order they run, how they end, what is deleted. With real threads and a real database."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import Recaster
from pipeline.errors import Cancelled, NoFaceInTarget
from pipeline.models.gpus import gpu_count
from pipeline.models.providers import chain
from pipeline.types import Options, Person, Progress
from studio.jobs import worker
from studio.jobs.files import Files
from studio.jobs.job import Job, JobUnknown, Outcome, fingerprint
from studio.jobs.retention import Retention
from studio.jobs.schema import MIGRATIONS, InUse, TooNew
from studio.jobs.store import PATIENCE, Store
from studio.jobs.worker import Running, Workers
from studio.operations import Studio
from studio.settings import Settings
from tests.studio.conftest import eventually


def job(name: str, owner: str = "ann", **more: Any) -> Job:
    return Job(
        id=name, owner=owner, kind="video", target=Path("/t.mp4"), created=more.pop("created", time.time()), **more
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "jobs.sqlite3")
    yield store
    store.close()


Work = Callable[[Running], Outcome]


@pytest.fixture
def start(store: Store) -> Iterator[Callable[[Work], Workers]]:
    begun: list[Workers] = []

    def begin(work: Work) -> Workers:
        begun.append(Workers(store, work))
        begun[-1].start()
        return begun[-1]

    yield begin
    for workers in begun:
        workers.close(5)


def test_a_job_comes_back_as_it_went_in(store: Store, tmp_path: Path) -> None:
    given = job(
        "a", sources=(Path("/1.jpg"), Path("/2.jpg")), cast={2: (0, 1)}, options=Options(likeness=0.5, end=3.0),
        priority=3, long=True, attached=True, moment=1.5,
    )  # fmt: skip
    store.add(given)
    assert store.get("a", "ann") == given
    store.claim(long=True)
    store.advance("a", Progress("Recasting", 3, 10, 2.0, 3.5))
    outcome = Outcome(tmp_path / "x.mp4", report={"frames": 3})
    assert store.finish("a", "done", outcome)
    done = store.get("a")
    assert (done.state, done.outcome) == ("done", outcome)
    assert done.progress == Progress("Recasting", 3, 10, 2.0, 3.5)
    assert [event.what for event in store.events("a")] == ["queued", "running", "done"]
    assert not store.finish("a", "failed")


def test_another_owner_sees_nothing(store: Store) -> None:
    store.add(job("a", fingerprint("secret")))
    assert store.get("a", fingerprint("secret")).id == "a"
    for owner in (fingerprint("Secret"), "", "secret"):
        with pytest.raises(JobUnknown):
            store.get("a", owner)


def order(store: Store, long: bool = True) -> list[str]:
    found = []
    while (claimed := store.claim(long)) is not None:
        found.append(claimed.id)
        store.finish(claimed.id, "done")
    return found


def test_short_work_goes_first_and_owners_take_turns(store: Store) -> None:
    for number in range(3):
        store.add(job(f"film{number}", "ann", priority=3, long=True))
    store.add(job("bob's film", "bob", priority=3, long=True))
    store.add(job("picture", "ann"))
    assert store.ahead(store.get("bob's film")) == 4
    assert order(store) == ["picture", "bob's film", "film0", "film1", "film2"]


def test_who_has_waited_long_is_not_passed_for_ever(store: Store) -> None:
    store.add(job("old film", "ann", priority=3, long=True, created=time.time() - 3 * PATIENCE))
    store.add(job("picture", "bob"))
    assert order(store) == ["old film", "picture"]


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
    assert second._finder is first._finder and second._library("cpu") is not first._library("cpu")
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


def test_an_older_database_is_brought_up_and_a_newer_refused(tmp_path: Path) -> None:
    Store(tmp_path / "a").close()
    Store(tmp_path / "a").close()
    base = sqlite3.connect(tmp_path / "a")
    assert base.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    base.execute("PRAGMA user_version = 999")
    base.close()
    with pytest.raises(TooNew):
        Store(tmp_path / "a")


def test_two_servers_do_not_share_their_jobs(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InUse):
        Store(tmp_path / "jobs.sqlite3")


def aged(path: Path, seconds: float) -> None:
    for entry in [path, *path.rglob("*")]:
        os.utime(entry, (time.time() - seconds,) * 2, follow_symlinks=False)


def test_what_is_old_goes_and_what_is_in_use_stays(store: Store, tmp_path: Path) -> None:
    files, uploads = Files(tmp_path / "jobs", tmp_path / "results"), tmp_path / "uploads"
    retention = Retention(store, files, uploads, keep=100)
    for name in ("waits", "fresh", "old"):
        (uploads / name).mkdir(parents=True)
        upload = uploads / name / "face.jpg"
        upload.write_bytes(b"x")
        store.add(job(name, sources=(files.take(name, upload, 1),), origins=(upload,)))
        (files.result_folder(name) / "r.mp4").write_bytes(b"y")
    store.finish("fresh", "done", Outcome())
    store.finish("old", "done", Outcome())
    for left in (files.jobs / "crashed", files.results / "crashed", uploads / "broken.part"):
        left.mkdir()
    for path in (uploads, files.jobs, files.results):
        aged(path, 5000)
    store._base.execute("UPDATE jobs SET finished = finished - 5000 WHERE id = 'old'")
    retention.sweep()
    assert {job.id for job in store.jobs()} == {"waits", "fresh"}
    assert {path.name for path in files.jobs.iterdir()} == {"waits", "fresh"}
    assert len(list(files.results.iterdir())) == 2
    assert not list(uploads.iterdir())
    assert store.get("waits").sources[0].read_bytes() == b"x"


def test_what_broken_uploads_leave_goes_soon_and_nothing_else(store: Store, tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    retention = Retention(store, Files(tmp_path / "jobs", tmp_path / "results"), uploads, keep=1000)
    (uploads / "whole").mkdir(parents=True)
    for name, age in (("broken", 500), ("comes", 5), ("whole/a.png", 500)):
        (uploads / name).write_bytes(b"x")
        os.utime(uploads / name, (time.time() - age,) * 2)
    retention.drop_broken()
    assert {path.name for path in uploads.rglob("*") if path.is_file()} == {"comes", "a.png"}


def test_an_owner_has_everything_deleted_at_once(store: Store, tmp_path: Path) -> None:
    files, uploads = Files(tmp_path / "jobs", tmp_path / "results"), tmp_path / "uploads"
    retention = Retention(store, files, uploads, keep=100)
    origins = []
    for name in ("mine", "shared"):
        (uploads / name).mkdir(parents=True)
        origins.append(uploads / name / "face.jpg")
        origins[-1].write_bytes(b"x")
    for name, used in (("a", origins), ("b", origins[1:])):
        store.add(job(name, origins=tuple(used), sources=tuple(files.take(name, path, 1) for path in used[:1])))
        (files.result_folder(name) / "r.mp4").write_bytes(b"y")
    store.finish("a", "done", Outcome())
    retention.forget(store.get("a"))
    assert [path.name for path in uploads.iterdir()] == ["shared"]
    assert [path.name for path in files.jobs.iterdir()] == ["b"]
    assert len(list(files.results.iterdir())) == 1 and store.events("a") == []


def test_people_are_kept_as_they_were(tmp_path: Path) -> None:
    files = Files(tmp_path / "jobs", tmp_path / "results")
    assert files.people("a") is None
    files.save_people("a", ())
    assert files.people("a") == () and not files.elsewhere("a")
    files.save_people("b", (), elsewhere=True)
    assert files.elsewhere("b") and not files.elsewhere("nothing")
    given = Person(2, np.arange(128, dtype=np.float32), np.full((160, 160, 3), 7, np.uint8), 0.1, 1 / 3, 9, 0.5)
    files.save_people("a", (given,))
    found = (files.people("a") or ())[0]
    assert (found.number, found.first_time, found.last_time, found.frames, found.share) == (2, 0.1, 1 / 3, 9, 0.5)
    assert np.array_equal(found.embedding, given.embedding) and np.array_equal(found.thumbnail, given.thumbnail)


def test_a_job_that_no_worker_has_can_still_be_cancelled(store: Store, start: Callable[[Work], Workers]) -> None:
    store.add(job("lost"))
    store.claim(long=True)
    start(lambda running: Outcome()).cancel("lost")
    assert store.get("lost").state == "cancelled"
