"""What can be asked for once a job is over: the same again, or its result beside the original."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import FileMissing, InputError
from pipeline.types import Person
from studio.jobs.job import Job
from studio.request import Request


def side_by_side(job: Job) -> Request:
    """The original and the result of a finished job in one picture or video.

    Raises:
        InputError: there is no result, or the original is no longer there.
    """
    if job.outcome is None or job.outcome.output is None or job.kind not in ("picture", "video"):
        raise InputError("There is no result to compare with.")
    if job.outcome.report.get("packed"):
        raise InputError("The result is single frames, which are not compared here.")
    if not job.origins:
        raise InputError("The original is no longer there.")
    return Request(job.origins[0], (job.outcome.output,), job.options)


def once_more(job: Job, people: Sequence[Person], elsewhere: bool) -> Request:
    """What a job that is over was to do, with the same files and settings.

    Args:
        people, elsewhere: as the job was given them; see `Request`.

    Raises:
        InputError: it is not over, or its files are no longer there.
    """
    if not job.over or job.kind not in ("picture", "video"):
        raise InputError("Only what is over can be done again.")
    if not job.origins or not all(path.exists() for path in job.origins):
        raise FileMissing("The files of this job are no longer here. Please upload them again.")
    target, *sources = job.origins
    return Request(target, tuple(sources), job.options, job.cast, tuple(people), elsewhere)
