"""A film's result as single frames: one ZIP, whichever way it is asked for and whatever happens to the server."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from pipeline import Options, Recaster
from pipeline.errors import Cancelled
from pipeline.marking.verify import check_manifest
from pipeline.media import probe
from pipeline.report import Progress
from studio.inspection.inspector import Inspector
from studio.jobs.carry import Performer
from studio.jobs.files import Files
from studio.jobs.frames_zip import PACKING, pack
from studio.jobs.job import Job
from studio.jobs.running import Running
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.browsing import give, needs_chromium, opened, save
from tests.studio.conftest import ROOT, Server, eventually, launch
from tests.studio.test_http import delete, files_of, finished, get, send


def fetched(server: Server, job: dict[str, Any]) -> zipfile.ZipFile:
    answer = get(server, f"/download/{job['id']}", job["token"])
    assert answer.status_code == 200 and answer.headers["content-disposition"].endswith('-recast.zip"')
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_frames_come_as_one_zip_and_go_with_their_job(server: Server, material: Material, tmp_path: Path) -> None:
    before = files_of(server)
    options = {"video_format": "png-frames", "first_frame": 4, "last_frame": 9}
    job = send(server, material.grace, material.clip, options=options).json()
    status = finished(server, job)
    stem = f"{material.clip.stem}-recast"
    assert (status["state"], status["report"]["output"], status["report"]["frames"]) == ("done", f"{stem}.zip", 6)
    assert str(server.data) not in str(status)
    packed = fetched(server, job)
    names = [f"{stem}/{stem}.{number:04}.png" for number in range(1, 7)]
    assert packed.namelist() == names and packed.testzip() is None
    assert {entry.compress_type for entry in packed.infolist()} == {zipfile.ZIP_STORED}
    part = get(server, f"/download/{job['id']}", job["token"], Range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"PK\x03\x04")
    packed.extractall(tmp_path)
    assert check_manifest(tmp_path / names[0], "png").state != "none"
    words = ["-s", material.grace, "-t", material.clip, "-o", f"{tmp_path}/cli/", "--video-format", "png-frames"]
    words += ["--first-frame", "4", "--last-frame", "9"]
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, words)], cwd=ROOT, check=True, timeout=240)
    for name in names:  # a signature holds the time
        ours, theirs = (cv2.imread(str(tmp_path / folder)) for folder in (name, f"cli/{Path(name).name}"))
        assert np.array_equal(ours, theirs)
    eventually(lambda: not list((server.data / "jobs" / job["id"]).glob("*/")))  # nothing lies there twice
    headers = {"X-Recast-Token": job["token"]}
    compared = httpx.post(f"{server.url}/studio/desk/jobs/{job['id']}/comparison", headers=headers, timeout=60)
    assert compared.status_code == 400 and "single frames" in compared.text
    assert delete(server, job) == 204
    assert files_of(server) == before


def test_what_a_format_cannot_hold_lies_beside_each_frame(server: Server, material: Material, tmp_path: Path) -> None:
    options = {"video_format": "exr-frames", "last_frame": 2}
    job = send(server, material.grace, material.clip, options=options).json()
    assert finished(server, job)["state"] == "done"
    packed = fetched(server, job)
    stem = f"{material.clip.stem}-recast"
    files = [f"{stem}/{stem}.{number:04}.exr{more}" for number in (1, 2) for more in ("", ".c2pa")]
    assert packed.namelist() == files
    packed.extractall(tmp_path)
    assert check_manifest(tmp_path / files[0], probe(tmp_path / files[0]).container).state != "none"
    delete(server, job)


def test_a_killed_server_goes_on_after_the_last_frame(material: Material, tmp_path: Path) -> None:
    clip = write_loop(tmp_path / "clip.mp4", material.clip, times=2)
    server = launch(tmp_path / "data")
    try:
        job = send(server, material.grace, clip, options={"video_format": "jpeg-frames"}).json()
        frames = server.data / "jobs" / job["id"] / "segments" / "frames"
        eventually(lambda: len(list(frames.glob("*.jpg"))) > 10, 120)
        server.kill()
        kept = len(list(frames.glob("*.jpg")))
        assert kept < 50
        server = launch(tmp_path / "data")
        status = finished(server, job)
        assert (status["state"], status["report"]["frames"]) == ("done", 50)
        assert any("were finished by an earlier run, and kept" in note for note in status["report"]["notes"])
        assert len(fetched(server, job).namelist()) == 50
    finally:
        server.kill()


@needs_chromium
def test_the_page_shows_a_frame_and_gives_the_zip(
    browser: Any, server: Server, material: Material, tmp_path: Path
) -> None:
    with opened(browser, server.url) as page:
        give(page, material.grace, material.clip)
        page.wait_for_selector("#people .person")
        page.get_by_text("More settings").click()
        page.get_by_label("Video format").select_option("tiff-frames")
        last = page.get_by_label("Last frame")
        last.fill("3")
        last.press("Enter")
        page.click("#go")
        page.wait_for_selector("#download")
        page.wait_for_selector(".divided .layer.after img")
        assert page.locator("#comparison").count() == 0
        packed = zipfile.ZipFile(save(page, tmp_path / "app.zip"))
        assert [name.rpartition(".")[2] for name in packed.namelist()] == ["tif"] * 3


def test_a_server_that_stops_while_packing_renders_nothing_anew(material: Material, tmp_path: Path) -> None:
    recaster, files = Recaster(), Files(tmp_path / "jobs", tmp_path / "results")
    performer = Performer([recaster], files, Inspector(recaster.limits), segment_seconds=4.0)
    options = Options(video_format="jpeg-frames", last_frame=6)
    job = Job("a" * 32, "ann", "video", material.clip, (material.grace,), options=options, created=time.time())
    files.begin(job.id)
    stages: list[str] = []

    def stop(progress: Progress) -> None:
        if progress.stage == PACKING:
            first.cancelled.set()

    first = Running(job, stop, lambda: None)
    with pytest.raises(Cancelled):
        performer(first)
    outcome = performer(Running(job, lambda progress: stages.append(progress.stage), lambda: None))
    assert stages == ["Checking", PACKING]
    assert outcome.output is not None and (outcome.report["frames"], outcome.report["changed"]) == (6, 6)
    with zipfile.ZipFile(outcome.output) as packed:
        assert len(packed.namelist()) == 6 and packed.testzip() is None
    assert outcome.after is not None and outcome.after.exists()


@pytest.mark.parametrize("room", [True, False])
def test_packing_can_be_stopped_and_takes_frames_away_only_for_want_of_room(tmp_path: Path, room: bool) -> None:
    least = 0 if room else 1 << 60
    frames = [tmp_path / f"a.{number:04}.exr" for number in range(4)]
    for number, frame in enumerate(frames):
        frame.write_bytes(bytes([number]) * 1000)
        frame.with_name(f"{frame.name}.c2pa").write_bytes(b"manifest")
    stop, told = threading.Event(), list[Progress]()

    def tell(progress: Progress) -> None:
        told.append(progress)
        if progress.done == 2:
            stop.set()

    with pytest.raises(Cancelled):
        pack(frames, tmp_path / "a.zip", tell, stop, least)
    left = range(4) if room else range(3, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"a.{number:04}.exr{more}" for number in left for more in ("", ".c2pa")
    ]
    pack(frames[3:], tmp_path / "a.zip", told.append, least_disk=least)
    assert frames[3].exists() == room
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.read("a/a.0003.exr") == bytes([3]) * 1000
        assert packed.namelist() == ["a/a.0003.exr", "a/a.0003.exr.c2pa"]
