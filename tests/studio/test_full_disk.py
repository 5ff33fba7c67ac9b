"""A disk that is truly full, while a video is written, while an upload arrives, while the database is written."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from studio.examples import write_clip
from tests.conftest import Material
from tests.studio.conftest import Server, eventually, serving
from tests.studio.test_http import delete, files_of, finished, get, send

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a small disk needs the right to mount"),
]
SIZE = 48 << 20


class Disk:
    """A file system of its own, and what fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self, spare: int = 0) -> None:
        """Leave `spare` bytes."""
        left = os.statvfs(self.folder)
        with self._ballast.open("ab", 0) as file:
            for size in (1 << 16, 1 << 12):
                while left.f_bavail * left.f_frsize - spare >= size:
                    file.write(bytes(size))
                    left = os.statvfs(self.folder)

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "data"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder],
        capture_output=True,
        text=True,
        timeout=30,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=240)


@pytest.fixture
def server(disk: Disk) -> Iterator[Server]:
    # Else no work is taken long before the disk is full, which is what keeps servers out of this.
    with serving(disk.folder, RECAST_LEAST_DISK_MB="0", RECAST_SEGMENT_SECONDS="2") as server:
        yield server


@pytest.fixture
def film(material: Material, tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    write_clip(path, np.asarray(cv2.imread(str(material.eileen)), np.uint8), 640, 480, seconds=10)
    return path


def healthy(server: Server) -> bool:
    return httpx.get(f"{server.url}/health?live=true", timeout=60).status_code == 200


def test_a_video_that_fills_the_disk_fails_and_the_others_go_on(
    disk: Disk, server: Server, material: Material, film: Path
) -> None:
    before = files_of(server)
    job = send(server, material.grace, film).json()
    waiting = send(server, material.grace, material.eileen, options={"likeness": 0.5}).json()
    assert finished(server, waiting)["state"] == "done"
    eventually(lambda: (stage_of(server, job)) == "Recasting", 120)
    disk.fill(spare=1 << 16)
    status = finished(server, job)
    assert (status["state"], status["error"]["code"]) == ("failed", "disk_full")
    assert status["error"]["message"] == "There is no space left for the result."
    assert str(disk.folder) not in json.dumps(status)
    assert healthy(server)
    disk.free()
    # What was written is given back at once, not when somebody asks.
    eventually(lambda: not list((server.data / "jobs" / job["id"]).glob("segments")), 20)
    assert not [path for path in files_of(server) if ".part" in path.name or path.name.startswith(".")]
    again = send(server, material.grace, film, options={"end": 1.0}).json()
    assert finished(server, again)["state"] == "done"
    assert [delete(server, each) for each in (job, waiting, again)] == [204] * 3
    assert files_of(server) == before


def test_an_upload_that_does_not_fit_is_refused_and_leaves_nothing(
    disk: Disk, server: Server, material: Material, film: Path
) -> None:
    before = everything(server)
    disk.fill(spare=200_000)
    big = film.read_bytes() * 8
    assert len(big) > 2 << 20
    answers = [
        httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("a.mp4", big)}, timeout=60),
        httpx.post(
            f"{server.url}/process", timeout=60,
            files=[("source_image", ("a.jpg", material.grace.read_bytes())), ("target", ("a.mp4", big))],
        ),
    ]  # fmt: skip
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.text
        assert "full" in answer.json()["error"] and "Errno" not in answer.text
    assert healthy(server)
    disk.free()
    # An upload that stays silent is given up after two minutes, which are over now.
    for left in everything(server) - before:
        os.utime(left, (0, 0))
    eventually(lambda: everything(server) == before, 90)
    job = send(server, material.grace, material.eileen).json()
    assert finished(server, job)["state"] == "done"


def test_a_database_that_cannot_be_written_loses_no_job(
    disk: Disk, server: Server, material: Material, film: Path
) -> None:
    token = secrets.token_urlsafe(32)
    job = send(server, material.grace, film, token).json()
    eventually(lambda: (stage_of(server, job)) == "Recasting", 120)
    before = files_of(server)
    disk.fill()
    refused = [send(server, material.grace, material.eileen, token) for _ in range(3)]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full"), answer.text
    eventually(lambda: not server_is_at_work(server), 120)
    assert healthy(server)
    assert get(server, f"/status/{job['id']}", token).status_code == 200
    disk.free()
    status = finished(server, job)
    assert (status["state"], status["error"]["code"]) == ("failed", "disk_full")
    assert len(files_of(server) - before) <= 2
    picture = send(server, material.grace, material.eileen, token).json()
    assert finished(server, picture)["state"] == "done"
    for each in (job, picture):
        assert delete(server, each) == 204


def stage_of(server: Server, job: dict[str, Any]) -> str:
    return str((get(server, f"/status/{job['id']}", job["token"]).json()["progress"] or {}).get("stage"))


def server_is_at_work(server: Server) -> bool:
    """Whether any job is in a worker's hands."""
    text = httpx.get(f"{server.url}/metrics", timeout=60).text
    fps = next(line for line in text.splitlines() if line.startswith("recast_silent_seconds "))
    return float(fps.split()[1]) > 0


def everything(server: Server) -> set[Path]:
    """Files that requests have brought, wherever they are spooled."""
    return {
        path for name in ("jobs", "results", "uploads", "spool") for path in (server.data / name).rglob("*")
        if path.is_file()
    }  # fmt: skip


def test_frames_end_before_the_disk_is_full(disk: Disk, material: Material, film: Path) -> None:
    """They may be a thousand times the film, and what others do here is to go on."""
    with serving(disk.folder, RECAST_LEAST_DISK_MB="24") as server:
        before = files_of(server)
        job = send(server, material.grace, film, options={"video_format": "tiff-frames"}).json()
        status = finished(server, job)
        assert status["state"] == "failed"
        assert (
            status["error"]["code"] == "disk_full" and "no room here for so many frames" in status["error"]["message"]
        )
        left = os.statvfs(disk.folder)
        assert left.f_bavail * left.f_frsize > 24 << 20
        few = send(server, material.grace, film, options={"video_format": "tiff-frames", "last_frame": 3}).json()
        assert finished(server, few)["state"] == "done"
        assert [delete(server, each) for each in (job, few)] == [204, 204]
        assert files_of(server) == before
