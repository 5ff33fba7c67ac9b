"""A run of the tests always ends, and leaves no process behind.

`pytest-timeout` ends a test that takes too long, once, by a signal: neither a call that never comes back from native
code, nor what is tidied up after such a test, nor a library's thread that keeps the interpreter from ending, is
bounded by it. Here the rest is: the whole run is given up then, with the stack of every thread, rather than waited for.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

MARK = "RECAST_TEST_RUN"
"""Variable by which the processes of a run are known, whoever their parent is by now."""
_HELPERS = ("multiprocessing.forkserver", "multiprocessing.resource_tracker", "multiprocessing.spawn")
"""Python's own processes beside the tests'; they end with it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("grace", "Seconds beyond a test's own limit, or after its failure, that a run waits", default="180")
    parser.addini("farewell", "Seconds that processes and threads get to end after the last test", default="30")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(config), "the watch of the run")


class Watch:
    """The hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self._grace, self._farewell = float(config.getini("grace")), float(config.getini("farewell"))
        self._limit = float(config.getoption("timeout", None) or config.getini("timeout") or 0)
        # Nothing is captured while pytest is set up, so this is the one that people see.
        self._stderr, self._status = os.dup(2), 1
        self._run = os.environ[MARK] = _name(config)
        self._on = True

    def _bound(self, seconds: float) -> None:
        if self._on:
            # A thread of its own in C: it does not wait for whoever holds the interpreter.
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._stderr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        marker = item.get_closest_marker("timeout")
        own = (*marker.args, marker.kwargs.get("timeout"), 0)[0] if marker else self._limit
        self._bound(float(own or self._limit) + self._grace)

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self) -> None:
        self._bound(self._grace)  # pytest's own use of the same clock stops it here

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        self._bound(self._grace)

    def pytest_enter_pdb(self) -> None:
        self._on = False
        faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._status = int(exitstatus)
        for pid, command in end_all(self._run, self._farewell):
            self._say(f"A process outlived the tests and was ended: {pid} {command}")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._bound(self._farewell + self._grace)
        threading.Thread(target=self._leave, name="the end of the run", daemon=True).start()

    def _leave(self) -> None:
        """Ends the process where a thread of somebody's keeps it; what the tests said holds."""
        time.sleep(self._farewell)
        self._say("A thread outlived the tests; the run ends all the same.")
        faulthandler.dump_traceback(self._stderr, all_threads=True)
        os._exit(self._status)

    def _say(self, sentence: str) -> None:
        sys.stdout.flush()
        os.write(self._stderr, f"{sentence}\n".encode())


def _name(config: pytest.Config) -> str:
    """A run's own. That of a worker begins with its run's, which also ends what a worker that died has left."""
    if worker := getattr(config, "workerinput", None):
        return f"{os.environ[MARK]}-{worker['workerid']}"
    return uuid.uuid4().hex


def end_all(run: str, seconds: float) -> list[tuple[int, str]]:
    """Waits for the processes of a run, ends those that are left, and answers which those were."""
    until = time.monotonic() + seconds
    while (left := list(_of(run))) and time.monotonic() < until:
        time.sleep(0.1)
    for pid, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return left


def _of(run: str) -> Iterator[tuple[int, str]]:
    """Number and command line of each process of a run and its workers, but for this one and Python's own helpers."""
    mark = f"{MARK}={run}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            # A dead one, whose parent has not asked yet how it ended, has no variables any more.
            words = (folder / "environ").read_bytes().split(b"\0")
            if not any(word == mark or word.startswith(mark + b"-") for word in words):
                continue
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if not any(helper in command for helper in _HELPERS):
            yield int(folder.name), command[:200]
