"""The ways in which a job can be carried out, and which of them one takes."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from pipeline.analysis import FaceFinder
from pipeline.crew import Crew
from pipeline.errors import HardwareFailed
from pipeline.frame_files import FrameFiles
from pipeline.media import numbered_result
from pipeline.processes.pool import Pool
from pipeline.report import Report
from pipeline.segments import Segments, in_segments
from pipeline.task import Task
from pipeline.types import MediaLimits
from pipeline.wardrobe import Wardrobe
from pipeline.whole import Whole

log = logging.getLogger(__name__)

IN_SOFTWARE = "The machine's video encoder failed on the way: the video was made anew, encoded in software."


def carried_out(
    task: Task,
    finder: FaceFinder,
    wardrobe: Wardrobe,
    crew: Crew,
    limits: MediaLimits,
    pool: Pool,
    work: Path | None,
    segment: float,
) -> Report:
    """In one go, as single frames, or in segments where there is a place to keep them and the film is long enough.
    Where an encoder in hardware fails (which may serve so many films at once and no more), all of it once more without.

    Args:
        work, segment: see `Recaster.recast`, which says what is raised, too.
    """
    try:
        return _carried_out(task, finder, wardrobe, crew, limits, pool, work, segment)
    except HardwareFailed:
        log.warning("an encoder in hardware failed; the job begins anew without", exc_info=True)
    again = replace(task, options=replace(task.options, hardware="never"))
    report = _carried_out(again, finder, wardrobe, crew, limits, pool, work, segment)
    return replace(report, notes=(IN_SOFTWARE, *report.notes))


def _carried_out(
    task: Task,
    finder: FaceFinder,
    wardrobe: Wardrobe,
    crew: Crew,
    limits: MediaLimits,
    pool: Pool,
    work: Path | None,
    segment: float,
) -> Report:
    whole = Whole(finder, wardrobe, crew, limits, pool)
    if task.info.kind == "image":
        return whole.picture(task)
    if (numbering := numbered_result(task.output)) is not None:
        return FrameFiles(finder, wardrobe, crew, limits, pool).recast(task, numbering)
    report: Report | None = None
    if work is not None and in_segments(task, segment):
        report = Segments(finder, wardrobe, crew, limits, work, segment, pool).recast(task)
    return report or whole.video(task)
