"""What a job found and did, as plain values for JSON: the same from the command, the API and the store of jobs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.report import Report
from pipeline.types import Person


def person_data(person: Person, picture: Path | None = None) -> dict[str, Any]:
    """A person of a target; times in seconds. `picture` is where their thumbnail is."""
    row: dict[str, Any] = {
        "person": person.number,
        "first_time": round(person.first_time, 3),
        "last_time": round(person.last_time, 3),
        "frames": person.frames,
        "share": round(person.share, 4),
    }
    if picture is not None:
        row["thumbnail"] = str(picture)
    return row


def report_data(report: Report) -> dict[str, Any]:
    """A report as plain values for JSON."""
    return {
        "output": str(report.output),
        "kind": report.kind,
        "frames": report.frames,
        "changed": report.changed,
        "faces": report.faces,
        "people": report.people,
        "start": round(report.start, 6),
        "seconds": round(report.seconds, 3),
        "fps": round(report.fps, 2),
        "engine": report.engine,
        "device": report.device,
        "encoder": report.encoder,
        "stages": {
            name: {
                "seconds": round(stage.seconds, 3),
                "frames": stage.frames,
                "fps": round(stage.frames / stage.seconds, 2) if stage.seconds else 0.0,
            }
            for name, stage in report.stages.items()
        },
        "notes": list(report.notes),
        "fingerprint": report.fingerprint,
        "marks": list(report.marks),
        "sidecar": str(report.sidecar) if report.sidecar is not None else None,
        "roles": [asdict(role) for role in report.roles],
        **({"files": [str(path) for path in report.frames_at]} if report.frames_at else {}),
    }
