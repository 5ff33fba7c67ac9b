"""What a job tells of itself: while it runs, and once it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from pipeline.types import ImageArray, MediaKind

Stage = Literal["read", "analyse", "render", "write"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class Progress:
    """A moment of a running job, handed to the progress callback.

    Attributes:
        stage: what is going on, for people: ``"Finding faces"``, ``"Recasting"``, ``"Finishing"``.
        done, total: frames; `total` is ``None`` when it cannot be known yet.
        fps: frames a second over the last few seconds, 0 before it is known.
        eta: seconds left, ``None`` when unknown.
        preview: the newest finished frame (BGR uint8, at most 640 pixels wide), given about once a second, else
            ``None``.
    """

    stage: str
    done: int
    total: int | None
    fps: float = 0.0
    eta: float | None = None
    preview: ImageArray | None = field(default=None, compare=False, repr=False)


ProgressCallback = Callable[[Progress], None]
Seal = Callable[[Path, Path], None]
"""Called with a finished temporary file and the name that it gets next; may change the file."""


@dataclass(frozen=True)
class StageTime:
    """Seconds of work (not of waiting) and frames that one stage of a job has done."""

    seconds: float
    frames: int


@dataclass(frozen=True)
class RoleReport:
    """How much of the result shows one person of the cast.

    Attributes:
        number: the person's.
        frames, total: frames in which the person was recast, and all frames of the result.
        missing: seconds of the target, from and to, where the person was not seen for a while.
    """

    number: int
    frames: int
    total: int
    missing: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Report:
    """What a job did.

    Attributes:
        output: where the result is; of single frames the name that theirs follow.
        kind: of the target.
        frames, changed: frames written, and frames of them in which a face was replaced.
        faces: faces replaced, summed over frames.
        people: persons of the target that were recast (0 when the cast names none).
        seconds: from the start of the job to the finished file.
        fps: `frames` over `seconds`.
        engine, device, encoder: what was used in the end.
        stages: work by stage.
        notes: sentences a user should read (no face in frame 0-310; audio was re-encoded; ...).
        roles: one for each person whom the cast names.
        fingerprint: of the job, as the watermark carries it and the log of results knows it; empty without marking.
        marks: layers of the marking that the result carries.
        sidecar: where the signed manifest is, for a format that cannot hold it.
        frames_at: the files of single frames, empty for a result of one file.
        start: seconds of the target at which the result begins.
    """

    output: Path
    kind: MediaKind
    frames: int
    changed: int
    faces: int
    people: int
    seconds: float
    fps: float
    engine: str
    device: str
    encoder: str
    stages: Mapping[str, StageTime]
    notes: tuple[str, ...] = ()
    roles: tuple[RoleReport, ...] = ()
    fingerprint: str = ""
    marks: tuple[str, ...] = ()
    sidecar: Path | None = None
    frames_at: tuple[Path, ...] = ()
    start: float = 0.0

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the result."""
        return self.frames_at or (self.output,)
