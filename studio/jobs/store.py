"""Every job, in one SQLite file: what is written here has happened, whatever becomes of the process."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.report import Progress
from studio.consent import LASTS, Consent
from studio.jobs.job import Event, Job, JobUnknown, Kind, Outcome, State, options_of, progress_data
from studio.jobs.order import Turn, rearranged
from studio.jobs.schema import NOTE_ENDS, InUse, migrate

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
        self._lock = threading.RLock()
        self._claim = _claimed(path.with_suffix(".lock"))
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._base.row_factory = sqlite3.Row
        self._base.execute("PRAGMA journal_mode = WAL")
        # Commits outlive the process; only a power cut may take the newest ones, never the database.
        self._base.execute("PRAGMA synchronous = NORMAL")
        self._base.execute("PRAGMA foreign_keys = ON")
        # What is deleted is gone from the file, too.
        self._base.execute("PRAGMA secure_delete = ON")
        migrate(self._base)

    def close(self) -> None:
        with self._lock:
            self._base.close()
            self._claim.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def _read(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()

    def add(self, job: Job) -> None:
        """A new job, at the end of the line."""
        row = _row(job)
        names = ", ".join(row)
        with self._change() as base:
            base.execute(f"INSERT INTO jobs ({names}) VALUES ({', '.join(':' + name for name in row)})", row)
            _tell(base, job.id, "queued")

    def get(self, name: str, owner: str | None = None) -> Job:
        """A job as it is now.

        Args:
            owner: fingerprint of whoever asks; ``None`` for the studio itself.

        Raises:
            JobUnknown: there is none, or it is another owner's.
        """
        rows = self._read("SELECT * FROM jobs WHERE id = ?", (name,))
        if not rows or (owner is not None and rows[0]["owner"] != owner):
            raise JobUnknown()
        return _job(rows[0])

    def claim(self, long: bool, only: Kind | None = None) -> Job | None:
        """The next job, now running: short work first, owners in turn. Long work only where `long` is set, and work of
        one kind where `only` says so."""
        now = time.time()
        with self._change() as base:
            wanted = {"now": now, "long": long, "only": only, "patience": PATIENCE}
            row = base.execute(_LINE + "LIMIT 1", wanted).fetchone()
            if row is None:
                return None
            base.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", (now, row["id"]))
            _tell(base, row["id"], "running")
        return self.get(row["id"])

    def advance(self, name: str, progress: Progress) -> None:
        """Note how far a running job is."""
        with self._change() as base:
            base.execute(
                "UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'",
                (json.dumps(progress_data(progress)), name),
            )

    def settled(self, name: str) -> None:
        """A running job got somewhere that it need not begin before again."""
        with self._change() as base:
            base.execute("UPDATE jobs SET crashes = 0 WHERE id = ?", (name,))

    def finish(
        self, name: str, state: State, outcome: Outcome | None = None, code: str = "", sentence: str = ""
    ) -> bool:
        """The end of a job that waits or runs; whether it was one."""
        data = json.dumps(_outcome_data(outcome)) if outcome is not None else None
        with self._change() as base:
            done = base.execute(
                "UPDATE jobs SET state = ?, outcome = ?, code = ?, sentence = ?, finished = ? "
                "WHERE id = ? AND state IN ('queued', 'running')",
                (state, data, code, sentence, time.time(), name),
            )
            if done.rowcount:
                _tell(base, name, state, {"code": code, "sentence": sentence} if code else {})
            return bool(done.rowcount)

    def cancel_waiting(self, name: str) -> bool:
        """Cancel a job unless it has begun; whether it had not."""
        with self._change() as base:
            done = base.execute(
                "UPDATE jobs SET state = 'cancelled', code = 'cancelled', finished = ? "
                "WHERE id = ? AND state = 'queued'",
                (time.time(), name),
            )
            if done.rowcount:
                _tell(base, name, "cancelled")
            return bool(done.rowcount)

    def put_back(self, name: str) -> None:
        """A running job waits again, in its old place: the server stops."""
        with self._change() as base:
            base.execute("UPDATE jobs SET state = 'queued' WHERE id = ? AND state = 'running'", (name,))
            _tell(base, name, "interrupted")

    def recover(self, most_crashes: int) -> list[str]:
        """After a start: what ran when the server died waits again, unless it is the likely cause, or nobody is left
        who waits for it. Returns those jobs, which are over now."""
        now, ended = time.time(), []
        with self._change() as base:
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
                        _tell(base, row["id"], "resumed")
                    continue
                base.execute(
                    "UPDATE jobs SET state = ?, code = ?, sentence = ?, finished = ? WHERE id = ?",
                    (end, code, sentence, now, row["id"]),
                )
                _tell(base, row["id"], end, {"code": code, "sentence": sentence})
                ended.append(row["id"])
        return ended

    def count(self, state: State, owner: str | None = None, client: str | None = None) -> int:
        who = "" if owner is None else " AND owner = :owner"
        who += "" if client is None else " AND client = :client"
        values = {"s": state, "owner": owner, "client": client}
        return int(self._read(f"SELECT COUNT(*) FROM jobs WHERE state = :s{who}", values)[0][0])

    def counts(self) -> dict[str, int]:
        """Jobs that are known, by state."""
        return {row[0]: row[1] for row in self._read("SELECT state, COUNT(*) FROM jobs GROUP BY state")}

    def line(self, long: bool) -> list[Waiting]:
        """Jobs that wait, in the order in which a worker that takes `long` work would take them."""
        rows = self._read(_LINE, {"now": time.time(), "long": long, "only": None, "patience": PATIENCE})
        return [Waiting(row["id"], row["kind"], bool(row["long"]), row["weight"]) for row in rows]

    def running(self, long: bool) -> list[Job]:
        """Jobs that run and are that long."""
        return [_job(row) for row in self._read("SELECT * FROM jobs WHERE state = 'running' AND long = ?", (long,))]

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
        rows = self._read(
            "SELECT SUM(finished - started), SUM(weight) FROM (SELECT finished, started, weight FROM jobs "
            "WHERE state = 'done' AND long = ? ORDER BY finished DESC LIMIT 20)",
            (long,),
        )
        return float(rows[0][0] or 0.0), float(rows[0][1] or 0.0)

    def events(self, name: str, after: int = 0) -> list[Event]:
        """A job's history."""
        rows = self._read("SELECT * FROM events WHERE job = ? AND number > ? ORDER BY number", (name, after))
        return [Event(row["number"], row["at"], row["what"], json.loads(row["data"])) for row in rows]

    def jobs(self, over: bool | None = None) -> list[Job]:
        """All jobs; only those that are over, or only those that are not."""
        rest = "" if over is None else f"WHERE {'' if over else 'NOT '}state IN ('done', 'failed', 'cancelled')"
        return [_job(row) for row in self._read(f"SELECT * FROM jobs {rest} ORDER BY created")]

    def owned(self, owners: Sequence[str], most: int = 200) -> list[Job]:
        """What these owners may want to see again, the newest first: not what ended with whoever asked for it.

        Args:
            owners: fingerprints.
        """
        marks = ", ".join("?" * len(owners))
        rows = self._read(
            f"SELECT * FROM jobs WHERE owner IN ({marks}) AND NOT attached AND kind NOT IN ('people', 'preview') "
            "ORDER BY created DESC LIMIT ?",
            (*owners, most),
        )
        return [_job(row) for row in rows]

    def searched(self, owner: str, target: Path) -> Job | None:
        """An owner's newest search of the whole of an upload that has told who is in it."""
        rows = self._read(
            "SELECT * FROM jobs WHERE owner = ? AND kind = 'people' AND state = 'done' "
            "AND json_extract(origins, '$[0]') = ? ORDER BY created DESC LIMIT 5",
            (owner, str(target)),
        )
        jobs = (_job(row) for row in rows)
        return next((job for job in jobs if job.options.start is None and job.options.end is None), None)

    def reorder(self, owner: str, names: Sequence[str]) -> None:
        """Give an owner's waiting jobs this order among themselves; those not named come after those that are."""
        with self._change() as base:
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
        rows = self._read("SELECT version, at FROM consents WHERE owner = ?", (owner,))
        return Consent(rows[0]["version"], rows[0]["at"], "stated") if rows else None

    def note_consent(self, owner: str, consent: Consent) -> None:
        """Remember what an owner stated; what is too old to count is forgotten."""
        with self._change() as base:
            base.execute("DELETE FROM consents WHERE at < ?", (consent.at - LASTS,))
            base.execute(
                "INSERT OR REPLACE INTO consents (owner, version, at) VALUES (?, ?, ?)",
                (owner, consent.version, consent.at),
            )

    def note_ends(self) -> None:
        """From now on, keep in mind which jobs have ended, until they are `called`."""
        with self._lock:
            self._base.execute(NOTE_ENDS)

    def due_calls(self, now: float) -> list[tuple[str, int]]:
        """Jobs to tell of, and how often that was tried."""
        return [tuple(row) for row in self._read("SELECT job, tries FROM calls WHERE due <= ? ORDER BY due", (now,))]

    def called(self, name: str) -> None:
        """A job need not be told of any more."""
        with self._change() as base:
            base.execute("DELETE FROM calls WHERE job = ?", (name,))

    def call_later(self, name: str, due: float) -> None:
        """Telling of a job has failed; it is due again then."""
        with self._change() as base:
            base.execute("UPDATE calls SET tries = tries + 1, due = ? WHERE job = ?", (due, name))

    def forget(self, name: str) -> None:
        """Remove a job that is over, with its history."""
        with self._change() as base:
            base.execute("DELETE FROM jobs WHERE id = ? AND state IN ('done', 'failed', 'cancelled')", (name,))


def _claimed(path: Path) -> sqlite3.Connection:
    """A lock that ends with this process, however that ends: two servers would carry out the same jobs twice.

    Raises:
        InUse: another process holds it.
    """
    claim = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1)
    try:
        claim.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        claim.close()
        raise InUse("Another Recast already works in this data folder; give this one its own with --data.") from error
    return claim


def _tell(base: sqlite3.Connection, name: str, what: str, data: Mapping[str, Any] | None = None) -> None:
    values = (name, time.time(), what, json.dumps(data or {}))
    base.execute("INSERT INTO events (job, at, what, data) VALUES (?, ?, ?, ?)", values)


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    paths = {name: str(path) for name in ("output", "before", "after") if (path := getattr(outcome, name)) is not None}
    return {**paths, "report": dict(outcome.report)}


def _outcome(data: Mapping[str, Any]) -> Outcome:
    paths = {name: Path(data[name]) if name in data else None for name in ("output", "before", "after")}
    return Outcome(**paths, report=data["report"])


def _row(job: Job) -> dict[str, Any]:
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


def _job(row: sqlite3.Row) -> Job:
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
