"""A job as its owner is told about it."""

from __future__ import annotations

import math
from typing import Any

from studio.jobs.job import Job, progress_data
from studio.jobs.store import Store


def status_data(store: Store, job: Job) -> dict[str, Any]:
    """State, progress, place in the line, and in the end the report or the error, as plain values for JSON."""
    ahead = store.ahead(job)
    wait = None
    if job.state == "queued":
        wait = math.ceil(ahead * store.usual_seconds(job.long))
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": progress_data(job.progress) or None,
        "ahead": ahead,
        "wait_seconds": wait,
        "error": {"code": job.code, "message": job.sentence or "The job was cancelled."} if job.code else None,
        "report": dict(job.outcome.report) if job.outcome is not None else None,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
    }
