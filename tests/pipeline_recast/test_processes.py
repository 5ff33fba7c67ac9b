"""Films rendered in processes beside this one: the same bits, whatever happens to the processes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import Cancelled, Cast, Options, Progress, Recaster
from pipeline.errors import ProcessLost
from pipeline.media.colour import Colour
from pipeline.media.window import Window
from pipeline.options import PaintedMask
from pipeline.processes.pool import Pool
from pipeline.processes.wire import Piece, Rows, Shown
from pipeline.processes.worker import Worker
from tests import faces, media
from tests.media_files import bits
from tests.processes import process

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are handed to processes")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
FRAMES = 60
MANY = 2


def wait(true: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@contextmanager
def ready(recaster: Recaster) -> Iterator[Pool]:
    """All processes have been begun. They stay for the next test."""
    pool = recaster.pool
    with pool.job((), MANY):
        pool.begin()
        wait(lambda: pool.ready == MANY, "the processes did not begin")
        yield pool


@pytest.fixture(scope="module")
def recaster() -> Iterator[Recaster]:
    made = Recaster(processes=MANY)
    yield made
    made.pool.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who change sides, so that one face lies on another; sound."""
    frames = media.crossing(FRAMES).frames
    return media.write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", frames, 25, audio=2.3)


@pytest.fixture(scope="module")
def alone(cast: Cast, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What threads of one process make of it."""
    output = tmp_path_factory.mktemp("alone") / "a.mp4"
    report = Recaster(processes=0).recast(cast, clip, output)
    assert report.changed > FRAMES - 5
    return bits(output)


def test_the_same_bits_as_on_threads(recaster: Recaster, cast: Cast, clip: Path, alone: str, tmp_path: Path) -> None:
    shown: list[Progress] = []
    with ready(recaster):
        report = recaster.recast(cast, clip, tmp_path / "a.mp4", progress=shown.append)
    assert bits(tmp_path / "a.mp4") == alone
    assert report.frames == FRAMES
    assert report.stages["render"].frames == report.stages["write"].frames == FRAMES
    assert report.stages["render"].seconds > 0.1
    done = [progress.done for progress in shown]
    assert done == sorted(done)
    assert done[-1] == FRAMES
    assert any(progress.preview is not None for progress in shown)


def test_until_they_are_there_this_one_does_it(cast: Cast, clip: Path, alone: str, tmp_path: Path) -> None:
    fresh = Recaster(processes=MANY)
    try:
        fresh.recast(cast, clip, tmp_path / "a.mp4")
    finally:
        fresh.pool.close()
    assert bits(tmp_path / "a.mp4") == alone


def test_segments_give_the_same_bits(recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path) -> None:
    Recaster(processes=0).recast(cast, clip, tmp_path / "a.mp4", work=tmp_path / "one", segment=1.2)
    with ready(recaster):
        recaster.recast(cast, clip, tmp_path / "b.mp4", work=tmp_path / "two", segment=1.2)
    assert len(list((tmp_path / "two").glob("*.part"))) == 2
    assert bits(tmp_path / "a.mp4") == bits(tmp_path / "b.mp4")


def test_two_jobs_share_them(recaster: Recaster, cast: Cast, clip: Path, alone: str, tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def job(name: str) -> None:
        try:
            recaster.recast(cast, clip, tmp_path / name)
        except BaseException as error:
            failures.append(error)

    with ready(recaster) as pool:
        jobs = [threading.Thread(target=job, args=(name,), daemon=True) for name in ("a.mp4", "b.mp4")]
        for each in jobs:
            each.start()
        for each in jobs:
            each.join(PATIENCE)
            assert not each.is_alive()
        assert len(pool.numbers) == MANY
    assert not failures
    assert bits(tmp_path / "a.mp4") == bits(tmp_path / "b.mp4") == alone


def test_a_killed_process_costs_nothing_but_time(
    recaster: Recaster, cast: Cast, clip: Path, alone: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        with recaster.pool._changed:
            busy = [worker.number for worker in recaster.pool._busy]
        if progress.done >= 8 and not killed and busy:
            killed.append(busy[0])
            os.kill(busy[0], signal.SIGKILL)

    with ready(recaster) as pool, caplog.at_level(logging.WARNING):
        recaster.recast(cast, clip, tmp_path / "a.mp4", progress=kill)
        assert killed
        assert killed[0] not in pool.numbers
        assert len(pool.numbers) == MANY - 1  # as who has killed it may have been short of memory
    assert bits(tmp_path / "a.mp4") == alone
    assert "ended with -9; what it was at is done again" in caplog.text


def test_who_always_kills_them_is_told_so(recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path) -> None:
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.001):
            with recaster.pool._changed:
                for worker in recaster.pool._busy:
                    with contextlib.suppress(ProcessLookupError):  # the one of a moment ago has ended
                        os.kill(worker.number, signal.SIGKILL)

    with ready(recaster):
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        try:
            with pytest.raises(ProcessLost) as caught:
                recaster.recast(cast, clip, tmp_path / "a.mp4")
        finally:
            over.set()
            killer.join(PATIENCE)
    assert caught.value.code == "renderer_lost"
    assert list(tmp_path.iterdir()) == []


def test_cancel_leaves_them_ready_for_the_next_job(
    recaster: Recaster, cast: Cast, clip: Path, alone: str, tmp_path: Path
) -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done >= 4:
            cancel.set()

    with ready(recaster) as pool:
        before = pool.numbers
        with pytest.raises(Cancelled):
            recaster.recast(cast, clip, tmp_path / "a.mp4", progress=stop, cancel=cancel)
        assert list(tmp_path.iterdir()) == []
        assert sorted(pool.numbers) == sorted(before)
        recaster.recast(cast, clip, tmp_path / "a.mp4")
        assert sorted(pool.numbers) == sorted(before)
    assert bits(tmp_path / "a.mp4") == alone


def test_cancel_does_not_wait_for_one_that_hangs(
    recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.processes.worker.LEAVE", 0.5)
    cancel, held = threading.Event(), list[int]()

    def hold() -> None:
        until = time.monotonic() + PATIENCE
        while not held and time.monotonic() < until:
            with recaster.pool._changed:
                held.extend(worker.number for worker in recaster.pool._busy)
            time.sleep(0.01)
        for number in held:
            os.kill(number, signal.SIGSTOP)
        cancel.set()

    with ready(recaster) as pool:
        holding = threading.Thread(target=hold, daemon=True)
        holding.start()
        with pytest.raises(Cancelled):
            recaster.recast(cast, clip, tmp_path / "a.mp4", cancel=cancel)
        holding.join(PATIENCE)
        assert held
        assert not set(held) & set(pool.numbers)
        wait(lambda: not any(map(alive, held)), "what hung was left behind")


def test_faces_are_forgotten_with_their_job(recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path) -> None:
    learned: set[int] = set()

    def look(_: Progress) -> None:
        with recaster.pool._changed:
            for worker in recaster.pool._busy:
                learned.update(worker._known)

    with ready(recaster) as pool:
        recaster.recast(cast, clip, tmp_path / "a.mp4", progress=look)
        with pool._changed:
            assert learned
            assert all(not worker._known for worker in pool._idle)


class _Watched(Pool):
    """Another job asks for processes just while those of one that ends are told to forget its faces."""

    def _forgets(self, worker: Worker) -> bool:
        self.begin()
        return super()._forgets(worker)


def test_a_job_that_ends_has_no_more_of_them_begun() -> None:
    pool = _Watched(1)
    try:
        with pool.job((), 1):
            pool.begin()
            wait(lambda: pool.ready == 1, "the process did not begin")
        assert len(pool.numbers) == 1
    finally:
        pool.close()


def test_idle_ones_leave() -> None:
    pool = Pool(1, idle=0.2)
    try:
        with pool.job((), 1):
            assert pool.numbers == ()
            pool.begin()
            wait(lambda: pool.ready == 1, "the process did not begin")
            (number,) = pool.numbers
            time.sleep(0.5)
            assert alive(number)
        wait(lambda: not pool.numbers, "the process did not leave")
        wait(lambda: not alive(number), "the process did not end")
    finally:
        pool.close()


SCRIPT = """
import sys, threading
from pipeline.processes.pool import Pool
pool = Pool(2)
with pool.job((), 2):
    pool.begin()
    print(*pool.numbers, flush=True)
    if sys.argv[1] == "later":
        while pool.ready < 2:
            threading.Event().wait(0.05)
        print("ready", flush=True)
    threading.Event().wait(300)
"""


@pytest.mark.parametrize("when", ["at once", "later"])
def test_they_end_with_the_one_that_began_them(when: str) -> None:
    with process(sys.executable, "-c", SCRIPT, when, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        numbers = [int(word) for word in parent.stdout.readline().split()]
        assert len(numbers) == 2
        if when == "later":
            assert parent.stdout.readline().strip() == "ready"
        parent.kill()
        parent.wait(PATIENCE)
        wait(lambda: not any(map(alive, numbers)), "processes outlived the one that began them")


def test_what_fails_in_a_process_is_raised_here(recaster: Recaster) -> None:
    """And the process goes on."""
    face = faces.portrait_face("hopper")
    window = Window(0, 0.0, (0, 0), (0, 0), "no such format", Colour(0.2126, 0.0722, False, 8), ())
    rows = Rows(Options(), (), (Piece(window, (Shown(face, 0, PaintedMask("")),), True),))
    with ready(recaster) as pool:
        prepared = {0: faces.wardrobe().prepared(faces.identity("astronaut"))}
        for _ in range(2):
            answer = pool.render(rows, prepared, lambda: False)
            assert answer is not None
            assert isinstance(answer.error, ValueError)
            assert any("_found" in note for note in answer.error.__notes__)
        good = replace(rows, pieces=(replace(rows.pieces[0], window=replace(window, layout="yuv420p")),))
        answer = pool.render(good, prepared, lambda: False)
        assert answer is not None
        assert answer.error is None
        assert answer.rendered is not None
        assert answer.rendered.changed[0].faces == 0


def test_where_none_can_be_begun_this_one_does_it(
    cast: Cast,
    clip: Path,
    alone: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Recaster(processes=MANY)
    # A program that ends at once, as an interpreter does that finds no Recaster.
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with caplog.at_level(logging.WARNING):
        broken.recast(cast, clip, tmp_path / "a.mp4")
    assert bits(tmp_path / "a.mp4") == alone
    assert broken.pool.numbers == () or broken.pool.most == 0
    broken.pool.close()
    assert "before it was ready" in caplog.text


def test_what_one_has_read_another_one_is_told(recaster: Recaster, photo: Path, tmp_path: Path) -> None:
    """Of somebody who wears glasses, whose rims are followed over several rows."""
    cast = Cast(everyone=recaster.identify([photo]))
    clip = media.write_clip(tmp_path / "hopper.mp4", media.camera(FRAMES).frames, 25)
    told: list[int] = []
    pool = recaster.pool
    render = pool.render

    def watched(rows: Rows, *rest: Any) -> Any:
        told.append(sum(piece.memory is not None for piece in rows.trail))
        return render(rows, *rest)

    with ready(recaster), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "render", watched)
        recaster.recast(cast, clip, tmp_path / "a.mp4")
    Recaster(processes=0).recast(cast, clip, tmp_path / "b.mp4")
    assert bits(tmp_path / "a.mp4") == bits(tmp_path / "b.mp4")
    assert max(told) >= 4
