"""Every job, in one SQLite file: what is written here has happened, whatever becomes of the process."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.report import Progress
from studio.consent import LASTS, Consent
from studio.jobs.database import Database
from studio.jobs.job import UNSEEN, Event, Job, JobUnknown, Kind, Outcome, State, progress_data
from studio.jobs.order import Turn, rearranged
from studio.jobs.rows import job_of, outcome_data, row_of, tell
from studio.jobs.schema import NOTE_ENDS

PATIENCE = 600.0
"""Seconds of waiting that count as much as one step of priority, so that nothing waits for ever."""

_LINE = """
    SELECT waiting.* FROM jobs AS waiting
    LEFT JOIN (SELECT owner, SUM(state = 'running') AS running, MAX(started) AS served FROM jobs GROUP BY owner) AS past
        USING (owner)
    WHERE waiting.state = 'queued' AND (:long OR NOT waiting.long) AND (:only IS NULL OR waiting.kind = :only)
    ORDER BY MAX(0, waiting.priority - CAST((:now - COALESCE(waiting.place, waiting.created)) / :patience AS INTEGER)),
        past.running, COALESCE(past.served, 0), COALESCE(waiting.place, waiting.created), waiting.rowid
"""


class Waiting(NamedTuple):
    """A job in the line, as far as those behind it care."""

    id: str
    kind: Kind
    long: bool
    weight: float


def same_worker(kind: Kind, other: Kind | None) -> bool:
    """Whether jobs of these kinds wait for each other: a worker of its own looks for people, so that who comes with a
    film learns at once who is in it, whatever runs for hours."""
    return (kind == "people") == (other == "people")


class Store:
    """The jobs of one data folder. May be used by any number of threads of one process.

    Args:
        path: the database; it is made when it is not there.
        workers: threads that take long work out of it.
    """

    def __init__(self, path: Path, workers: int = 1) -> None:
        self.workers = workers
        self._base = Database(path)

    def close(self) -> None:
        self._base.close()

    def add(self, job: Job) -> None:
        """A new job, at the end of the line."""
        row = row_of(job)
        names = ", ".join(row)
        with self._base.change() as base:
            base.execute(f"INSERT INTO jobs ({names}) VALUES ({', '.join(':' + name for name in row)})", row)
            tell(base, job.id, "queued")

    def get(self, name: str, owner: str | None = None) -> Job:
        """A job as it is now.

        Args:
            owner: fingerprint of whoever asks; ``None`` for the studio itself.

        Raises:
            JobUnknown: there is none, or it is another owner's.
        """
        rows = self._base.read("SELECT * FROM jobs WHERE id = ?", (name,))
        if not rows or (owner is not None and rows[0]["owner"] != owner):
            raise JobUnknown()
        return job_of(rows[0])

    def claim(self, long: bool, only: Kind | None = None) -> Job | None:
        """The next job, now running: short work first, owners in turn. Long work only where `long` is set, and work of
        one kind where `only` says so."""
        now = time.time()
        with self._base.change() as base:
            wanted = {"now": now, "long": long, "only": only, "patience": PATIENCE}
            row = base.execute(_LINE + "LIMIT 1", wanted).fetchone()
            if row is None:
                return None
            base.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", (now, row["id"]))
            tell(base, row["id"], "running")
        return self.get(row["id"])

    def advance(self, name: str, progress: Progress) -> None:
        """Note how far a running job is."""
        with self._base.change() as base:
            base.execute(
                "UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'",
                (json.dumps(progress_data(progress)), name),
            )

    def settled(self, name: str) -> None:
        """A running job got somewhere that it need not begin before again."""
        with self._base.change() as base:
            base.execute("UPDATE jobs SET crashes = 0 WHERE id = ?", (name,))

    def finish(
        self, name: str, state: State, outcome: Outcome | None = None, code: str = "", sentence: str = ""
    ) -> bool:
        """The end of a job that waits or runs; whether it was one."""
        data = json.dumps(outcome_data(outcome)) if outcome is not None else None
        with self._base.change() as base:
            done = base.execute(
                "UPDATE jobs SET state = ?, outcome = ?, code = ?, sentence = ?, finished = ? "
                "WHERE id = ? AND state IN ('queued', 'running')",
                (state, data, code, sentence, time.time(), name),
            )
            if done.rowcount:
                tell(base, name, state, {"code": code, "sentence": sentence} if code else {})
            return bool(done.rowcount)

    def cancel_waiting(self, name: str) -> bool:
        """Cancel a job unless it has begun; whether it had not."""
        with self._base.change() as base:
            done = base.execute(
                "UPDATE jobs SET state = 'cancelled', code = 'cancelled', finished = ? "
                "WHERE id = ? AND state = 'queued'",
                (time.time(), name),
            )
            if done.rowcount:
                tell(base, name, "cancelled")
            return bool(done.rowcount)

    def put_back(self, name: str) -> None:
        """A running job waits again, in its old place: the server stops."""
        with self._base.change() as base:
            base.execute("UPDATE jobs SET state = 'queued' WHERE id = ? AND state = 'running'", (name,))
            tell(base, name, "interrupted")

    def recover(self, most_crashes: int) -> list[str]:
        """After a start: what ran when the server died waits again, unless it is the likely cause, or nobody is left
        who waits for it. Returns those jobs, which are over now."""
        now, ended = time.time(), []
        with self._base.change() as base:
            base.execute("UPDATE jobs SET crashes = crashes + 1 WHERE state = 'running'")
            alive = "SELECT id, state, attached, crashes FROM jobs WHERE state IN ('queued', 'running')"
            for row in base.execute(alive).fetchall():
                if row["attached"]:
                    end, code, sentence = "cancelled", "cancelled", "The server was stopped."
                elif row["crashes"] >= most_crashes:
                    end, code = "failed", "crashed"
                    sentence = "The server stopped again and again while it worked on this; the job was given up."
                else:
                    if row["state"] == "running":
                        base.execute("UPDATE jobs SET state = 'queued' WHERE id = ?", (row["id"],))
                        tell(base, row["id"], "resumed")
                    continue
                base.execute(
                    "UPDATE jobs SET state = ?, code = ?, sentence = ?, finished = ? WHERE id = ?",
                    (end, code, sentence, now, row["id"]),
                )
                tell(base, row["id"], end, {"code": code, "sentence": sentence})
                ended.append(row["id"])
        return ended

    def count(self, state: State, owner: str | None = None, client: str | None = None) -> int:
        who = "" if owner is None else " AND owner = :owner"
        who += "" if client is None else " AND client = :client"
        values = {"s": state, "owner": owner, "client": client}
        return int(self._base.read(f"SELECT COUNT(*) FROM jobs WHERE state = :s{who}", values)[0][0])

    def counts(self) -> dict[str, int]:
        """Jobs that are known, by state."""
        return {row[0]: row[1] for row in self._base.read("SELECT state, COUNT(*) FROM jobs GROUP BY state")}

    def line(self, long: bool) -> list[Waiting]:
        """Jobs that wait, in the order in which a worker that takes `long` work would take them."""
        rows = self._base.read(_LINE, {"now": time.time(), "long": long, "only": None, "patience": PATIENCE})
        return [Waiting(row["id"], row["kind"], bool(row["long"]), row["weight"]) for row in rows]

    def running(self, long: bool) -> list[Job]:
        """Jobs that run and are that long."""
        return [
            job_of(row) for row in self._base.read("SELECT * FROM jobs WHERE state = 'running' AND long = ?", (long,))
        ]

    def ahead(self, job: Job) -> int:
        """How many jobs begin before a waiting one can, those that run included."""
        if job.state != "queued":
            return 0
        return len(self.before(job)) + len(self.running_before(job.long, job.kind))

    def before(self, job: Job) -> list[Waiting]:
        """Jobs that wait as well, and begin before this one."""
        line = [other for other in self.line(job.long) if same_worker(other.kind, job.kind)]
        return next((line[:place] for place, other in enumerate(line) if other.id == job.id), [])

    def running_before(self, long: bool, kind: Kind | None = None) -> list[Job]:
        """Jobs that run, and that one of such a length and kind may have to wait for."""
        return [other for other in self.running(long) if same_worker(other.kind, kind)]

    def lately(self, long: bool) -> tuple[float, float]:
        """Seconds that the last finished jobs of such a length have taken, and their weight."""
        rows = self._base.read(
            "SELECT SUM(finished - started), SUM(weight) FROM (SELECT finished, started, weight FROM jobs "
            "WHERE state = 'done' AND long = ? ORDER BY finished DESC LIMIT 20)",
            (long,),
        )
        return float(rows[0][0] or 0.0), float(rows[0][1] or 0.0)

    def events(self, name: str, after: int = 0) -> list[Event]:
        """A job's history."""
        rows = self._base.read("SELECT * FROM events WHERE job = ? AND number > ? ORDER BY number", (name, after))
        return [Event(row["number"], row["at"], row["what"], json.loads(row["data"])) for row in rows]

    def jobs(self, over: bool | None = None) -> list[Job]:
        """All jobs; only those that are over, or only those that are not."""
        rest = "" if over is None else f"WHERE {'' if over else 'NOT '}state IN ('done', 'failed', 'cancelled')"
        return [job_of(row) for row in self._base.read(f"SELECT * FROM jobs {rest} ORDER BY created")]

    def owned(self, owners: Sequence[str], most: int = 200) -> list[Job]:
        """What these owners may want to see again, the newest first: not what ended with whoever asked for it.

        Args:
            owners: fingerprints.
        """
        marks, unseen = (", ".join("?" * len(some)) for some in (owners, UNSEEN))
        rows = self._base.read(
            f"SELECT * FROM jobs WHERE owner IN ({marks}) AND NOT attached AND kind NOT IN ({unseen}) "
            "ORDER BY created DESC LIMIT ?",
            (*owners, *UNSEEN, most),
        )
        return [job_of(row) for row in rows]

    def searched(self, owner: str, target: Path, rate: float | None = None) -> Job | None:
        """An owner's newest search of the whole of an upload that has told who is in it."""
        rows = self._base.read(
            "SELECT * FROM jobs WHERE owner = ? AND kind = 'people' AND state = 'done' "
            "AND json_extract(origins, '$[0]') = ? ORDER BY created DESC LIMIT 5",
            (owner, str(target)),
        )
        jobs = (job_of(row) for row in rows)
        return next((job for job in jobs if not job.options.partial and job.options.rate == rate), None)

    def reorder(self, owner: str, names: Sequence[str]) -> None:
        """Give an owner's waiting jobs this order among themselves; those not named come after those that are."""
        with self._base.change() as base:
            rows = base.execute(
                "SELECT id, priority, COALESCE(place, created) AS place FROM jobs WHERE owner = ? AND state = 'queued' "
                "ORDER BY place, rowid",
                (owner,),
            ).fetchall()
            turns = rearranged([Turn(row["id"], row["priority"], row["place"]) for row in rows], names)
            base.executemany(
                "UPDATE jobs SET priority = ?, place = ? WHERE id = ?",
                [(turn.priority, turn.place, turn.name) for turn in turns],
            )

    def consent(self, owner: str) -> Consent | None:
        """What an owner (by fingerprint) stated last."""
        rows = self._base.read("SELECT version, at FROM consents WHERE owner = ?", (owner,))
        return Consent(rows[0]["version"], rows[0]["at"], "stated") if rows else None

    def note_consent(self, owner: str, consent: Consent) -> None:
        """Remember what an owner stated; what is too old to count is forgotten."""
        with self._base.change() as base:
            base.execute("DELETE FROM consents WHERE at < ?", (consent.at - LASTS,))
            base.execute(
                "INSERT OR REPLACE INTO consents (owner, version, at) VALUES (?, ?, ?)",
                (owner, consent.version, consent.at),
            )

    def note_ends(self) -> None:
        """From now on, keep in mind which jobs have ended, until they are `called`."""
        with self._base.change() as base:
            base.execute(NOTE_ENDS)

    def due_calls(self, now: float) -> list[tuple[str, int]]:
        """Jobs to tell of, and how often that was tried."""
        return [
            tuple(row) for row in self._base.read("SELECT job, tries FROM calls WHERE due <= ? ORDER BY due", (now,))
        ]

    def called(self, name: str) -> None:
        """A job need not be told of any more."""
        with self._base.change() as base:
            base.execute("DELETE FROM calls WHERE job = ?", (name,))

    def call_later(self, name: str, due: float) -> None:
        """Telling of a job has failed; it is due again then."""
        with self._base.change() as base:
            base.execute("UPDATE calls SET tries = tries + 1, due = ? WHERE job = ?", (due, name))

    def forget(self, name: str) -> None:
        """Remove a job that is over, with its history."""
        with self._base.change() as base:
            base.execute("DELETE FROM jobs WHERE id = ? AND state IN ('done', 'failed', 'cancelled')", (name,))
