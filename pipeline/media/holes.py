"""What is missing inside of a recording: broadcasts are received with holes, around which decoders step unasked."""

from __future__ import annotations

from collections.abc import Mapping

_HOLE = 1.75
"""Frames from one to the next. Films shown at a broadcast's rate hold some of theirs for one and a half."""
_USUAL = 20
"""One step in so many that is as long is the rhythm of a film that has no steady one, and no hole."""
_REORDERED = 4
"""Last frames of a recording. Where it stops, some are lost that are shown before others which are there."""
_TOLD = 3
"""Holes that are told one by one."""


class Holes:
    """Counts frames by their distance, and tells where some are missing.

    Attributes:
        steps: how many were counted.
        found: by the seconds at which it is told, what may be a hole: the number of its step, and what is missing.
    """

    def __init__(self, steps: int = 0, found: Mapping[str, tuple[int, float]] | None = None) -> None:
        self.steps = steps
        self.found: dict[str, tuple[int, float]] = dict(found or {})

    def step(self, begin: float, seconds: float, frame: float) -> None:
        """From one frame to the next.

        Args:
            begin: seconds at which the first of them is shown.
            seconds: until the next one is.
            frame: seconds that it is to be shown for.
        """
        self.steps += 1
        if seconds > _HOLE * frame:
            # By its time as it is told: parts of a film overlap, and show one twice.
            self.found[f"{begin + frame:.2f}"] = (self.steps, seconds - frame)

    def follow(self, others: Holes) -> None:
        """Those of the next part of the film."""
        self.found |= {at: (self.steps + step, missing) for at, (step, missing) in others.found.items()}
        self.steps += others.steps

    def notes(self) -> tuple[str, ...]:
        """Sentences for the user; none where nothing is missing."""
        found = {at: missing for at, (step, missing) in self.found.items() if step <= self.steps - _REORDERED}
        if not found or len(found) * _USUAL > self.steps:
            return ()
        if len(found) > _TOLD:
            missing = sum(found.values())
            return (f"The recording has {len(found)} holes, {missing:.2f} s in all: what was in them is missing.",)
        return tuple(
            f"The recording has a hole of {missing:.2f} s at {at} s: what was in it is missing."
            for at, missing in found.items()
        )
