"""What goes wrong outside of Recast: an input that vanishes, a stop in the middle of the work."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.conftest import Server, eventually, launch
from tests.studio.test_http import finished, get, send

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def film(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loop(tmp_path_factory.mktemp("film") / "film.mp4", material.clip, times=10)


def segments(server: Server, job: dict[str, Any]) -> list[str]:
    return sorted(path.name for path in (server.data / "jobs" / job["id"] / "segments").glob("[0-9]*.json"))


def stage(server: Server, job: dict[str, Any]) -> str | None:
    progress = get(server, f"/status/{job['id']}", job["token"]).json()["progress"]
    return None if progress is None else progress["stage"]


def test_an_input_that_vanishes_fails_its_job(tmp_path: Path, material: Material, film: Path) -> None:
    server = launch(tmp_path / "data", RECAST_SEGMENT_SECONDS="1")
    try:
        job, waiting = (send(server, material.grace, film).json() for _ in range(2))
        for path in (server.data / "jobs" / waiting["id"]).rglob("film.mp4"):
            path.unlink()
        eventually(lambda: bool(segments(server, job)), 120)
        status = finished(server, waiting) if finished(server, job)["state"] == "done" else {}
        assert (status["state"], status["error"]["code"]) == ("failed", "file_missing")
        assert str(tmp_path) not in json.dumps(status)
        assert finished(server, send(server, material.grace, material.eileen).json())["state"] == "done"
    finally:
        server.kill()


def test_a_stop_finishes_the_segment_and_takes_nothing_new(tmp_path: Path, material: Material, film: Path) -> None:
    server = launch(tmp_path / "data", RECAST_SEGMENT_SECONDS="2", RECAST_STOP_SECONDS="100")
    try:
        job = send(server, material.grace, film).json()
        waiting = send(server, material.grace, film).json()
        eventually(lambda: stage(server, job) == "Recasting", 60)
        before = segments(server, job)
        server.process.terminate()
        assert server.process.wait(150) in (0, -signal.SIGTERM)
    finally:
        server.kill()
    after = segments(server, job)
    assert len(after) >= len(before) + 1, "the running segment was thrown away"
    assert not list((server.data / "jobs" / job["id"] / "segments").glob(".*"))
    assert not (server.data / "jobs" / waiting["id"] / "segments").exists()
    assert "Traceback" not in "".join(server.log)
    server = launch(tmp_path / "data", RECAST_SEGMENT_SECONDS="2")
    try:
        for each in (job, waiting):
            assert finished(server, each)["report"]["frames"] == 250
    finally:
        server.kill()
        shutil.rmtree(tmp_path / "data")
