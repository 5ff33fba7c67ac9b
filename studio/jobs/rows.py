"""Jobs and their history as rows of the database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.report import Progress
from studio.consent import Consent
from studio.jobs.job import Job, Outcome, options_of


def tell(base: sqlite3.Connection, name: str, what: str, data: Mapping[str, Any] | None = None) -> None:
    """Add to a job's history."""
    values = (name, time.time(), what, json.dumps(data or {}))
    base.execute("INSERT INTO events (job, at, what, data) VALUES (?, ?, ?, ?)", values)


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain values for JSON."""
    paths = {name: str(path) for name in ("output", "before", "after") if (path := getattr(outcome, name)) is not None}
    return {**paths, "report": dict(outcome.report)}


def _outcome(data: Mapping[str, Any]) -> Outcome:
    paths = {name: Path(data[name]) if name in data else None for name in ("output", "before", "after")}
    return Outcome(**paths, report=data["report"])


def row_of(job: Job) -> dict[str, Any]:
    """The columns of a new job, by name."""
    return {
        "id": job.id, "owner": job.owner, "kind": job.kind, "target": str(job.target),
        "sources": json.dumps([str(path) for path in job.sources]),
        "origins": json.dumps([str(path) for path in job.origins]),
        "cast_": json.dumps(dict(job.cast)), "options": json.dumps(asdict(job.options)), "moment": job.moment,
        "attached": job.attached, "priority": job.priority, "long": job.long,
        "weight": job.weight, "client": job.client,
        "consent": json.dumps(job.consent.data()) if job.consent is not None else None,
        "state": job.state, "created": job.created,
    }  # fmt: skip


def job_of(row: sqlite3.Row) -> Job:
    """The job that a row tells of."""
    outcome = json.loads(row["outcome"]) if row["outcome"] else None
    moment = json.loads(row["progress"]) if row["progress"] else None
    return Job(
        id=row["id"], owner=row["owner"], kind=row["kind"], target=Path(row["target"]),
        sources=tuple(Path(path) for path in json.loads(row["sources"])),
        origins=tuple(Path(path) for path in json.loads(row["origins"])),
        cast={int(number): tuple(where) for number, where in json.loads(row["cast_"]).items()},
        options=options_of(json.loads(row["options"])), moment=row["moment"], attached=bool(row["attached"]),
        priority=row["priority"], long=bool(row["long"]), weight=row["weight"], client=row["client"],
        state=row["state"],
        progress=Progress(**moment) if moment else None,
        outcome=_outcome(outcome) if outcome else None,
        code=row["code"], sentence=row["sentence"], crashes=row["crashes"],
        consent=Consent(**json.loads(row["consent"])) if row["consent"] else None,
        created=row["created"], started=row["started"], finished=row["finished"],
    )  # fmt: skip
