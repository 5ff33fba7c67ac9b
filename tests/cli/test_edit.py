"""``--compare`` and ``--preview``: files beside the result, checked before the job is begun."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

import app
from tests.cli.command import ROOT, run, told
from tests.conftest import Material


def test_a_video_with_both(material: Material, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, comparison, preview = tmp_path / "result.mp4", tmp_path / "both.mp4", tmp_path / "small.webp"
    done = run(
        "-s", material.grace, "-t", material.clip, "-o", result, "--start", "0.2", "--end", "0.6", "--quality", "draft",
        "--compare", comparison, "--preview", preview, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["comparison"], report["preview"]) == (str(comparison), str(preview))
    with av.open(str(comparison)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert "Synthetic" in container.metadata["comment"]
    assert len(frames) == report["frames"] == 10 and frames[0].shape == (240, 642, 3)
    for made in (result, comparison, preview):
        app.main(["verify", str(made), "--json"])
        checked = json.loads(capsys.readouterr().out)["manifest"]
        assert checked["state"] == "trusted" and checked["synthetic"]
        assert checked["fingerprint"] == report["fingerprint"]
    with av.open(str(material.clip)) as container:
        originals = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for number, frame in enumerate(frames):
        assert cv2.PSNR(np.ascontiguousarray(frame[:, :320]), originals[number + 5]) > 30
    with Image.open(preview) as image:
        assert image.n_frames > 2 and image.size == (320, 240)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both.mp4", "result.mp4", "small.webp"]


def test_a_picture_with_a_comparison(material: Material, tmp_path: Path) -> None:
    done = run(
        "-s", material.grace, "-t", material.eileen, "-o", tmp_path / "a.png",
        "--compare", tmp_path / "b.png", "--compare-layout", "stacked",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(tmp_path / "b.png")
    before, after, both = (cv2.imread(str(path)) for path in (material.eileen, tmp_path / "a.png", tmp_path / "b.png"))
    height = before.shape[0]
    assert np.array_equal(both[:height], before) and np.array_equal(both[-height:], after)


def test_a_result_and_a_comparison_of_one_stem_have_content_credentials_each(
    material: Material, tmp_path: Path
) -> None:
    done = run("-s", material.grace, "-t", material.clip, "-o", tmp_path / "a.mkv", "--compare", tmp_path / "a.webm")
    assert done.returncode == 0, done.stderr
    names = ["a.mkv", "a.mkv.c2pa", "a.webm", "a.webm.c2pa"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-t", "{eileen}", "-o", "{out}/a.png", "--preview", "{out}/a.gif"], "single picture"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--preview", "{out}/b.mp4"], ".gif or .webp"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--compare", "{out}/b.jpg"], "can be saved as"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--compare", "{out}/no/b.mp4"], "folder"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--compare", "{out}/a.mp4"], "names of their own"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--compare", "{clip}"], "overwrite"),
        (["-t", "{clip}", "-o", "{grace}"], "overwrite"),
        (["-t", "{clip}", "-o", "{out}/a.mp4", "--compare", "{out}/b.mp4", "--compare-layout", "pile"], "invalid"),
    ],
)
def test_mistakes_are_told_before_the_job(material: Material, tmp_path: Path, words: list[str], said: str) -> None:
    photo = material.grace.read_bytes()
    done = told("-s", material.grace, *(word.format(**material._asdict(), out=tmp_path) for word in words))
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == [] and material.grace.read_bytes() == photo


def test_they_go_with_a_job(material: Material, tmp_path: Path) -> None:
    done = told("--people", "-t", material.both, "--compare", tmp_path / "a.png")
    assert done.returncode == 2 and "only lists" in done.stderr
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--preview", "a.gif"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "--headless" in done.stderr
