"""The stages of a job one after the other, of each frame the least time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.turns import STAGES, Least, _one_by_one


def doubled(items: Iterable[int]) -> Iterator[int]:
    for item in items:
        yield 2 * item


def test_everything_is_done_in_order_and_of_each_frame_the_least_time_is_kept() -> None:
    least: Least = {name: {} for name in STAGES}
    run, written = _one_by_one(least), list[int]()
    run([1, 2, 3], doubled, lambda found: (found, found), written.append, crew=None)
    assert written == [2, 2, 4, 4, 6, 6]
    before = {name: dict(known) for name, known in least.items()}
    assert all(set(known) == {0, 1, 2} for known in before.values())
    run([1, 2, 3], doubled, lambda found: (found,), written.append)
    assert all(least[name][frame] <= spent for name, known in before.items() for frame, spent in known.items())
