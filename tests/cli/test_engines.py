"""Network engines as a user meets them on the command line and in the studio: the same pixels, clear sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from pipeline.models.catalogue import CATALOGUE
from tests import networks
from tests.conftest import Material
from tests.models import insight_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A machine with one network of the catalogue, one of the user's own, and no way to the hub."""
    folder = tmp_path_factory.mktemp("machine")
    networks.write_family(folder / "models", "uniface_256", partial(networks.closed_form, form="source"))
    entries = folder / "home" / "entries"
    entries.mkdir(parents=True)
    contract = CATALOGUE["inswapper_128"].swap
    assert contract is not None
    onnx.save(networks.seeded(contract, emap=networks.emap()), str(entries / "mine.onnx"))
    (entries / "known.json").write_text(json.dumps({"kind": "recogniser", "file": str(insight_file("w600k_mbf.onnx"))}))
    (entries / "mine.json").write_text(
        json.dumps({"file": "mine.onnx", "template": "arcface_128", "size": 128, "identity": "emap",
                    "recogniser": "known"})
    )  # fmt: skip
    # The watermark changes every pixel a little.
    places = {"RECAST_MODELS": str(folder / "models"), "RECAST_HOME": str(folder / "home")}
    return {**places, "HF_HUB_OFFLINE": "1", "RECAST_MARKING": "manifest"}


def run(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "app.py", *map(str, words)], capture_output=True, text=True, cwd=ROOT, timeout=240,
        stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_picture_and_a_video_with_a_network(environment: dict[str, str], material: Material, tmp_path: Path) -> None:
    for target, name in ((material.eileen, "result.png"), (material.clip, "result.mp4")):
        done = run(environment, "--headless", "-s", material.grace, "-t", target, "-o", tmp_path / name, "--json",
                   "--engine", "uniface_256")  # fmt: skip
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["engine"] == "uniface_256" and report["device"] == "cpu"
        assert report["changed"] == report["frames"] == report["faces"] > 0
    before, after = cv2.imread(str(material.eileen)), cv2.imread(str(tmp_path / "result.png"))
    assert np.abs(before.astype(int) - after).max() > 40
    assert (before[-60:] == after[-60:]).all()


def test_a_network_of_one_s_own(environment: dict[str, str], material: Material, tmp_path: Path) -> None:
    assert "mine" in run(environment, "--help").stdout
    done = run(environment, "--headless", "-s", material.grace, "-t", material.eileen, "-o", tmp_path / "a.png",
               "--json", "--engine", "mine", "--pixel-boost", "2x")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["engine"] == "mine"


@pytest.mark.parametrize(
    ("engine", "code", "words"),
    (
        ("inswapper_128", "licence", "models get inswapper_128 --accept-licence"),
        ("ghost_1_256", "download", "The mesh engine needs no download"),
    ),
)
def test_an_engine_that_is_not_here(
    environment: dict[str, str], material: Material, tmp_path: Path, engine: str, code: str, words: str
) -> None:
    done = run(environment, "--headless", "-s", material.grace, "-t", material.eileen, "-o", tmp_path / "a.png",
               "--json", "--engine", engine)  # fmt: skip
    assert done.returncode != 0
    error = json.loads(done.stdout)["error"]
    assert error["code"] == code and words in error["message"]
    assert not list(tmp_path.iterdir())
    # The embedded engine goes on without any of it.
    done = run(environment, "--headless", "-s", material.grace, "-t", material.eileen, "-o", tmp_path / "a.png")
    assert done.returncode == 0
