"""The command for machines with a graphics card, proved where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_measures_network_and_films_and_says_what_it_ran_on(tmp_path: Path) -> None:
    words = ["--device", "cpu", "--light", "--seconds", "0.3", "--size", "640x360", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *words, "--output", str(tmp_path / "gpu.md")],
        cwd=ROOT, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "gpu.md").read_text()
    assert "truly active: cpu" in page
    assert "| half precision | 1 |" in page
    assert all(f"| {side} |" in page for side in ("recast | 1", "recast | 2", "insightface, MoviePy | 1"))
    assert "Two faces a frame cost" in page
