"""What is broken or missing in a part of a film: told once for the whole, however many parts it was read in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.media.damage import Damage, picture_notes
from pipeline.media.details import StreamDetails
from pipeline.media.holes import Holes


@dataclass(frozen=True)
class Flaws:
    """What was found in one part.

    Attributes:
        broken: seconds of the film at which broken pictures are shown.
        steps, holes: see `Holes`.
    """

    broken: tuple[float, ...]
    steps: int
    holes: Mapping[str, tuple[int, float]]


def flaws_of(damage: Iterable[Damage], holes: Holes, details: StreamDetails) -> Flaws:
    """What was found while a stream was read, maybe several times."""
    broken = {pts for each in damage for pts in each.broken}
    times = sorted(float((pts - details.start) * details.time_base) for pts in broken)
    return Flaws(tuple(times), holes.steps, dict(holes.found))


def flaw_notes(parts: Iterable[Flaws]) -> tuple[str, ...]:
    """Sentences for the user about a film.

    Args:
        parts: in their order; neighbours may overlap.
    """
    broken, holes = set[float](), Holes()
    for part in parts:
        broken.update(part.broken)
        holes.follow(Holes(part.steps, part.holes))
    return (*picture_notes(broken), *holes.notes())
