"""A long video gives the same frames through the client, the page and the command line.

What is long is the operator's to say: here a clip of a second is three segments of it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from gradio_client import Client, handle_file

from tests.conftest import Material
from tests.studio.browsing import chromium, give, needs_chromium, opened, save
from tests.studio.conftest import ROOT, Server, serving

SEGMENTS = {"RECAST_SEGMENT_SECONDS": "0.4"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("long"), **SEGMENTS) as server:
        yield server


def frames(path: str | Path) -> list[str]:
    """A fingerprint of each decoded frame, of its samples alone: the end of a line in memory may hold anything."""
    with av.open(str(path)) as container:
        return [
            f"{frame.pts} {hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()}"
            for frame in container.decode(video=0)
        ]


@pytest.mark.slow
@needs_chromium
def test_a_long_video_is_the_same_three_ways(server: Server, material: Material, tmp_path: Path) -> None:
    client = Client(server.url, verbose=False, download_files=str(tmp_path))
    by_client, report = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.clip), api_name="/recast_video"
    )
    client.close()
    assert report["frames"] == report["changed"] == 25
    with chromium() as browser, opened(browser, server.url) as page:
        give(page, material.grace, material.clip)
        page.click("#go")
        page.wait_for_selector("#download")
        by_page = save(page, tmp_path / "page.mp4")
    words = ["-s", material.grace, "-t", material.clip, "-o", tmp_path / "cli.mp4"]
    command = [sys.executable, "app.py", "--headless", *map(str, words)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=240, env={**os.environ, **SEGMENTS})
    wanted = frames(tmp_path / "cli.mp4")
    assert len(wanted) == 25
    assert frames(by_client) == wanted
    assert frames(by_page) == wanted
    plain = ["-s", material.grace, "-t", material.clip, "-o", tmp_path / "plain.mp4"]
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, plain)], cwd=ROOT, check=True, timeout=240)
    with av.open(str(tmp_path / "cli.mp4")) as cut, av.open(str(tmp_path / "plain.mp4")) as whole:
        keys = [sum(p.is_keyframe for p in c.demux(video=0) if p.size) for c in (cut, whole)]
    assert keys[0] > keys[1], "it was not rendered in segments"
