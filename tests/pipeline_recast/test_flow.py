"""The bounded pipeline of threads."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from pipeline.crew import Crew
from pipeline.errors import Cancelled
from pipeline.flow import DEPTH, StageClock, run


def passing(items: Iterable[int]) -> Iterator[int]:
    yield from items


def test_order_is_kept_though_rendering_takes_unequal_time() -> None:
    written: list[int] = []
    jitter = random.Random(1)

    clock = StageClock()

    def render(item: int) -> tuple[int]:
        with clock.work("render"):
            time.sleep(jitter.random() * 0.004)
        return (item,)

    run(range(200), passing, render, written.append, clock=clock, crew=Crew(4))
    assert written == list(range(200))
    stages = clock.report()
    assert {name: stage.frames for name, stage in stages.items()} == {
        "read": 200, "analyse": 0, "render": 200, "write": 200,
    }  # fmt: skip
    assert stages["render"].seconds > 0.1


def test_a_slow_writer_holds_the_reader_back() -> None:
    """Frames that were read and not yet written stay few, however long the input."""
    lock, alive, most = threading.Lock(), 0, 0

    def frames() -> Iterator[int]:
        nonlocal alive, most
        for item in range(300):
            with lock:
                alive += 1
                most = max(most, alive)
            yield item

    def write(_: int) -> None:
        nonlocal alive
        time.sleep(0.001)
        with lock:
            alive -= 1

    run(frames(), passing, lambda item: (item,), write, clock=StageClock(), crew=Crew(2))
    assert alive == 0
    assert most <= 2 * DEPTH + 2 + 4


class Fault(Exception):
    pass


@pytest.mark.parametrize("stage", ["read", "analyse", "render", "write"])
def test_the_first_error_of_any_stage_reaches_the_caller_and_no_thread_is_left(stage: str) -> None:
    def fail(here: str, item: int) -> int:
        if here == stage and item == 20:
            raise Fault(here)
        return item

    before = threading.active_count()
    with pytest.raises(Fault, match=stage):
        run(
            (fail("read", item) for item in range(1000)),
            lambda items: (fail("analyse", item) for item in items),
            lambda item: (fail("render", item),),
            lambda item: fail("write", item) and None,
            clock=StageClock(),
            crew=Crew(2),
        )
    assert threading.active_count() == before


def test_cancel_stops_within_a_frame() -> None:
    cancel, written = threading.Event(), []

    def write(item: int) -> None:
        written.append(item)
        if item == 10:
            cancel.set()

    with pytest.raises(Cancelled):
        run(range(10_000), passing, lambda item: (item,), write, clock=StageClock(), crew=Crew(2), cancel=cancel)
    assert written == list(range(11))


def test_nothing_to_do() -> None:
    written: list[int] = []
    run([], passing, lambda item: (item,), written.append, clock=StageClock(), crew=Crew(2))
    assert not written


def test_what_is_rendered_together_is_written_one_by_one() -> None:
    written: list[int] = []
    clock = StageClock()
    run(range(5), passing, lambda item: range(item), written.append, clock=clock, crew=Crew(2), side_by_side=3, ahead=1)
    assert written == [0, 0, 1, 0, 1, 2, 0, 1, 2, 3]
    assert clock.report()["write"].frames == 10


def test_cancel_does_not_wait_for_what_is_rendered_together() -> None:
    cancel, begun, stop = threading.Event(), threading.Event(), threading.Event()

    def render(item: int) -> tuple[int]:
        begun.set()
        # As what renders elsewhere is told: it ends with the run, not by itself.
        assert stop.wait(60)
        return (item,)

    def asked() -> None:
        assert begun.wait(60)
        cancel.set()

    asking = threading.Thread(target=asked)
    asking.start()
    with pytest.raises(Cancelled):
        run([1, 2], passing, render, print, clock=StageClock(), crew=Crew(2), cancel=cancel, stop=stop)
    asking.join(60)


def test_an_error_is_told_rather_than_what_it_stops() -> None:
    stop = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        raise Fault("read")

    def render(item: int) -> tuple[int]:
        assert stop.wait(60)
        raise Cancelled

    with pytest.raises(Fault, match="read"):
        run(source(), passing, render, print, clock=StageClock(), crew=Crew(2), stop=stop)
