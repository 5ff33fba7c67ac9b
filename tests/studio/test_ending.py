"""A server that is told to end does so in bounded time, whatever hangs on it or in it, and nothing of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from websockets.sync.client import connect

from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.conftest import ROOT, Server, eventually, launch, serving
from tests.studio.test_failures import stage
from tests.studio.test_http import get, send

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
BOUND = 40
"""Seconds: far below what any of the things that hang here would take by themselves."""


@pytest.fixture(scope="module")
def film(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loop(tmp_path_factory.mktemp("film") / "film.mp4", material.clip, times=300)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that takes a while to look at."""
    path = tmp_path_factory.mktemp("large") / "large.png"
    cv2.imwrite(str(path), np.zeros((8000, 8000, 3), np.uint8))
    return path


def offspring(pid: int) -> Iterator[int]:
    """Children of a process, and theirs."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, read(str(task)).split()):
            yield child
            yield from offspring(child)


def inspectors(server: Server) -> list[int]:
    """Processes that look at a file right now: those that have given up their rights."""
    return [pid for pid in offspring(server.process.pid) if "Seccomp:\t2" in read(f"/proc/{pid}/status")]


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def hang_an_inspection(server: Server, path: Path) -> list[httpx.Response]:
    """Sends a file, and stops the process that looks at it. What is answered in the end is in the list then."""

    answers: list[httpx.Response] = []

    def upload() -> None:
        with contextlib.suppress(httpx.HTTPError):
            answers.append(send(server, path, path))

    threading.Thread(target=upload, daemon=True).start()
    stopped: list[int] = []

    def stop() -> bool:
        for pid in inspectors(server):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        return bool(stopped)

    until = time.monotonic() + 30
    while not stop():
        assert time.monotonic() < until
    return answers


def alive(pid: int) -> bool:
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_everybody_connected_and_something_hung(
    number: signal.Signals, material: Material, film: Path, large: Path, tmp_path: Path
) -> None:
    token = secrets.token_urlsafe(32)
    with serving(tmp_path / "data", RECAST_SEGMENT_SECONDS="2", RECAST_STOP_SECONDS="3") as server:
        job = send(server, material.grace, film, token).json()
        # By then nobody looks at its file any more.
        eventually(lambda: stage(server, {**job, "token": token}) == "Recasting", 60)
        hello = json.dumps({"type": "hello", "owner": token, "options": {}})
        headers = {"X-Recast-Token": token}
        with (
            connect(server.url.replace("http", "ws", 1) + "/studio/live") as socket,
            httpx.stream("GET", f"{server.url}/events/{job['id']}", headers=headers, timeout=60) as events,
        ):
            socket.send(hello)
            assert json.loads(socket.recv(timeout=60))["type"] == "welcome"
            next(events.iter_lines())
            answers = hang_an_inspection(server, large)
            everything = [server.process.pid, *offspring(server.process.pid)]
            begin = time.monotonic()
            server.process.send_signal(number)
            assert server.process.wait(BOUND) in (0, -number), "".join(server.log[-20:])
            assert time.monotonic() - begin < BOUND
        eventually(lambda: not any(map(alive, everything)))
        assert "Traceback" not in "".join(server.log)
        eventually(lambda: bool(answers))
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "stopping")
    with serving(tmp_path / "data", RECAST_SEGMENT_SECONDS="2") as server:
        assert get(server, f"/status/{job['id']}", token).json()["state"] in ("queued", "running")


def test_what_hangs_for_good_is_left_behind_and_named() -> None:
    """A thread that the interpreter would wait for at its end."""
    code = (
        "import threading, time\n"
        "from studio.server import end_at_latest\n"
        "def hung():\n    time.sleep(300)\n"
        "threading.Thread(target=hung).start()\n"
        "end_at_latest(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1 and "in hung" in done.stderr


def test_nothing_is_left_of_a_server_that_is_killed(large: Path, tmp_path: Path) -> None:
    server = launch(tmp_path / "data")
    try:
        hang_an_inspection(server, large)
        everything = [server.process.pid, *offspring(server.process.pid)]
        assert len(everything) > 2 and inspectors(server)
    finally:
        server.kill()
    eventually(lambda: not any(map(alive, everything)))
