"""API keys: shown once when they are made, kept as hashes only, and gone the moment they are removed.

They have a small database of their own, so that the command that makes them works while the server runs.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError

PREFIX = "recast"
_FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_[A-Za-z0-9_-]{{43}}")
_LONGEST_NAME = 60


class KeyUnknown(InputError):
    code = "key_unknown"
    sentence = "There is no such key."


@dataclass(frozen=True)
class Key:
    """A key as it is kept.

    Attributes:
        id: the part of the key that is no secret.
        name: what the operator calls it.
        digest: SHA-256 of the whole key, in hex. Keys are long and random, so a plain hash cannot be turned back.
        created, expires: seconds since 1970; a key without an end has ``None``.
    """

    id: str
    name: str
    digest: str
    created: float
    expires: float | None

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= time.time()


class Keys:
    """The keys of one data folder. Thread-safe: each call opens the database for itself.

    Args:
        path: the database; it is made when the first key is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, seconds: float | None = None) -> str:
        """A new key, which cannot be shown again.

        Args:
            name: what to call it; one line.
            seconds: how long it is good for; for ever when ``None``.

        Raises:
            InputError: the name is empty, too long, or taken.
        """
        if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            raise InputError(f"A key's name has to be one line of at most {_LONGEST_NAME} characters.")
        name_id, now = secrets.token_hex(4), time.time()
        key = f"{PREFIX}_{name_id}_{secrets.token_urlsafe(32)}"
        expires = None if seconds is None else now + seconds
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open(make=True)) as base, base:
            try:
                base.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", (name_id, name, _digest(key), now, expires))
            except sqlite3.IntegrityError:
                raise InputError(f"There is a key named {name!r} already.") from None
        return key

    def all(self) -> tuple[Key, ...]:
        """Every key, oldest first."""
        if not self._path.exists():
            return ()
        with closing(self._open()) as base:
            return tuple(Key(*row) for row in base.execute("SELECT * FROM keys ORDER BY created"))

    def remove(self, which: str) -> Key:
        """End a key, named by its name or its id.

        Raises:
            KeyUnknown: there is none.
        """
        found = next((key for key in self.all() if which in (key.name, key.id)), None)
        if found is None:
            raise KeyUnknown(f"There is no key {which!r}.")
        with closing(self._open()) as base, base:
            base.execute("DELETE FROM keys WHERE id = ?", (found.id,))
        return found

    def find(self, key: str) -> Key | None:
        """The key that somebody shows, if it is one that is good."""
        form = _FORM.fullmatch(key)
        found = self.by_id(form.group(1)) if form else None
        if found is None or not secrets.compare_digest(found.digest, _digest(key)):
            return None
        return found

    def by_id(self, name_id: str) -> Key | None:
        """A key that is still good."""
        if not self._path.exists():
            return None
        with closing(self._open()) as base:
            row = base.execute("SELECT * FROM keys WHERE id = ?", (name_id,)).fetchone()
        found = Key(*row) if row else None
        return found if found is not None and not found.expired else None

    def _open(self, make: bool = False) -> sqlite3.Connection:
        if make and not self._path.exists():
            self._path.touch(mode=0o600)
        base = sqlite3.connect(self._path, timeout=10)
        if make:
            base.execute(
                "CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
                "digest TEXT NOT NULL, created REAL NOT NULL, expires REAL)"
            )
        return base


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
