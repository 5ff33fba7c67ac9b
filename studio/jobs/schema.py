"""The tables, and how a database of an older version becomes one of this."""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        sources TEXT NOT NULL,
        target TEXT NOT NULL,
        origins TEXT NOT NULL,
        cast_ TEXT NOT NULL,
        options TEXT NOT NULL,
        moment REAL NOT NULL,
        attached INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        long INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        progress TEXT,
        outcome TEXT,
        code TEXT NOT NULL DEFAULT '',
        sentence TEXT NOT NULL DEFAULT '',
        crashes INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        started REAL,
        finished REAL
    );
    CREATE INDEX jobs_by_state ON jobs (state, created);
    CREATE INDEX jobs_by_owner ON jobs (owner, started);
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX events_by_job ON events (job, number);
    """,
    """
    ALTER TABLE jobs ADD COLUMN client TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs ADD COLUMN weight REAL NOT NULL DEFAULT 1;
    CREATE TABLE calls (
        job TEXT PRIMARY KEY,
        tries INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL DEFAULT 0
    );
    """,
    # When a waiting job counts as sent, where its owner has given it another turn.
    "ALTER TABLE jobs ADD COLUMN place REAL;",
    # What the job's owner stated about their right to the faces, as JSON; and what each owner stated last.
    """
    ALTER TABLE jobs ADD COLUMN consent TEXT;
    CREATE TABLE consents (
        owner TEXT PRIMARY KEY,
        version TEXT NOT NULL,
        at REAL NOT NULL
    );
    """,
)

NOTE_ENDS = """
    CREATE TEMP TRIGGER IF NOT EXISTS note_ends AFTER UPDATE OF state ON jobs
    WHEN NEW.state IN ('done', 'failed', 'cancelled') AND OLD.state IN ('queued', 'running') AND NOT NEW.attached
    BEGIN INSERT OR IGNORE INTO calls (job) VALUES (NEW.id); END
"""
"""From here on, and in the same transaction, every job that ends is one to tell of."""


class Unusable(Exception):
    """The jobs cannot be used by this process; `str` of it says why."""


class TooNew(Unusable):
    """The database was written by a newer Recast."""


class InUse(Unusable):
    """Another process works on these jobs."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the newest version, each step whole or not at all.

    Raises:
        TooNew: it is newer than this program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise TooNew(f"The jobs in the data folder were written by a newer Recast (version {version}).")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {number};COMMIT;")
