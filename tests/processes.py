"""No process and no thread outlives a run of the tests: what is left would keep whoever waits for the run waiting."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
import uuid
from pathlib import Path

MARK = "RECAST_TEST_RUN"
"""A variable of the environment, by which a process of this run is known even when its parent has gone."""
GRACE = 5.0
"""Seconds that processes have to end by themselves after the last test."""
LEAVING = 90.0
"""Seconds that the interpreter has to leave after everything is said; then the stacks of all threads are printed."""


def mark_run() -> None:
    os.environ[MARK] = uuid.uuid4().hex


def end_leftovers() -> list[str]:
    """Kills the run's processes that are still there after a moment's grace (Linux); their command lines."""
    until = time.monotonic() + GRACE
    while _others() and time.monotonic() < until:
        time.sleep(0.1)
    left = _others()
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return list(left.values())


def leave_in_time() -> None:
    """From now on the interpreter has a bounded time to end: a thread that never does is shown, not waited for."""
    faulthandler.dump_traceback_later(LEAVING, exit=True, file=sys.__stderr__ or sys.stderr)


def _others() -> dict[int, str]:
    """Processes that were started by this run, by number, with their command lines (never empty)."""
    mark = f"{MARK}={os.environ[MARK]}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
        # Python's own helper for shared memory ends when this process does.
        if command and "resource_tracker" not in command:
            found[int(folder.name)] = command
    return found
