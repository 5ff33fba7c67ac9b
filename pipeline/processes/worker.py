"""One process that renders, as the one that began it sees it."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.processes.wire import Answer, Forget, Gone, Learn, Line, Ready, Rows, Stop

log = logging.getLogger(__name__)

START_UP = 120.0
"""Seconds after which a process that has not said that it is ready is given up."""
PATIENCE = 600.0
"""The same for one that does not answer, ..."""
STUCK = 60.0
"""... that takes or gives nothing in the middle of a message, ..."""
LEAVE = 15.0
"""... and that goes on with a row which nobody wants any more; a frame of it is always finished."""
_TURN = 0.1
_ROOT = Path(__file__).resolve().parents[2]
_ALONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which libraries are told to use one thread: each process is one."""


class Worker:
    """Used by one thread at a time, but for `stale`."""

    def __init__(self) -> None:
        """
        Raises:
            OSError: the system begins no process.
        """
        ours, theirs = socket.socketpair()
        try:
            # A fresh interpreter: nothing of this process's memory and threads is in it. It is not in the terminal's
            # group, so that Ctrl-C comes to this one only.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pipeline.processes.child", str(theirs.fileno())],
                env=_environment(), pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                process_group=0,
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._line, self._begun = Line(ours), time.monotonic()
        self._line.bounded(STUCK)
        self._known: set[int] = set()
        self._stale: deque[int] = deque()

    def stale(self, numbers: Iterable[int]) -> None:
        """Identities that it is to forget before it does anything else. Any thread may say so."""
        self._stale.extend(numbers)

    @property
    def number(self) -> int:
        """The system's, of the process."""
        return self._process.pid

    def ready(self) -> bool:
        """Whether it has loaded everything. Asked until it has.

        Raises:
            Gone: it has ended, or takes too long.
        """
        if not self._line.waits(0.0):
            if time.monotonic() - self._begun > START_UP:
                raise Gone
            return False
        return isinstance(self._line.hear(), Ready)

    def render(self, rows: Rows, prepared: Mapping[int, Any], stopped: Callable[[], bool]) -> Answer:
        """Have a row rendered, and wait for that.

        Args:
            prepared: what the engine made of the identities that its faces get, by their numbers.
            stopped: asked a few times a second; once it is true, no more is rendered than what has been begun.

        Raises:
            Gone: the process has ended, or does not answer.
        """
        self.forget()
        for number, made in prepared.items():
            if number not in self._known:
                self._line.say(Learn(number, made))
                self._known.add(number)
        self._line.say(rows)
        told, until = False, time.monotonic() + PATIENCE
        while not self._line.waits(_TURN):
            if not told and stopped():
                self._line.say(Stop())
                told, until = True, time.monotonic() + LEAVE
            if time.monotonic() > until:
                raise Gone
        answer = self._line.hear()
        assert isinstance(answer, Answer)
        for said in answer.said:
            logging.getLogger(said.logger).log(said.level, "%s", said.text)
        return answer

    def forget(self) -> None:
        """Have it forget what is stale.

        Raises:
            Gone: the process has ended.
        """
        numbers = set()
        while self._stale:
            numbers.add(self._stale.popleft())
        numbers &= self._known
        if numbers:
            self._line.say(Forget(tuple(numbers)))
            self._known -= numbers

    def end(self) -> int | None:
        """End the process, if it has not ended by itself, and say how it did; ``None`` where it does not end."""
        self._line.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Who has gone already says by what.
            return self._process.wait(0.05)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(10)
        return None


def _environment() -> dict[str, str]:
    paths = (str(_ROOT), *filter(None, sys.path))
    return {**os.environ, **dict.fromkeys(_ALONE, "1"), "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
