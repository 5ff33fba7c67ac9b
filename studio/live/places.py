"""How many may be live at once."""

from __future__ import annotations

from collections import Counter

from pipeline.errors import RecastError


class Full(RecastError):
    """Every place is taken, or there are none."""

    code = "live_full"
    sentence = "All live places are taken. Please try again in a few minutes."


class Off(RecastError):
    code = "live_off"
    sentence = "The live view is turned off on this server."


class Yours(RecastError):
    """The last place is for somebody else."""

    code = "live_yours"
    sentence = "You are live elsewhere already, and the last place is for others. Close the other live view first."


class Places:
    """Counts visitors; for one event loop. Nobody holds all places where there are several.

    Args:
        limit: how many there may be; 0 turns the live view off.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> None:
        """
        Args:
            client: whom limits count for; empty where nobody is told from others.

        Raises:
            Off: there are no places.
            Full: all of them are taken.
            Yours: the client holds all but one.
        """
        if self.limit == 0:
            raise Off()
        if self._taken.total() >= self.limit:
            raise Full()
        if client and 0 < self._taken[client] >= self.limit - 1:
            raise Yours()
        self._taken[client] += 1

    def leave(self, client: str) -> None:
        self._taken[client] -= 1
        self._taken += Counter()  # forgets whoever holds none
