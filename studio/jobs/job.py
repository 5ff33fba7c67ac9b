"""What a job is: what was asked for, by whom, where it stands, what came of it."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import Cancelled, RecastError
from pipeline.options import Options, Painting
from pipeline.report import Progress, Report, RoleReport, StageTime
from pipeline.types import ImageArray
from studio.consent import Consent

Kind = Literal["picture", "preview", "people", "video", "comparison", "live"]
State = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: tuple[State, ...] = ("done", "failed", "cancelled")
UNSEEN: tuple[Kind, ...] = ("people", "preview")
"""What no list of jobs shows."""


FULL = "The server's disk is full. Please try again later."


class Busy(RecastError):
    """The line is full. `retry_after` is when it is worth another try, in seconds."""

    code = "busy"
    sentence = "The studio is busy. Please try again in a few minutes."

    def __init__(self, sentence: str | None = None, retry_after: int = 60) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TooMany(Busy):
    """One client asks for more than its share."""

    code = "too_many"

    def __init__(self, wait: int) -> None:
        super().__init__(f"That was too much at once. Please try again in {wait} seconds.", wait)


class JobUnknown(RecastError):
    """There is no such job, or it is somebody else's; which of both is not told."""

    code = "job_unknown"
    exit_code = 2
    sentence = "There is no such job. It may have been deleted."


class JobFailed(RecastError):
    """What a job said when it failed, in this process or in one before; `name` is the code of the first error."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclass(frozen=True)
class Outcome:
    """What a job leaves behind.

    Attributes:
        output: the file to download; ``None`` for a job that only looked for people.
        before, after: small copies of a picture to look at.
        report: as `report_data` writes it, without a path in it.
    """

    output: Path | None = None
    before: Path | None = None
    after: Path | None = None
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sidecar(self) -> Path | None:
        """The file beside `output` that holds its Content Credentials, where its format cannot."""
        name = self.report.get("sidecar")
        return self.output.with_name(name) if self.output is not None and name else None


@dataclass(frozen=True)
class Job:
    """One request. A value: `store.get` gives a newer one.

    Attributes:
        id: unguessable, and still not enough to reach the job: that takes the owner's token.
        owner: fingerprint of the token.
        kind: what is to be done.
        attached: it has no value without its caller, who waits for it: when they go, it is cancelled.
        sources, target: files of its own, in its own folder.
        origins: the uploads that these were made from.
        cast: person number to positions in `sources`; empty for everyone.
        moment: seconds of the target that a preview shows.
        priority: lower is earlier.
        long: whether it may take minutes, and has to leave a worker to the short ones.
        weight: how much work it is beside others of its length: seconds of video, or 1 for anything short.
        client: whom limits count it for; empty where they count by owner.
        crashes: how often the server died under it since it last got anywhere.
        consent: what its owner stated about their right to the faces; ``None`` for what shows no new face.
    """

    id: str
    owner: str
    kind: Kind
    target: Path
    sources: tuple[Path, ...] = ()
    origins: tuple[Path, ...] = ()
    cast: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    moment: float = 0.0
    attached: bool = False
    priority: int = 0
    long: bool = False
    weight: float = 1.0
    client: str = ""
    state: State = "queued"
    progress: Progress | None = None
    preview: ImageArray | None = field(default=None, compare=False, repr=False)
    outcome: Outcome | None = None
    code: str = ""
    sentence: str = ""
    crashes: int = 0
    consent: Consent | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def name(self) -> str:
        """What its owner calls the target. Of frames that came in a ZIP, `target` is the name that they share."""
        return self.origins[0].name if self.origins and "#" in self.target.name else self.target.name


@dataclass(frozen=True)
class Event:
    """One line of a job's history; `number` rises over all jobs."""

    number: int
    at: float
    what: str
    data: Mapping[str, Any]


def fingerprint(token: str) -> str:
    """What is kept of an owner's token. Tokens are long and random, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_full(error: BaseException | None) -> bool:
    """Whether an error says that the disk has no room."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def progress_data(progress: Progress | None) -> dict[str, Any]:
    """A moment as plain values, without its picture."""
    if progress is None:
        return {}
    return {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "fps": round(progress.fps, 2),
        "eta": None if progress.eta is None else round(progress.eta, 1),
    }


def options_of(data: Mapping[str, Any]) -> Options:
    """The options that `dataclasses.asdict` wrote."""
    paintings = data.get("exclude") or ()
    if isinstance(paintings, str):
        # A studio of before knew one mask only, which was everyone's.
        paintings = [{"mask": paintings}]
    told = {
        "exclude": tuple(Painting(**painting) for painting in paintings),
        "source_faces": tuple(data.get("source_faces") or ()),
    }
    return Options(**{**data, **told})


def report_of(data: Mapping[str, Any], output: Path) -> Report:
    """The report that `studio.plain.report_data` wrote."""
    plain = {name: data[name] for name in ("kind", "frames", "changed", "faces", "people", "seconds", "fps")}
    return Report(
        **plain,
        output=output,
        engine=data["engine"],
        device=data["device"],
        encoder=data["encoder"],
        stages={name: StageTime(stage["seconds"], stage["frames"]) for name, stage in data["stages"].items()},
        notes=tuple(data["notes"]),
        fingerprint=data.get("fingerprint", ""),
        marks=tuple(data.get("marks", ())),
        start=data.get("start", 0.0),
        roles=tuple(
            RoleReport(role["number"], role["frames"], role["total"], tuple((a, b) for a, b in role["missing"]))
            for role in data.get("roles", ())
        ),
    )


def raise_failure(job: Job) -> None:
    """Raise what ended a job, where it is not done."""
    if job.state == "cancelled":
        raise Cancelled(job.sentence or None)
    if job.state == "failed":
        raise JobFailed(job.code, job.sentence)
