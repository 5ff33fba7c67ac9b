"""A server that is killed, or stopped, and started again: its jobs go on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from studio.operations import CRASHES
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.conftest import ROOT, Server, eventually, launch
from tests.studio.test_http import delete, files_of, finished, get, send

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    servers: list[Server] = []

    def begin(segment: int = 1) -> Server:
        servers.append(launch(tmp_path / "data", RECAST_SEGMENT_SECONDS=str(segment)))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()


@pytest.fixture
def clip(material: Material, tmp_path: Path) -> Path:
    return write_loop(tmp_path / "clip.mp4", material.clip, times=6)


def segments(server: Server, job: dict[str, Any]) -> list[str]:
    return sorted(path.name for path in (server.data / "jobs" / job["id"] / "segments").glob("*.json"))


def runs(server: Server, job: dict[str, Any]) -> bool:
    return bool(get(server, f"/status/{job['id']}", job["token"]).json()["state"] == "running")


def test_a_killed_server_goes_on_with_its_jobs(start: Start, material: Material, clip: Path) -> None:
    server = start()
    job = send(server, material.grace, clip).json()
    waiting = send(server, material.grace, clip, options={"end": 0.5}).json()
    eventually(lambda: "000000.json" in segments(server, job), 60)
    server.kill()
    assert len(segments(server, job)) >= 2
    server = start()
    status = finished(server, job)
    assert (status["state"], status["report"]["frames"]) == ("done", 150)
    assert finished(server, waiting)["report"]["frames"] < 20
    assert get(server, f"/download/{job['id']}", job["token"]).status_code == 200
    assert get(server, f"/download/{job['id']}", waiting["token"]).status_code == 404
    assert [delete(server, each) for each in (job, waiting)] == [204, 204]
    assert not files_of(server)


@pytest.mark.slow
def test_a_stopped_server_saves_its_jobs_and_another_cannot_take_them(
    start: Start, material: Material, clip: Path
) -> None:
    server = start()
    other = [sys.executable, "app.py", "--port", "0", "--data", str(server.data)]
    refused = subprocess.run(other, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert refused.returncode == 2 and "already works in this data folder" in refused.stderr
    job = send(server, material.grace, clip).json()
    eventually(lambda: "000000.json" in segments(server, job), 60)
    server.process.terminate()
    assert server.process.wait(120) in (0, -signal.SIGTERM)
    assert "Traceback" not in "".join(server.log)
    assert len(segments(server, job)) >= 2
    server = start()
    assert finished(server, job)["report"]["frames"] == 150


@pytest.mark.slow
def test_a_job_that_the_server_dies_of_is_given_up_and_the_others_go_on(
    start: Start, material: Material, clip: Path, tmp_path: Path
) -> None:
    endless = write_loop(tmp_path / "endless.mp4", material.clip, times=300)
    server = start(segment=3600)
    job = send(server, material.grace, endless).json()
    waiting = send(server, material.grace, clip, options={"end": 0.5}).json()
    for _ in range(CRASHES):
        eventually(partial(runs, server, job), 60)
        server.kill()
        server = start(segment=3600)
    status = finished(server, job)
    assert (status["state"], status["error"]["code"]) == ("failed", "crashed")
    assert status["error"]["message"].startswith("The server stopped again and again")
    assert finished(server, waiting)["state"] == "done"
    assert not [path for path in files_of(server) if path.parent.name == job["id"]]
