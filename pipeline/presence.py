"""When each person of a cast was recast, for the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.report import RoleReport

GAP = 0.4
"""Absences shorter than this many seconds are counted, but not told one by one."""
MOST = 20


class Presence:
    """One for each run; frames are added in their order."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._frames = dict.fromkeys(sorted(numbers), 0)
        self._away: dict[int, float | None] = dict.fromkeys(self._frames)
        self._missing: dict[int, list[tuple[float, float]]] = {number: [] for number in self._frames}
        self._total, self._last, self._step = 0, 0.0, 0.0

    def add(self, time: float, persons: Sequence[int]) -> None:
        """One more frame, `time` seconds after the beginning of the target, and whom of the cast it shows."""
        if self._total:
            self._step = time - self._last
        for number, away in self._away.items():
            if number in persons:
                self._frames[number] += 1
                if away is not None:
                    self._close(number, away, time)
            elif away is None:
                self._away[number] = time
        self._total, self._last = self._total + 1, time

    def report(self) -> tuple[RoleReport, ...]:
        """What has been added so far; the person with the lowest number first."""
        found = []
        for number, frames in self._frames.items():
            missing, away = list(self._missing[number]), self._away[number]
            end = self._last + self._step
            if away is not None and end - away >= GAP:
                missing.append((away, end))
            found.append(RoleReport(number, frames, self._total, tuple(missing[:MOST])))
        return tuple(found)

    def _close(self, number: int, away: float, time: float) -> None:
        if time - away >= GAP:
            self._missing[number].append((away, time))
        self._away[number] = None
