"""A network engine in the studio gives what the command line gives, and says what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests import networks
from tests.conftest import Material
from tests.studio.conftest import ROOT, serving


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("machine")
    networks.write_family(folder / "models", "uniface_256", partial(networks.closed_form, form="source"))
    return {"RECAST_MODELS": str(folder / "models"), "RECAST_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="module")
def client(machine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving(tmp_path_factory.mktemp("data"), **machine) as server:
        client = Client(server.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
        yield client
        client.close()


def test_a_picture_equals_the_command_lines(
    client: Client, machine: dict[str, str], material: Material, tmp_path: Path
) -> None:
    options = {"engine": "uniface_256", "keep_occluders": False}
    path, report = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.eileen), cast={}, options=options,
        api_name="/recast_image",
    )  # fmt: skip
    assert report["engine"] == "uniface_256" and report["device"] == "cpu"
    other = tmp_path / f"other{Path(path).suffix}"
    subprocess.run(
        [sys.executable, "app.py", "--headless", "-s", str(material.grace), "-t", str(material.eileen), "-o",
         str(other), "--engine", "uniface_256", "--no-keep-occluders"],
        cwd=ROOT, check=True, timeout=240, env={**os.environ, **machine},
    )  # fmt: skip
    assert (cv2.imread(path) == cv2.imread(str(other))).all()
    # The Models tab says where it truly runs, by what and in which arithmetic.
    with urllib.request.urlopen(f"{client.src.rstrip('/')}/studio/models", timeout=30) as answer:
        models = [model for group in json.load(answer)["groups"] for model in group["models"]]
    (said,) = (model["device"] for model in models if model["name"] == "uniface_256")
    assert said in ("CPU, OpenVINO bf16", "CPU, OpenVINO fp32", "CPU, ONNX Runtime")


def test_a_model_whose_licence_nobody_accepted(client: Client, material: Material) -> None:
    with pytest.raises(AppError, match="licence"):
        client.predict(
            sources=[handle_file(material.grace)], target=handle_file(material.eileen), cast={},
            options={"engine": "simswap_256"}, api_name="/recast_image",
        )  # fmt: skip
