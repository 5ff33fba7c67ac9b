"""The studio, and a job without it, leave nothing in the temp folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Material
from tests.studio.conftest import ROOT, serving
from tests.studio.test_http import delete, finished, get, send


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_server_leaves_the_temp_folder_as_it_was(material: Material, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serving(tmp_path / "data", TMPDIR=str(temporary)) as server:
        picture, clip = (send(server, material.grace, target).json() for target in (material.both, material.clip))
        for job in (picture, clip):
            assert finished(server, job)["state"] == "done"
            assert get(server, f"/download/{job['id']}", job["token"]).status_code == 200
        assert delete(server, picture) == 204
        assert left(temporary) == []
        server.end()
    assert left(temporary) == []
    assert left(tmp_path / "data" / "spool") == []


def test_a_job_without_a_server_leaves_the_temp_folder_as_it_was(material: Material, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "app.py", "--headless", "-s", material.grace, "-t", material.clip]
    subprocess.run(
        [*map(str, command), "-o", str(tmp_path / "result.mp4")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=True,
        timeout=240,
        capture_output=True,
    )
    assert left(temporary) == []
