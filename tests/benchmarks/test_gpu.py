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
from benchmarks.gpu import main

ROOT = Path(__file__).resolve().parents[2]


def gpu(page: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    small = ("--device", "cpu", "--light", "--seconds", "0.2", "--size", "640x360", "--rounds", "1", "--frames", "10")
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *small, "--output", str(page), *words],
        cwd=ROOT, capture_output=True, text=True, timeout=280, env={**os.environ, **environment},
    )  # fmt: skip


def test_what_fails_in_one_part_costs_no_other(tmp_path: Path) -> None:
    """Every part is carried out, but for the usual way, which lacks one of its libraries."""
    (tmp_path / "moviepy.py").write_text("raise ImportError('no films here')")
    done = gpu(tmp_path / "gpu.md", PYTHONPATH=str(tmp_path))
    page = (tmp_path / "gpu.md").read_text()
    assert done.returncode == 1, done.stderr
    assert "* NOT MET: the part usual failed (1): ImportError: no films here" in page
    assert page.count("the part ") == 1
    assert "truly active: cpu" in page and "* met: cpu is truly active" in page
    assert "| half precision | 1 |" in page and "10 frames, one and two faces by turns" in page
    films = ("one face", "two faces", "one face, twice as fine", "one face, four times as fine",
             "one face, half precision")  # fmt: skip
    assert all(f"| {film} | " in page for film in films)
    for shown in (
        "a face in a batch is the face alone, single precision",
        "single precision on cpu is sound",
        "half precision on cpu is sound",
        "single precision on cpu is the CPU's",
    ):
        assert f"* met: {shown}" in page
    assert "two faces a frame cost" in page and "* not measured: the card is busy" in page
    assert "memory grows" in page and "The whole took" in page


def test_a_part_that_takes_too_long_is_ended_and_what_it_said_is_kept(tmp_path: Path) -> None:
    done = gpu(tmp_path / "gpu.md", "--parts", "memory,device", "--minutes", "0.1", "--frames", "1000000000")
    page = (tmp_path / "gpu.md").read_text()
    assert done.returncode == 1, done.stderr
    assert "* NOT MET: the part memory took longer than 6 s and was ended" in page
    assert "* NOT MET: the part device was left out: no time was left" in page
    assert "## Memory" in page and "The whole took" in page


def test_a_part_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "gpu.md"
    monkeypatch.setattr(sys, "argv", ["gpu", "--parts", "network,nothing", "--output", str(page)])
    with pytest.raises(SystemExit):
        main()
    assert "there is no part nothing; there are device, network" in capsys.readouterr().err and not page.exists()


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
