"""Has files decoded in processes of their own, before this one touches them.

Processes are forked from a small server that has loaded the decoders and nothing else (`multiprocessing`'s forkserver):
none of this process's memory, files or threads are in them, and beginning one takes milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from multiprocessing import forkserver, util
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pipeline.errors
from pipeline.errors import Cancelled, FileMissing, InputError
from pipeline.media import Numbering
from pipeline.types import MediaLimits
from studio.inspection.confine import BOUNDS, Bounds

log = logging.getLogger(__name__)

QUICK, THOROUGH = 3.0, 8.0
"""Seconds of decoding: when a file comes, and before a job works on it."""
PATIENCE = 60.0
"""Seconds after which a process that has said nothing is ended."""
_MOST_SAID, _REMEMBERED, _TURN = 4096, 1000, 0.05
_LONGEST = 107 - len("/pymp-12345678/listener-12345678")
"""Bytes of a folder's path in which `multiprocessing` can have its socket: the system knows none with a longer name."""
_ERRORS = {
    kind.code: kind for kind in vars(pipeline.errors).values()
    if isinstance(kind, type) and issubclass(kind, InputError)
}  # fmt: skip


class Unsafe(InputError):
    """Decoding the file crashed, or took more than it may."""

    code = "unsafe_media"
    sentence = "The file was refused: it could not be looked at within the limits for files from outside."


class Inspector:
    """Looks at files. Thread-safe.

    Args:
        limits: bounds on what is opened.
        bounds: what a process may use for it.
    """

    def __init__(self, limits: MediaLimits, bounds: Bounds = BOUNDS) -> None:
        self._limits, self._bounds = limits, bounds
        self._slots = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))
        self._lock = threading.Lock()
        self._passed: OrderedDict[tuple[bytes, bool], None] = OrderedDict()
        self._told = False
        self._closing = threading.Event()
        self._context: Any = None
        if sys.platform == "linux":
            _place_socket()
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload(["studio.inspection.child"])
        else:
            log.warning("this platform cannot confine processes; files from outside are decoded in this one at once")

    def load(self) -> None:
        """Load the decoders that processes are forked from, rather than with the first file."""
        if self._context is not None:
            forkserver.ensure_running()

    def close(self) -> None:
        """Nothing is looked at any more: whoever waits for that is told so at once."""
        self._closing.set()

    def check(self, path: Path, thorough: bool = False, cancel: threading.Event | None = None) -> None:
        """Make sure that a file can be decoded without harm. A file that has passed is not looked at again.

        Args:
            thorough: for a video, far more than its beginning.
            cancel: set it to stop waiting.

        Raises:
            InputError: what `pipeline.media.probe` and `read_picture` say of it, or `Unsafe`.
            Cancelled: `cancel` was set, or the studio ends.
        """
        if self._context is None:
            return
        stamp = _stamp(path)
        with self._lock:
            if (stamp, True) in self._passed or (stamp, thorough) in self._passed:
                return
        with self._slots:
            self._look(path, thorough, cancel)
        with self._lock:
            self._passed[(stamp, thorough)] = None
            while len(self._passed) > _REMEMBERED:
                self._passed.popitem(last=False)

    def _look(self, path: Path, thorough: bool, cancel: threading.Event | None) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        budget = THOROUGH if thorough else QUICK
        from studio.inspection.child import work

        process: BaseProcess = self._context.Process(
            target=work, args=(theirs, str(path), thorough, self._limits, self._bounds, budget), daemon=True
        )
        try:
            process.start()
            theirs.close()
            said = self._said(ours, cancel)
        finally:
            process.kill()
            process.join(5)
            ours.close()
        if said is None:
            log.warning("a process that looked at a file ended with %s", process.exitcode)
            raise Unsafe()
        if said["code"]:
            raise _ERRORS.get(str(said["code"]), InputError)(str(said.get("sentence") or "") or None)
        if said.get("missing") and not self._told:
            self._told = True
            log.warning("processes that look at files keep: %s", ", ".join(map(str, said["missing"])))

    def _said(self, answer: Connection, cancel: threading.Event | None) -> dict[str, Any] | None:
        """The process's words, or ``None`` when it had none or too many. They are plain text, whatever became of it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._closing.is_set() or (cancel is not None and cancel.is_set()):
                raise Cancelled()
            if answer.poll(_TURN):
                try:
                    said = json.loads(answer.recv_bytes(_MOST_SAID))
                except (EOFError, OSError, ValueError):
                    return None
                return said if isinstance(said, dict) and isinstance(said.get("code"), str) else None
        return None


def _stamp(path: Path) -> bytes:
    """What tells a file, or all the frames that share a name, in a certain state; of many frames as short as of one."""
    numbering = Numbering.of(path)
    files = [path] if numbering is None else numbering.files().values()
    try:
        found = [os.stat(file) for file in files]
    except OSError:
        raise FileMissing from None
    states = [(one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns) for one in found]
    return hashlib.sha256(repr(states).encode()).digest()


def _place_socket() -> None:
    """Where the usual folder's path is too long for a socket, has `multiprocessing` take another one."""
    usual, others = tempfile.gettempdir(), (os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp")
    if len(os.fsencode(usual)) <= _LONGEST:
        return
    short = next((path for path in others if len(os.fsencode(path)) <= _LONGEST and os.access(path, os.W_OK)), None)
    if short is None:
        log.warning("no folder for temporary files has a path short enough for a socket; no file can be looked at")
        return
    tempfile.tempdir = short
    try:
        util.get_temp_dir()  # which it keeps to
    finally:
        tempfile.tempdir = usual
