"""The studio as programs meet it: through the Gradio client, and against the same job on the command line."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from studio.examples import write_clip
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.conftest import ROOT, Server, eventually


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(server.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    yield client
    client.close()


def headless(*words: str | Path) -> None:
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, words)], cwd=ROOT, check=True, timeout=240)


def frames(path: str | Path) -> Iterator[str]:
    """A fingerprint of each decoded frame, in the decoder's own pixels."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            # Not the planes' own bytes: the end of a line in memory may hold anything.
            yield f"{frame.pts} {hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()}"


def test_the_endpoints_are_named_and_labelled(client: Client) -> None:
    endpoints: dict[str, Any] = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {
        "/recast_image", "/recast_video", "/find_people", "/preview", "/submit_job", "/job_status", "/cancel_job",
        "/job_result", "/verify", "/presets", "/options",
    }  # fmt: skip
    for name in ("/recast_image", "/recast_video"):
        assert [value["parameter_name"] for value in endpoints[name]["parameters"]] == [
            "sources", "target", "cast", "options", "consent",
        ]  # fmt: skip
        assert [value["label"] for value in endpoints[name]["returns"]] == ["result", "report"]


def test_a_bare_path_is_told_how_files_are_given(client: Client, server: Server, material: Material) -> None:
    begin = len(server.log)
    target, path = handle_file(str(material.eileen)), str(material.grace)
    for sources in ([path], path):
        with pytest.raises(AppError, match=r"handle_file\(.*\(not_uploaded\)"):
            client.predict(sources=sources, target=target, api_name="/recast_image")
    with pytest.raises(AppError, match="handle_file"):
        client.predict(target=str(material.eileen), api_name="/find_people")
    assert path not in "".join(server.log[begin:])


def test_one_photo_needs_no_list(client: Client, material: Material) -> None:
    _, report = client.predict(
        sources=handle_file(str(material.grace)), target=handle_file(str(material.eileen)), api_name="/recast_image"
    )
    assert report["changed"] == 1


def test_a_picture_equals_the_command_lines(client: Client, material: Material, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    painted = np.zeros(cv2.imread(str(material.both)).shape[:2], np.uint8)  # type: ignore[union-attr]
    painted[len(painted) // 2 :] = 255
    cv2.imwrite(str(mask), painted)
    path, report = client.predict(
        sources=[handle_file(material.grace)],
        target=handle_file(material.both),
        options={"likeness": 0.6, "exclude": {"1": base64.b64encode(mask.read_bytes()).decode()}},
        api_name="/recast_image",
    )
    words = ("-s", material.grace, "-t", material.both, "-o", tmp_path / "a.png", "--likeness", "0.6")
    headless(*words, "--exclude", f"1={mask}")
    assert report["state"] == "done" and report["faces"] == 2
    assert Path(path).name == report["output"] == "both-recast.png"
    ours, theirs = cv2.imread(path), cv2.imread(str(tmp_path / "a.png"))
    assert np.array_equal(ours, theirs)  # type: ignore[arg-type]


def test_a_video_shows_progress_and_equals_the_command_lines(
    client: Client, material: Material, tmp_path: Path
) -> None:
    # Long enough that somebody who looks twenty times a second sees it run, also on a busy or a very quick machine.
    clip = tmp_path / "clip.mp4"
    write_clip(clip, cv2.imread(str(material.eileen)), width=320, height=240, seconds=8)
    job = client.submit(sources=[handle_file(material.grace)], target=handle_file(clip), api_name="/recast_video")
    units, until = [], time.monotonic() + 200
    while not job.done():
        assert time.monotonic() < until
        units += job.status().progress_data or []
        time.sleep(0.05)
    path, report = job.result(20)
    assert any(unit.desc == "Recasting" and unit.length == 200 and unit.unit == "frames" for unit in units)
    assert {moment[1]["state"] for moment in job.outputs()} >= {"running", "done"}
    assert report["frames"] == report["changed"] == 200
    headless("-s", material.grace, "-t", clip, "-o", tmp_path / "a.mp4")
    assert list(frames(path)) == list(frames(tmp_path / "a.mp4"))


def test_people_and_a_cast(client: Client, material: Material) -> None:
    thumbnails, found = client.predict(target=handle_file(material.both), api_name="/find_people")
    assert [person["person"] for person in found["people"]] == [1, 2]
    assert len(thumbnails) == 2 and Path(thumbnails[0]["image"]).exists()
    path, report = client.predict(
        sources=[handle_file(material.grace), handle_file(material.eileen)],
        target=handle_file(material.both),
        cast={"1": 1},
        api_name="/recast_image",
    )
    assert report["faces"] == report["people"] == 1
    before, after = cv2.imread(str(material.both)), cv2.imread(path)
    # The watermark changes every pixel a little.
    changed = np.flatnonzero((cv2.absdiff(before, after) > 24).any(axis=(0, 2)))  # type: ignore[arg-type]
    assert changed.min() >= 512 or changed.max() < 512


def test_cancel_stops_the_work_and_leaves_nothing(
    client: Client, server: Server, material: Material, tmp_path: Path
) -> None:
    before = set((server.data / "results").iterdir())
    job = client.submit(
        sources=[handle_file(material.grace)],
        target=handle_file(write_loop(tmp_path / "long.mp4", material.clip, times=300)),
        api_name="/recast_video",
    )
    eventually(lambda: server.jobs() == 1)
    assert job.cancel()
    eventually(lambda: server.jobs() == 0)
    assert set((server.data / "results").iterdir()) == before


def test_a_caller_who_goes_away_stops_the_work(server: Server, material: Material, tmp_path: Path) -> None:
    script = (
        "import os, sys, threading\n"
        "from gradio_client import Client, handle_file\n"
        "url, source, target = sys.argv[1:]\n"
        "client = Client(url, verbose=False, download_files=False)\n"
        "job = client.submit(sources=[handle_file(source)], target=handle_file(target), api_name='/recast_video')\n"
        "next(iter(job)), next(iter(job))\n"
        "os._exit(0)\n"
    )
    long = write_loop(tmp_path / "long.mp4", material.clip, times=300)
    subprocess.run([sys.executable, "-c", script, server.url, material.grace, long], check=True, timeout=240)
    eventually(lambda: server.jobs() == 0)


def test_jobs_wait_for_each_other(client: Client, server: Server, material: Material) -> None:
    jobs = [
        client.submit(
            sources=[handle_file(material.grace)],
            target=handle_file(material.clip),
            options={"quality": "draft", "end": 0.3},
            api_name="/recast_video",
        )
        for _ in range(3)
    ]
    reports = [job.result(60)[1] for job in jobs]
    assert [report["frames"] for report in reports] == [8, 8, 8] or len({report["frames"] for report in reports}) == 1
    states = [moment[1]["state"] for job in jobs for moment in job.outputs()]
    assert "queued" in states and server.jobs() == 0


@pytest.mark.parametrize(
    ("name", "said", "arguments"),
    [
        ("/recast_image", "no_face_in_source", {"source": "empty"}),
        ("/recast_image", "no_face_in_target", {"target": "empty"}),
        ("/recast_image", "This is a video", {"target": "clip"}),
        ("/recast_video", "This is a picture", {}),
        ("/recast_image", "bad_option", {"options": {"speed": 1}}),
        ("/recast_image", "bad_option", {"options": [1]}),
        ("/recast_image", "bad_option", {"cast": {"one": 0}}),
        ("/recast_image", "bad_input", {"cast": {"1": 5}}),
        ("/recast_image", "person_unknown", {"cast": {"7": 0}}),
        ("/recast_image", "photo of the new face", {"source": None}),
    ],
)
def test_mistakes_get_a_sentence_and_a_code(
    client: Client, material: Material, name: str, said: str, arguments: dict[str, Any]
) -> None:
    source = arguments.get("source", "grace")
    with pytest.raises(AppError, match=said):
        client.predict(
            sources=[handle_file(getattr(material, source))] if source else [],
            target=handle_file(getattr(material, arguments.get("target", "eileen"))),
            cast=arguments.get("cast"),
            options=arguments.get("options"),
            api_name=name,
        )
