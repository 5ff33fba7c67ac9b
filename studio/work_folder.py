"""Where a command keeps the finished segments of a long video."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def work_folder(output: Path) -> Iterator[Path]:
    """A hidden folder beside the result, gone when the job is. A command that is killed in the middle leaves it behind,
    and goes on from there when it is given again."""
    name = f".{output.stem[:40]}-{hashlib.sha256(output.name.encode()).hexdigest()[:8]}.segments"
    folder = output.parent / name
    claim = _claimed(folder)
    if claim is None:  # another command is at it
        folder = folder.with_name(f".{output.stem[:40]}-{secrets.token_hex(4)}.segments")
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
