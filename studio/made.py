"""The log of what was made here: fingerprints of results, so that a file can be recognised later on.

It holds no face, no upload, no name and no owner: the fingerprint that the watermark carries, the digest of the file,
when it was made, what it is, and which version of the statement of consent it was made on. It outlives jobs and
results.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.marking.credentials import folder
from pipeline.models.checksums import sha256
from pipeline.report import Report
from studio.consent import Consent

log = logging.getLogger(__name__)

NAME = "made.sqlite3"
_TABLE = """
CREATE TABLE IF NOT EXISTS results (
    number INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    marks TEXT NOT NULL,
    at REAL NOT NULL,
    consent TEXT
);
CREATE INDEX IF NOT EXISTS results_by_fingerprint ON results (fingerprint);
CREATE INDEX IF NOT EXISTS results_by_digest ON results (sha256);
"""
_PATIENCE = 10.0


@dataclass(frozen=True)
class Made:
    """One result. `same_file` says that it is this very file, byte by byte, and not a copy that was worked on."""

    at: float
    kind: str
    same_file: bool


Known = Made | Literal["unread"] | None
"""What the log knows of a file; ``"unread"`` where it could not be asked."""


class MadeHere:
    """The log, beside the installation's credentials. Every process of an installation may write to it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or folder().with_name(NAME)

    def add(self, report: Report, consent: Consent | None = None) -> None:
        """Note a result, and what was stated about the right to its faces."""
        kind = "image" if report.frames_at else report.kind
        self._note(report.files, report.fingerprint, kind, report.marks, consent)

    def note(
        self, path: Path, fingerprint: str, kind: str, marks: Sequence[str], consent: Consent | None = None
    ) -> None:
        """Note a file. A log that cannot be written is told to the operator and stops no job.

        Args:
            fingerprint: of its job, ``""`` where marking is off.
            kind: what it is, as `Report` tells it, or ``"comparison"`` or ``"preview"``.
            marks: the layers that it carries.
        """
        self._note((path,), fingerprint, kind, marks, consent)

    def _note(
        self, paths: Sequence[Path], fingerprint: str, kind: str, marks: Sequence[str], consent: Consent | None
    ) -> None:
        try:
            stated = json.dumps(consent.data()) if consent is not None else None
            at, layers = time.time(), ",".join(marks)
            with self._open() as base:
                base.executemany(
                    "INSERT INTO results (fingerprint, sha256, kind, marks, at, consent) VALUES (?, ?, ?, ?, ?, ?)",
                    [(fingerprint, digest, kind, layers, at, stated) for digest in map(sha256, paths)],
                )
        except (OSError, sqlite3.Error) as error:
            log.warning("a result could not be noted in the log of what was made here: %s", error)

    def find(self, fingerprint: str, sha256: str) -> Known:
        """The newest result with this digest, or else with this fingerprint (``""`` for none). A log that cannot be
        read is told to the operator, and keeps nothing else of a check back."""
        if not self._path.exists():
            return None
        try:
            return self._found(fingerprint, sha256)
        except (OSError, sqlite3.Error) as error:
            log.warning("the log of what was made here could not be read: %s", error)
            return "unread"

    def _found(self, fingerprint: str, sha256: str) -> Made | None:
        with self._open() as base:
            for column, value in (("sha256", sha256), ("fingerprint", fingerprint)):
                query = f"SELECT at, kind FROM results WHERE {column} = ? ORDER BY number DESC LIMIT 1"
                row = base.execute(query, (value,)).fetchone() if value else None
                if row is not None:
                    return Made(row[0], row[1], column == "sha256")
        return None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as base, base:
            base.executescript(_TABLE)
            if "consent" not in {row[1] for row in base.execute("PRAGMA table_info(results)")}:
                base.execute("ALTER TABLE results ADD COLUMN consent TEXT")
            yield base


def words(made: Known) -> str:
    """What the log knows, as a sentence."""
    if made == "unread":
        return "The log of what was made here could not be read; the operator's log says why."
    if made is None:
        return "The log of this installation knows no result like it."
    when = time.strftime("%Y-%m-%d, %H:%M UTC", time.gmtime(made.at))
    if made.same_file:
        return f"This very file was made here, on {when}."
    return f"It goes back to a result that was made here, on {when}."
