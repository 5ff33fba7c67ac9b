"""In which order an owner's waiting jobs are taken, where the owner has said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP = 1e-3
"""Seconds at least between two turns."""


@dataclass(frozen=True)
class Turn:
    """A waiting job's turn: `priority` first, then `place`, when it counts as sent. Lower is earlier."""

    name: str
    priority: int
    place: float


def rearranged(turns: Sequence[Turn], names: Sequence[str]) -> list[Turn]:
    """The turns of one owner's jobs in another order: `names` first, then the rest as they were.

    The owner's places are dealt out anew among the owner's jobs, and a job that is put behind a slower one gets that
    one's priority. So nobody else waits longer than before, however an order is asked for.
    """
    known = {turn.name: turn for turn in turns}
    first = [known.pop(name) for name in dict.fromkeys(names) if name in known]
    wanted = first + [turn for turn in turns if turn.name in known]
    places = sorted(turn.place for turn in turns)
    result: list[Turn] = []
    for turn, place in zip(wanted, places, strict=True):
        last = result[-1] if result else Turn("", 0, float("-inf"))
        result.append(Turn(turn.name, max(turn.priority, last.priority), max(place, last.place + STEP)))
    return result
