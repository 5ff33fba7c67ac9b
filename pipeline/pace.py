"""How quickly frames are finished, and how long the rest will take."""

from __future__ import annotations

from collections import deque

RATE_OVER = 4.0
"""Seconds over which the rate is taken: what is shown as frames a second follows what happens now."""

ENOUGH, FEW = 1.5, 4
"""Seconds that frames have to have been finished for, and how many after the first, before the rest is guessed: the
second may take as long as several, while what every core does for the first time is still going on."""

MOST = 256
"""Marks that are kept of the whole run; then every other one goes, and they come half as often."""


class Pace:
    """Of one run; used by one thread. Times are seconds of any clock that does not go back.

    The first frame begins the count: what goes before it (models, the photo, looking ahead) comes once, and would make
    the rest seem many times as long. The rest is guessed from the later half of the run, not from the last seconds: a
    film's passages differ by several times, and a guess that jumps with each of them tells nothing.
    """

    def __init__(self) -> None:
        self._lately: deque[tuple[float, int]] = deque()
        self._all: list[tuple[float, int]] = []
        self._apart = 0.0

    def mark(self, now: float, done: int) -> None:
        """`done` frames are finished at `now`."""
        self._lately.append((now, done))
        while now - self._lately[0][0] > RATE_OVER and len(self._lately) > 2:
            self._lately.popleft()
        if self._all and now - self._all[-1][0] < self._apart:
            return
        self._all.append((now, done))
        if len(self._all) > MOST:
            del self._all[1::2]
            self._apart = 1.5 * (now - self._all[0][0]) / len(self._all)

    @property
    def rate(self) -> float:
        """Frames a second lately, 0 where nothing is known yet."""
        return _rate(self._lately[0], self._lately[-1]) if self._lately else 0.0

    def left(self, total: int) -> float | None:
        """Seconds until `total` frames are finished, ``None`` while it is too early to say."""
        if not self._all:
            return None
        begin, (now, done) = self._all[0], self._lately[-1]
        if done >= total:
            return 0.0
        if now - begin[0] < ENOUGH or done - begin[1] < FEW:
            return None
        middle = (begin[0] + now) / 2
        rate = _rate(next(mark for mark in reversed(self._all) if mark[0] <= middle), (now, done))
        return (total - done) / rate if rate > 0 else None


def _rate(one: tuple[float, int], other: tuple[float, int]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0]) if other[0] > one[0] else 0.0
