"""What is worked out of the times that `benchmarks.scale` takes."""

from __future__ import annotations

from benchmarks.scale import Cost, fuller, longer


def test_cost_that_grows_along_a_line_is_said_to() -> None:
    said = fuller({faces: Cost(30.0, 12.0 + 14.0 * faces, 400.0) for faces in range(1, 9)})
    assert "costs 12.0 ms, and 14.0 ms for each face" in said and "more than 0.0%" in said
    assert "| 8 | 30.0 | 124.0 | 400 |" in said


def test_a_frame_that_costs_more_in_a_long_film_shows() -> None:
    said = longer({10.0: Cost(30.0, 20.0, 400.0), 20.0: Cost(28.0, 22.0, 410.0), 40.0: Cost(20.0, 30.0, 420.0)})
    assert said.endswith("costs 1.50 times one of the shortest.")
