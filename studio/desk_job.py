"""A job as the Recast tab shows it: enough to draw it, to come back to it, and to set it up once more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipeline.media import probe
from pipeline.types import MediaLimits
from studio.jobs.job import Job, report_of
from studio.jobs.status import status_data
from studio.operations import Studio
from studio.present import address
from studio.sentences import in_words


def job_view(studio: Studio, job: Job) -> dict[str, Any]:
    """See the module. Addresses are relative to the page; files that are gone are left out."""
    target = job.origins[0] if job.origins else job.target
    return {
        **status_data(studio.store, job),
        "live": job.preview is not None,
        "target": {"path": str(target), "name": job.name} if target.exists() else None,
        "photos": [str(path) for path in job.origins[1:] if path.exists()],
        "cast": {number: list(positions) for number, positions in job.cast.items()},
        "people": None,
        "like": None,
        "options": asdict(job.options),
        "result": _result(job, studio.settings.limits),
    }


def _result(job: Job, limits: MediaLimits) -> dict[str, Any] | None:
    outcome = job.outcome
    if job.state != "done" or outcome is None or outcome.output is None:
        return None
    output, report = outcome.output, outcome.report
    shown: dict[str, Any] = {
        "url": address(output),
        "name": output.name,
        "credentials": address(outcome.sidecar) if outcome.sidecar is not None and outcome.sidecar.exists() else None,
        "bytes": output.stat().st_size if output.exists() else None,
        "before": address(outcome.before) if outcome.before is not None else None,
        "after": address(outcome.after) if outcome.after is not None else None,
    }
    if "frames" in report:
        shown["start"] = report.get("start", job.options.start or 0.0)
        shown |= {"kind": report["kind"], "sentences": in_words(report_of(report, output))}
        shown["packed"] = packed = bool(report.get("packed"))
        shown["sound"] = (
            report["kind"] == "video" and not packed and output.exists() and bool(probe(output, limits).audio)
        )
    return shown
