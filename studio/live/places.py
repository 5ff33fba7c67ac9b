"""How many may be live at once."""

from __future__ import annotations

from pipeline.errors import RecastError


class Full(RecastError):
    """Every place is taken, or there are none."""

    code = "live_full"
    sentence = "All live places are taken. Please try again in a few minutes."


class Off(RecastError):
    code = "live_off"
    sentence = "The live view is turned off on this server."


class Places:
    """Counts visitors; for one event loop.

    Args:
        limit: how many there may be; 0 turns the live view off.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.taken = limit, 0

    def take(self) -> None:
        """
        Raises:
            Off: there are no places.
            Full: all of them are taken.
        """
        if self.limit == 0:
            raise Off()
        if self.taken >= self.limit:
            raise Full()
        self.taken += 1

    def leave(self) -> None:
        self.taken -= 1
