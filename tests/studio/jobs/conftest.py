"""A store of jobs, and workers that end with the test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.job import Job, Outcome
from studio.jobs.running import Running
from studio.jobs.store import Store
from studio.jobs.worker import Workers


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
