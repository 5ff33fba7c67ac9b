"""A job as its owner is told about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.jobs.estimate import place_of
from studio.jobs.job import Job, progress_data
from studio.jobs.store import Store


def status_data(store: Store, job: Job) -> dict[str, Any]:
    """State, progress, place in the line, and in the end the report or the error, as plain values for JSON."""
    place = place_of(store, job)
    progress = job.progress
    if job.state == "done" and progress is not None and progress.total:
        # The last moment that was noted is some frames before the end.
        progress = replace(progress, done=progress.total, eta=0.0)
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": progress_data(progress) or None,
        "ahead": place.ahead,
        "wait_seconds": place.seconds if job.state == "queued" else None,
        "message": place.sentence if job.state == "queued" else None,
        "error": {"code": job.code, "message": job.sentence or "The job was cancelled."} if job.code else None,
        "report": dict(job.outcome.report) if job.outcome is not None else None,
        "consent": job.consent.data() if job.consent is not None else None,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
    }
