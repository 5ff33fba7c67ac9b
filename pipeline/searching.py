"""Who is in a target: over the whole of it, gathered to people, or in single frames."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from pipeline.analysis import FaceFinder, PeopleCollector, Tracker
from pipeline.crew import Crew
from pipeline.exclusions import Look
from pipeline.flow import StageClock
from pipeline.ledger import Ledger
from pipeline.media import open_target, probe, read_picture
from pipeline.media.cancelling import until_cancelled
from pipeline.options import Options
from pipeline.report import ProgressCallback
from pipeline.steps import expected, first_at, numbered, tracked
from pipeline.types import Face, MediaInfo, MediaLimits, Person

FINDING = "Finding faces"


def people_in(
    info: MediaInfo,
    finder: FaceFinder,
    options: Options,
    limits: MediaLimits,
    crew: Crew,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Person, ...]:
    """See `Recaster.people`."""
    collector = PeopleCollector()
    if info.kind == "image":
        picture = read_picture(info.path, limits)
        collector.add(picture, numbered(finder.faces(picture)))
        return collector.people()
    ledger = Ledger(FINDING, expected(info, options), progress)
    tracker = Tracker(finder, smooth=0.0)
    with open_target(info.path, info, options.start, options.end, limits) as reader, crew.job():
        for frame, faces in tracked(tracker, until_cancelled(reader, cancel), StageClock(), crew):
            collector.add(frame, faces)
            ledger.advance()
    return collector.people()


def look_into(target: Path | MediaInfo, finder: FaceFinder, limits: MediaLimits) -> Look:
    """See `Recaster.look`."""

    @cache
    def at(moment: float) -> tuple[tuple[Face, ...], tuple[int, int]]:
        info = target if isinstance(target, MediaInfo) else probe(target, limits)
        frame = first_at(info, moment, limits)
        return finder.faces(frame), (frame.width, frame.height)

    return at
