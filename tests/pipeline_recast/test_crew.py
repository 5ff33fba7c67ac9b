"""Who works on a frame, where several jobs run at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import cv2
import pytest

from pipeline.crew import Crew

PATIENCE = 60.0


class Watched:
    """Work that counts how many are at it."""

    def __init__(self, crew: Crew) -> None:
        self.crew, self.lock, self.now, self.most, self.done = crew, threading.Lock(), 0, 0, 0

    def __call__(self) -> None:
        with self.crew.turn():
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.005)
            with self.lock:
                self.now -= 1
                self.done += 1


def test_a_job_alone_never_waits() -> None:
    crew, together = Crew(1), threading.Barrier(4)

    def work() -> None:
        with crew.turn():
            together.wait(PATIENCE)  # which none would pass if it kept another one out

    with crew.job(), ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result(PATIENCE)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_of_several_jobs_no_more_threads_work_than_there_are_cores(cores: int) -> None:
    crew = Crew(cores)
    work = Watched(crew)
    with crew.job(), crew.job(), ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(80)]:
            done.result(PATIENCE)
    assert (work.most, work.done, work.now) == (cores, 80, 0)


def test_who_waits_goes_on_when_the_other_job_ends() -> None:
    crew, inside, stay = Crew(1), threading.Event(), threading.Event()

    def hold() -> None:
        with crew.turn():
            inside.set()
            assert stay.wait(PATIENCE)

    with ExitStack() as other, crew.job(), ThreadPoolExecutor(2) as pool:
        other.enter_context(crew.job())
        held = pool.submit(hold)
        assert inside.wait(PATIENCE)
        waiting = pool.submit(Watched(crew))
        other.close()
        try:
            waiting.result(PATIENCE)
        finally:
            stay.set()
        held.result(PATIENCE)


def test_a_turn_that_fails_is_over() -> None:
    crew = Crew(1)
    with crew.job(), crew.job():
        for _ in range(3):
            with pytest.raises(ValueError), crew.turn():
                raise ValueError
        with ThreadPoolExecutor(1) as pool:
            pool.submit(Watched(crew)).result(PATIENCE)


def test_a_job_renders_a_few_frames_at_once_and_one_at_least() -> None:
    assert [Crew(cores).workers for cores in (0, 1, 2, 4, 64)] == [1, 1, 2, 4, 4]
    # A GPU that takes four faces at once has four more waiting while it works.
    assert [Crew(cores, 4).workers for cores in (2, 16)] == [10, 12]


@pytest.mark.parametrize(("cores", "left"), [(1, 1), (2, 1), (4, 1), (16, 4)])
def test_while_a_job_runs_opencv_shares_out_only_the_cores_that_its_frames_leave(cores: int, left: int) -> None:
    before, crew = cv2.getNumThreads(), Crew(cores)
    with crew.job():
        with crew.job():
            assert cv2.getNumThreads() == left
        assert cv2.getNumThreads() == left
    assert cv2.getNumThreads() == before
