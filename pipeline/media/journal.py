"""A hidden file beside numbered results that says which of them are finished, for the next try."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import OutputError
from pipeline.media.output import output_errors

Facts = Mapping[str, Any]
"""What is told of a finished frame: plain values, as JSON holds them."""
_STEM = 120


class Journal:
    """One run's for as long as it is open. What another run has noted is gone on with where it is of use.

    Args:
        results: the name that the results follow.
        key: what has to be the same for finished frames to be of use.
        wanted: the files of the results, in order.

    Attributes:
        facts, files: of the frames that are finished: a row from the first one on, as far as their files are whole.

    Raises:
        OutputError: it cannot be written, or another run is writing these results.
    """

    def __init__(self, results: Path, key: str, wanted: Iterable[Path]) -> None:
        digest = hashlib.sha256(results.name.encode("utf-8", "surrogateescape")).hexdigest()
        name = os.fsencode(results.name)
        stem = results.name if len(name) <= _STEM else f"{name[:_STEM].decode('utf-8', 'ignore')}-{digest[:8]}"
        self._path = results.with_name(f".{stem}.frames")
        line = hashlib.sha256(f"{digest} {key}".encode()).hexdigest().encode() + b"\n"
        with output_errors():
            self._file = _claimed(self._path)
            self._file.seek(0)
            kept = list(_kept(self._file, wanted)) if self._file.readline() == line else []
            # What is of use stays as it is: a run that is ended right now has lost nothing.
            self._file.truncate(kept[-1][2] if kept else 0)
            if not kept:
                self._file.write(line)
                self._file.flush()
        self.facts: tuple[Facts, ...] = tuple(facts for _, facts, _ in kept)
        self.files: tuple[Path, ...] = tuple(path for path, _, _ in kept)

    def add(self, path: Path, facts: Facts) -> None:
        """Note a frame whose file is whole."""
        with output_errors():
            row = {"file": path.name, "size": path.stat().st_size, "facts": facts}
            self._file.write(json.dumps(row).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Leave it for the next run."""
        with suppress(OSError):
            self._file.close()

    def remove(self) -> None:
        """Another run begins anew. Does nothing once it is closed: what lies there may be another run's by now."""
        if not self._file.closed:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self.close()


def _claimed(path: Path) -> BinaryIO:
    """Opens a file for this run alone, to be read and appended to."""
    file = path.open("a+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise OutputError(
            "Another job is writing frames with these names; wait until it has ended, or choose another name."
        ) from error
    except OSError:  # a file system that knows no locks
        pass
    return file


def _kept(file: BinaryIO, wanted: Iterable[Path]) -> Iterator[tuple[Path, Facts, int]]:
    """The rows that are of use, each with the place after it. They have to be those of the first results."""
    for path in wanted:
        line = file.readline()
        try:
            row = json.loads(line)
            facts = dict(row["facts"])
            good = line.endswith(b"\n") and row["file"] == path.name and path.stat().st_size == row["size"]
        except (ValueError, KeyError, TypeError, OSError):
            return
        if not good:
            return
        yield path, facts, file.tell()
