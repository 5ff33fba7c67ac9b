"""What is deleted, and what stays. With a real database and real files."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.types import Person
from studio.jobs.files import Files
from studio.jobs.job import Outcome
from studio.jobs.retention import Retention
from studio.jobs.store import Store
from studio.server import _sweep
from tests.studio.jobs.conftest import job


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
    with store._base.change() as base:
        base.execute("UPDATE jobs SET finished = finished - 5000 WHERE id = 'old'")
    retention.sweep()
    assert {job.id for job in store.jobs()} == {"waits", "fresh"}
    assert {path.name for path in files.jobs.iterdir()} == {"waits", "fresh"}
    assert len(list(files.results.iterdir())) == 2
    assert not list(uploads.iterdir())
    assert store.get("waits").sources[0].read_bytes() == b"x"


def test_what_a_killed_server_left_of_jobs_goes_when_it_starts(store: Store, tmp_path: Path) -> None:
    """It may die between writing that a job is done and removing the pieces that its result was made of."""
    files, uploads, spool = Files(tmp_path / "jobs", tmp_path / "results"), tmp_path / "uploads", tmp_path / "spool"
    for folder in (uploads, spool):
        folder.mkdir()
    (spool / "body").write_bytes(b"x")
    for name in ("waits", "done", "failed", "unknown"):
        files.segments(name).mkdir(parents=True)
        (files.segments(name) / "000000.part").write_bytes(b"x")
        (files.result_folder(name) / "r.mp4").write_bytes(b"y")
        if name != "unknown":
            store.add(job(name))
    for name, state in (("done", "done"), ("failed", "failed")):
        store.finish(name, state, Outcome())
    results = {name: files.result_folder(name) for name in ("waits", "done")}
    Retention(store, files, uploads, keep=1000).tidy(spool)
    assert [name for name in ("waits", "done", "failed", "unknown") if files.segments(name).exists()] == ["waits"]
    assert {path.parent for path in files.results.rglob("r.mp4")} == set(results.values())
    assert not (files.jobs / "unknown").exists() and not list(spool.iterdir())


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


def test_what_its_owner_never_sees_goes_with_the_last_job_that_they_see(store: Store, tmp_path: Path) -> None:
    """Who was found in a target is embeddings and faces; its first frame is shown before there is a job."""
    files, uploads = Files(tmp_path / "jobs", tmp_path / "results"), tmp_path / "uploads"
    retention, target = Retention(store, files, uploads, keep=100), uploads / "x" / "film.mp4"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x")
    files.looks(target).mkdir()
    for name, owner, kind in (
        ("found", "ann", "people"), ("one", "ann", "video"), ("two", "ann", "video"), ("theirs", "bob", "people"),
        ("now", "ann", "preview"),
    ):  # fmt: skip
        store.add(replace(job(name, owner, origins=(target,)), kind=kind, attached=kind == "people"))
        files.save_people(name, ())
        if name != "now":
            store.finish(name, "done", Outcome())

    def left() -> set[str]:
        assert {path.name for path in files.jobs.iterdir()} == {one.id for one in store.jobs()}
        assert target.exists() == files.looks(target).exists()
        return {one.id for one in store.jobs()}

    retention.forget(store.get("one"))
    assert left() == {"found", "two", "theirs", "now"} and target.exists()
    retention.forget(store.get("two"))  # a preview is still being made of it, and somebody else has it open
    assert left() == {"found", "theirs", "now"} and target.exists()
    store.finish("now", "done", Outcome())
    retention.forget(store.get("now"))
    assert left() == {"theirs"} and target.exists()
    retention.forget(store.get("theirs"))
    assert left() == set() and not target.parent.exists()


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


def test_a_note_that_a_power_cut_emptied_leads_to_no_others_results(tmp_path: Path) -> None:
    """A job's folder of results is emptied before the job begins, and removed where the job fails."""
    files = Files(tmp_path / "jobs", tmp_path / "results")
    theirs = files.result_folder("theirs") / "film.mp4"
    theirs.write_bytes(b"x")
    files.result_folder("mine")
    (files.own("mine") / "result").write_bytes(b"")
    folder = files.result_folder("mine")
    assert folder.parent == files.results and folder != theirs.parent
    assert files.result_folder("mine") == folder
    (files.own("mine") / "result").write_text("../jobs/theirs")
    files.undo("mine")
    assert theirs.exists() and files.own("theirs").exists()


def test_files_of_a_job_go_even_while_the_database_has_no_room(store: Store, tmp_path: Path) -> None:
    """Else a disk that is full stays full: to delete a row takes room, too."""
    files = Files(tmp_path / "jobs", tmp_path / "results")
    (tmp_path / "uploads").mkdir()
    retention = Retention(store, files, tmp_path / "uploads", keep=100)
    for name in ("a", "b"):
        store.add(job(name))
        (files.result_folder(name) / "r.mp4").write_bytes(bytes(1 << 20))
        store.finish(name, "done", Outcome())
    with store._base.change() as base:
        base.execute("UPDATE jobs SET finished = finished - 5000")
    store._base.read("PRAGMA query_only = ON")
    retention.sweep()
    assert not list(files.results.iterdir())
    store._base.read("PRAGMA query_only = OFF")
    retention.sweep()
    assert store.jobs() == [] and not list(files.jobs.iterdir())


def test_a_round_that_fails_is_not_the_last_one(store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "uploads").mkdir()
    retention = Retention(store, Files(tmp_path / "jobs", tmp_path / "results"), tmp_path / "uploads", keep=100)
    store.close()
    caretaker: Any = SimpleNamespace(retention=retention, sweep=retention.sweep)

    async def watch() -> bool:
        rounds = asyncio.create_task(_sweep(caretaker))
        while not caplog.records and not rounds.done():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        going = not rounds.done()
        rounds.cancel()
        return going

    assert asyncio.run(watch())
    assert "closed database" in caplog.text
