"""The command for machines with a graphics card, proved where there is none."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.card import Watch, card, memory

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


REPORT = """#!{python}
import sys, time
words = sys.argv[1:]
loop = [word.split("=")[1] for word in words if word.startswith("--loop-ms")]
busy = 0
while True:
    fields = {{"name": "Played Card", "memory.used": "1234", "utilization.gpu": str(busy)}}
    asked = next(word for word in words if word.startswith("--query-gpu=")).split("=")[1].split(",")
    print(", ".join(fields[field] for field in asked))
    if not loop:
        break
    busy = 90
    time.sleep(int(loop[0]) / 1000)
"""


def test_the_card_is_looked_at_while_something_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of NVIDIA's own, which keeps its lines back as long as it may."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert card("name") is None and math.isnan(memory())
    with Watch().looking() as nobody:
        pass
    assert math.isnan(nobody.busy) and math.isnan(nobody.memory)
    (tmp_path / "nvidia-smi").write_text(REPORT.format(python=sys.executable))
    os.chmod(tmp_path / "nvidia-smi", 0o755)
    assert card("name") == ["Played Card"] and memory() == 1234
    with Watch().looking() as watch:
        until = time.monotonic() + 60
        while len(watch._seen) < 6 and time.monotonic() < until:
            time.sleep(0.05)
    # The first look came before there was anything to do.
    assert watch.busy == 0.9 and watch.memory == 1234
