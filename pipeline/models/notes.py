"""Small JSON files that several processes read and change: accepted licences, pinned checksums, checked files."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

log = logging.getLogger(__name__)


class Notes:
    """One file with a JSON object in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = ""

    def read(self) -> dict[str, Any]:
        """What the file holds; nothing where there is none, or where it is no JSON object."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            # It is read for every model that is listed.
            if str(error) != self._told:
                self._told = str(error)
                log.warning("%s cannot be read: %s", self.path.name, error)
            return {}
        return found if isinstance(found, dict) else {}

    def change(self, how: Callable[[dict[str, Any]], None]) -> None:
        """Read, change and write the file, one process at a time, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            found = self.read()
            how(found)
            part = self.path.with_suffix(".part")
            part.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
            os.replace(part, self.path)
