"""Numbered frames on the command line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import cv2
import pytest

from pipeline.media import probe
from pipeline.options import Options, Rate
from studio.quantities import parse_rate
from tests.cli.test_headless import run
from tests.conftest import Material


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)), ("23.976", Fraction(24000, 1001)), ("29.97", Fraction(30000, 1001)),
        ("23.98", Fraction(24000, 1001)), ("30000/1001", Fraction(30000, 1001)), ("12.5", Fraction(25, 2)),
        ("1", Fraction(1)), ("4", Fraction(4)), ("25/3", Fraction(25, 3)),
    ],
)  # fmt: skip
def test_rates_are_those_that_are_meant(text: str, rate: Fraction) -> None:
    assert Options(rate=Rate(parse_rate(text))).exact_rate == rate


def test_numbered_frames_are_one_film(material: Material, tmp_path: Path) -> None:
    """Names are made from the target's; the folder of the results too."""
    image = cv2.imread(str(material.eileen))
    for number in (7, 8, 9):
        cv2.imwrite(str(tmp_path / f"plate_{number:03}.png"), image)
    done = run("-s", material.grace, "-t", tmp_path / "plate_###.png", "-o", f"{tmp_path / 'out'}/", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["kind"], report["frames"]) == ("sequence", 3)
    names = [f"plate-recast_{number:03}.png" for number in (7, 8, 9)]
    assert [Path(name).name for name in report["files"]] == names
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    part = run("-s", material.grace, "-t", tmp_path / "plate_###.png", "-o", tmp_path / "part" / "p.####.png", "--json",
               "--first-frame", "8", "--last-frame", "8")  # fmt: skip
    report = json.loads(part.stdout)
    assert [Path(name).name for name in report["files"]] == ["p.0008.png"] and report["start"] == round(1 / 24, 6)
    film = tmp_path / "film.mp4"
    both = run("-s", material.grace, "-t", tmp_path / "plate_*.png", "-o", film, "--rate", "12",
               "--compare", tmp_path / "both.mp4")  # fmt: skip
    assert both.returncode == 0, both.stderr
    assert probe(film).rate == 12 and probe(film).frames == probe(tmp_path / "both.mp4").frames == 3
    for words, said in (
        (["-t", tmp_path / "none_##.png"], "no frame with a name such as none_01.png"),
        (["-t", tmp_path / "plate_###.png", "--last-frame", "10"], "no frame 10: the sequence goes from 7 to 9"),
        (["-t", tmp_path / "plate_###.png", "--rate", "0"], "between 0 and 1000"),
        (["-t", tmp_path / "plate_###.png", "-o", tmp_path / "plate_%03d.png"], "would overwrite files"),
        (["-t", material.clip, "-s", tmp_path / "plate_008.png", "-o", tmp_path / "plate_%03d.png"], "overwrite files"),
        (["-t", tmp_path / "plate_###.png", "--preview", tmp_path / "plate_008.png"], "overwrite files"),
    ):
        refused = run("-s", material.grace, *words)
        assert refused.returncode == 2 and said in refused.stderr
