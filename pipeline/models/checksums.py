"""That a file is what it should be: its SHA-256 against the catalogue's, or against what it was when first seen."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

from pipeline.errors import ModelAltered
from pipeline.models.catalogue import ModelEntry
from pipeline.models.notes import Notes

log = logging.getLogger(__name__)


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Checksums:
    """Checks files, and remembers which ones it has checked: half a gigabyte is not read again at every start."""

    def __init__(self, notes: Path) -> None:
        """
        Args:
            notes: folder of what is remembered; where it cannot be written, every file is read each time.
        """
        self._pins, self._seen = Notes(notes / "pins.json"), Notes(notes / "checked.json")

    def pinned(self, entry: ModelEntry) -> str | None:
        """The checksum that the entry's file has to have, once one is known. A file of the user's own may be any: who
        trains a network exports it again and again."""
        if entry.sha256 is not None or entry.local is not None:
            return entry.sha256
        found = self._pins.read().get(entry.name)
        return found if isinstance(found, str) else None

    def check(self, entry: ModelEntry, path: Path, *, anew: bool = False, announced: str | None = None) -> str:
        """The file's SHA-256, which is the expected one. One that is not known yet is pinned.

        Args:
            anew: read the file even if it has not changed since it was checked.
            announced: what its publisher says it is, which counts as long as none is known.

        Raises:
            ModelAltered: it is another one.
        """
        now = stamp(path)
        seen = self._seen.read().get(str(path.absolute()))
        if not anew and isinstance(seen, dict) and seen.get("stamp") == now:
            found = str(seen.get("sha256"))
        else:
            found = sha256(path)
            self._remember(self._seen, str(path.absolute()), {"stamp": now, "sha256": found})
        known = self.pinned(entry)
        expected = known or announced or found
        if expected != found:
            raise ModelAltered(
                f"The model file of {entry.name} is not the expected one (sha256 {found[:12]}…, wanted "
                f"{expected[:12]}…). It is not used. Remove it (`python app.py models remove {entry.name}`) and "
                "fetch it again."
            )
        if known is None and entry.local is None:
            self._remember(self._pins, entry.name, found)
        return found

    def forget(self, entry: ModelEntry) -> bool:
        """Drop the pin, so that another version may be fetched. Returns whether there was one.

        Raises:
            OSError: it cannot be written.
        """
        if entry.name not in self._pins.read():
            return False
        self._pins.change(lambda pins: pins.pop(entry.name, None))
        return True

    @staticmethod
    def _remember(notes: Notes, key: str, value: Any) -> None:
        try:
            notes.change(lambda found: found.__setitem__(key, value))
        except OSError as error:
            log.info("%s cannot be written: %s", notes.path.name, error)


def stamp(path: Path) -> list[int]:
    """What is another one once a file was changed."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]
