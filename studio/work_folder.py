"""Where a command keeps what it may go on with: finished segments of a long video, frames that came in a ZIP."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


@contextmanager
def work_folder(output: Path, what: Literal["segments", "frames"] = "segments") -> Iterator[Path]:
    """A hidden folder beside the result, gone when the job is. A command that is killed in the middle leaves it behind,
    and goes on from there when it is given again."""
    name = f".{output.stem[:40]}-{hashlib.sha256(output.name.encode()).hexdigest()[:8]}.{what}"
    folder = output.parent / name
    claim = _claimed(folder)
    if claim is None:  # another command is at it
        folder = folder.with_name(f".{output.stem[:40]}-{secrets.token_hex(4)}.{what}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if claim is not None:
            os.close(claim)


def _claimed(folder: Path) -> int | None:
    """Opens a folder for this process alone, for as long as it lives; ``None`` where that cannot be."""
    try:
        folder.mkdir(exist_ok=True)
        claim = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        return None
    return claim
