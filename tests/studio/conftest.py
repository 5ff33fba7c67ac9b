"""One real server for all tests of the studio, in a process of its own, reached over loopback only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import end, kill

ROOT = Path(__file__).resolve().parents[2]
UPLOAD_MB = 20


@dataclass(frozen=True)
class Server:
    url: str
    data: Path
    process: subprocess.Popen[str]
    log: list[str]

    def jobs(self) -> int:
        import json

        with urllib.request.urlopen(self.url + "/health", timeout=60) as answer:
            return int(json.load(answer)["jobs"])

    def end(self) -> int:
        """Stops it, by force where it does not listen; its exit status."""
        return end(self.process)

    def kill(self) -> int:
        """Ends it at once, as a fault or an operator without patience would."""
        return kill(self.process)


@contextmanager
def serving(data: Path, *words: str, **environment: str) -> Iterator[Server]:
    """A server of one's own over the folder `data`, which ends with the block."""
    server = launch(data, *words, **environment)
    try:
        yield server
    finally:
        server.end()


def launch(data: Path, *words: str, **environment: str) -> Server:
    """The same without an end; whoever starts it ends it."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0", *words],
        cwd=ROOT,
        env={**os.environ, "RECAST_DATA": str(data), "RECAST_MAX_UPLOAD_MB": str(UPLOAD_MB), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log: list[str] = []
    ready = threading.Event()
    addresses: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            log.append(line)
            if found := re.search(r"http://\S+", line):
                addresses.append(found.group())
                ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        ready.wait(120)
        assert addresses, "the server did not start:\n" + "".join(log)
        server = Server(addresses[0], data, process, log)
        eventually(lambda: _healthy(server), 120)
    except BaseException:
        kill(process)
        raise
    return server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Tests ask faster than people do.
    often = ("JOBS", "UPLOADS", "LOOKS", "PREVIEWS", "LIVE")
    settings = {f"RECAST_{name}_EACH_MINUTE": "6000" for name in often}
    with serving(tmp_path_factory.mktemp("data"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium for the tests of a file; each test opens windows of its own in it."""
    from tests.studio.browsing import chromium

    with chromium() as browser:
        yield browser


def _healthy(server: Server) -> bool:
    try:
        return server.jobs() >= 0
    except OSError:
        return False


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits until `condition` holds, and fails when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
