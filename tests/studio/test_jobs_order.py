"""An owner's own order of the line, and what an owner is shown. With a real database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.job import Job
from studio.jobs.order import Turn, rearranged
from studio.jobs.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "jobs.sqlite3")
    yield store
    store.close()


def job(name: str, at: float, owner: str = "ann", **more: Any) -> Job:
    more = {"kind": "video", "priority": 2, "long": True} | more
    return Job(id=name, owner=owner, target=Path("/t.mp4"), created=time.time() - 100 + at, **more)


def line(store: Store) -> list[str]:
    return [job.id for job in store.line(long=True)]


def test_waiting_jobs_are_taken_in_the_order_their_owner_wants(store: Store) -> None:
    for at, name in enumerate("abcd"):
        store.add(job(name, at))
    store.reorder("ann", ["d", "b", "no such job", "d"])
    assert line(store) == ["d", "b", "a", "c"]
    claimed = store.claim(long=True)
    assert claimed is not None and claimed.id == "d"
    # What runs keeps its turn, and what comes later comes last.
    store.add(job("e", 50))
    store.reorder("ann", ["c", "d"])
    assert line(store) == ["c", "b", "a", "e"]


def test_a_video_may_be_put_before_a_picture_and_gains_nothing_on_others(store: Store) -> None:
    store.add(job("film", 0))
    store.add(job("picture", 1, kind="picture", priority=0, long=False))
    store.add(job("other", 2, owner="bob", kind="picture", priority=0, long=False))
    assert line(store) == ["picture", "other", "film"]
    store.reorder("ann", ["film", "picture"])
    assert line(store) == ["other", "film", "picture"]


def test_nobody_can_reorder_what_is_not_theirs(store: Store) -> None:
    store.add(job("a", 0))
    store.add(job("b", 1))
    store.reorder("bob", ["b", "a"])
    assert line(store) == ["a", "b"]


def test_turns_are_dealt_out_anew_and_never_earlier_than_all_of_them() -> None:
    turns = [Turn("a", 0, 5.0), Turn("b", 2, 5.0), Turn("c", 1, 9.0)]
    again = rearranged(turns, ["c", "b"])
    assert [turn.name for turn in again] == ["c", "b", "a"]
    assert [turn.priority for turn in again] == [1, 2, 2]
    assert again[0].place == 5.0
    assert all(one.place < other.place for one, other in pairwise(again))


def test_an_owner_sees_what_they_asked_to_keep(store: Store) -> None:
    store.add(job("film", 0))
    store.add(job("preview", 1, kind="preview"))
    store.add(job("people", 2, kind="people"))
    store.add(job("attached", 3, attached=True))
    store.add(job("elsewhere", 4, owner="bob"))
    store.add(job("live", 5, kind="live", state="running"))
    assert [one.id for one in store.owned(["ann"])] == ["live", "film"]
    assert [one.id for one in store.owned(["ann", "bob"])] == ["live", "elsewhere", "film"]


def test_a_database_from_before_has_every_job_in_its_old_turn(tmp_path: Path) -> None:
    import sqlite3

    from studio.jobs.schema import MIGRATIONS

    base = sqlite3.connect(tmp_path / "jobs.sqlite3")
    for number, script in enumerate(MIGRATIONS[:-1], start=1):
        base.executescript(f"{script}PRAGMA user_version = {number};")
    for at, name in ((2.0, "later"), (1.0, "sooner")):
        base.execute(
            "INSERT INTO jobs (id, owner, kind, sources, target, origins, cast_, options, moment, attached, priority, "
            "long, state, created) VALUES (?, 'ann', 'video', '[]', '/t', '[]', '{}', '{}', 0, 0, 2, 1, 'queued', ?)",
            (name, at),
        )
    base.commit()
    base.close()
    store = Store(tmp_path / "jobs.sqlite3")
    assert line(store) == ["sooner", "later"]
    store.close()
