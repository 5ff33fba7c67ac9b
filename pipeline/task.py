"""A job as the ways to carry it out take it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger import Ledger
from pipeline.marking import JobMark
from pipeline.options import Options
from pipeline.report import ProgressCallback
from pipeline.steps import expected
from pipeline.types import Cast, MediaInfo

RECASTING = "Recasting"


@dataclass(frozen=True, eq=False)
class Task:
    """One job, looked at and admitted.

    Attributes:
        cast, options: settled (see `Recaster.settled`).
        info: of the target.
        output: the file to write.
        mark: what the result is marked with.
        begin: when the job began (`time.perf_counter`).
    """

    cast: Cast
    info: MediaInfo
    output: Path
    options: Options
    mark: JobMark
    begin: float
    progress: ProgressCallback | None = None
    cancel: threading.Event | None = None

    def ledger(self) -> Ledger:
        """One that tells the job's progress."""
        return Ledger(RECASTING, expected(self.info, self.options), self.progress)
