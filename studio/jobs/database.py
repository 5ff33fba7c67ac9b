"""One SQLite file, which one process has for itself and any number of its threads use."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.jobs.schema import InUse, migrate


class Database:
    """Args:
        path: the file; it is made, or brought up to date, where it has to be.

    Raises:
        InUse: another process works with it.
    """

    def __init__(self, path: Path) -> None:
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
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all that is done to the connection, or nothing where it raises."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
                self._base.execute("COMMIT")
            except BaseException:
                # SQLite has done so itself where the disk was full, and what it said then is what has to be told.
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    def read(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """What a query finds."""
        with self._lock:
            return self._base.execute(sql, values).fetchall()


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
