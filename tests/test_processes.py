"""A run that leaves processes behind ends them, also those whose parent has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST = """
import subprocess
def test_that_forgets_its_processes():
    subprocess.Popen(["sleep", "987654"])
    subprocess.run(["sh", "-c", "setsid sleep 987655 &"])
"""


def test_what_a_test_leaves_behind_is_ended_and_named(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests import processes\n"
        "def pytest_sessionstart(): processes.mark_run()\n"
        "def pytest_unconfigure(): print('left:', processes.end_leftovers())\n"
    )
    (tmp_path / "test_forgets.py").write_text(TEST)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "--rootdir", str(tmp_path), "-p", "no:cacheprovider", tmp_path],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "sleep 987654" in run.stdout and "sleep 987655" in run.stdout, run.stdout
    running = [folder.name for folder in Path("/proc").glob("[0-9]*") if "sleep\x0098765" in _cmdline(folder)]
    assert running == []


def _cmdline(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
