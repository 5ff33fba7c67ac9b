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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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

        with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
            return int(json.load(answer)["jobs"])


def launch(data: Path, *words: str, **environment: str) -> Server:
    """A server of one's own over the folder `data`; whoever starts it ends it."""
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
    ready.wait(240)
    if not addresses:
        process.kill()
        pytest.fail("the server did not start:\n" + "".join(log))
    server = Server(addresses[0], data, process, log)
    eventually(lambda: _healthy(server), 240)
    return server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Tests ask faster than people do.
    often = ("JOBS", "UPLOADS", "LOOKS", "PREVIEWS", "LIVE")
    server = launch(tmp_path_factory.mktemp("data"), **{f"RECAST_{name}_EACH_MINUTE": "6000" for name in often})
    yield server
    server.process.terminate()
    server.process.wait(20)


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


def eventually(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Waits until `condition` holds, and fails when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
