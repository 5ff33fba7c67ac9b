"""Processes that tests start are ended, whatever becomes of the test."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 60.0


def end(process: subprocess.Popen[Any], seconds: float = SECONDS) -> int:
    """Asks a process to end, and makes it after `seconds`. Answers its exit status."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return kill(process)


def kill(process: subprocess.Popen[Any]) -> int:
    """Ends a process at once. Answers its exit status."""
    process.kill()
    return process.wait(SECONDS)


@contextmanager
def process(*words: Any, **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that ends with the block."""
    begun = subprocess.Popen([*map(str, words)], **more)
    try:
        yield begun
    finally:
        kill(begun)
        for stream in (begun.stdin, begun.stdout, begun.stderr):
            if stream is not None:
                stream.close()


def free_port() -> int:
    """One on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
