"""Jobs as they are kept: what comes back, in which order they are taken, what an older database becomes."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from pipeline.options import Options, PaintedMask, Painting
from pipeline.report import Progress
from studio.jobs.estimate import Place, place_of
from studio.jobs.job import JobUnknown, Outcome, fingerprint, is_full, options_of
from studio.jobs.schema import MIGRATIONS, InUse, TooNew
from studio.jobs.store import PATIENCE, Store
from tests.studio.jobs.conftest import job


def test_a_job_comes_back_as_it_went_in(store: Store, tmp_path: Path) -> None:
    painted = (Painting(PaintedMask("AAAA"), "2"), Painting(PaintedMask("BBBB")))
    given = job(
        "a", sources=(Path("/1.jpg"), Path("/2.jpg")), cast={2: (0, 1)},
        options=Options(likeness=0.5, end=3.0, exclude=painted), priority=3, long=True, attached=True, moment=1.5,
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


def test_a_job_that_has_just_begun_does_not_wait_for_itself(store: Store) -> None:
    """Whoever still holds it as it waited, such as the answer to the request that made it."""
    store.add(job("a", long=True))
    waiting = store.get("a")
    assert store.claim(long=True) is not None
    assert place_of(store, waiting) == Place(0, 0)
    store.add(job("b", long=True))
    assert place_of(store, store.get("b")).ahead == 1


def test_options_of_an_older_studio_are_understood() -> None:
    """One mask was a text then, and everyone's."""
    before = {"likeness": 0.5, "exclude_at": 1.0}
    assert options_of({**before, "exclude": ""}) == Options(likeness=0.5, exclude_at=1.0)
    assert options_of({**before, "exclude": "AAAA"}).exclude == (Painting(PaintedMask("AAAA")),)
    assert options_of({**before, "source_faces": [0, 2]}).source_faces == (0, 2)


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


def test_a_database_without_room_says_so_and_takes_up_again(store: Store) -> None:
    """SQLite itself undoes a change that finds no room; that it cannot be undone twice is not the news."""
    pages = store._base.read("PRAGMA page_count")[0][0]
    store._base.read(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError) as told:
        store.add(job("large", origins=tuple(Path("/" + "x" * 200) for _ in range(1000))))
    assert is_full(told.value)
    store._base.read(f"PRAGMA max_page_count = {pages + 1000}")
    store.add(job("small"))
    assert [each.id for each in store.jobs()] == ["small"]
