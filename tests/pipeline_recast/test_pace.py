"""What is said of the time left holds what it says."""

from __future__ import annotations

import itertools

from pipeline.pace import MOST, Pace


def run(spans: list[tuple[int, float]]) -> tuple[Pace, list[tuple[float, float | None, float]]]:
    """Frames one after the other, for each span how many and the seconds each takes: the pace, and after each frame the
    time, how long it says that is left, and how long it truly takes."""
    ends = list(itertools.accumulate(seconds for count, seconds in spans for _ in range(count)))
    pace, told = Pace(), []
    for done, now in enumerate(ends, start=1):
        pace.mark(now, done)
        told.append((now, pace.left(len(ends)), ends[-1] - now))
    return pace, told


def test_what_comes_once_before_the_first_frame_does_not_count() -> None:
    """Reading the photo and looking ahead took three seconds: the other 143 frames do not take as long each."""
    _, told = run([(1, 3.0), (143, 0.14)])
    said = [(left, true) for now, left, true in told if left is not None and true > 1]
    assert said
    assert all(abs(left - true) < 0.05 * true + 0.2 for left, true in said)
    assert told[0][1] is None  # nothing is better than a guess from one frame
    assert told[-1][1] == 0


def test_a_slow_second_frame_does_not_stand_for_all() -> None:
    _, told = run([(1, 3.0), (1, 4.0), (98, 1.0)])
    said = [(left, true) for _, left, true in told if left is not None and true > 10]
    assert max(left / true for left, true in said) < 1.8


def test_a_film_of_many_kinds_of_passages_has_a_time_left_that_does_not_jump() -> None:
    """Ten seconds of it with faces, ten without, all along: twenty seconds of work and two by turns."""
    _, told = run([(240, 0.08), (240, 0.008)] * 30)
    late = [(left, true) for now, left, true in told if now > 120 and true > 60 and left is not None]
    assert max(abs(left - true) / true for left, true in late) < 0.25


def test_a_machine_that_gets_other_work_is_noticed() -> None:
    _, told = run([(1000, 0.02), (3000, 0.1)])
    _, left, true = told[3000]
    assert left is not None
    assert abs(left - true) < 0.1 * true


def test_what_is_kept_does_not_grow_with_the_film() -> None:
    pace, told = run([(20_000, 0.05)])
    assert len(pace._all) <= MOST
    assert all(abs(left - true) < 0.03 * true + 0.2 for _, left, true in told if left is not None)
    assert abs(pace.rate - 20) < 0.1
