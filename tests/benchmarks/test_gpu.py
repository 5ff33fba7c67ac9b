"""The command for machines with a graphics card, proved where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_measures_network_films_and_memory_and_says_what_was_shown(tmp_path: Path) -> None:
    words = ["--device", "cpu", "--light", "--seconds", "0.3", "--size", "640x360", "--rounds", "1", "--frames", "10"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *words, "--output", str(tmp_path / "gpu.md")],
        cwd=ROOT, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "gpu.md").read_text()
    assert "truly active: cpu" in page and "* met: cpu is truly active" in page
    assert "| half precision | 1 |" in page and "10 frames, one and two faces by turns" in page
    films = ("one face", "two faces", "one face, twice as fine", "one face, half precision",
             "one face, insightface with MoviePy")  # fmt: skip
    assert all(f"| {film} | " in page for film in films)
    for shown in (
        "a face in a batch is the face alone",
        "single precision on cpu is the CPU's",
        "half precision is sound",
    ):
        assert f"* met: {shown}" in page
    assert "two faces a frame cost" in page and "* not measured: the card is busy" in page
