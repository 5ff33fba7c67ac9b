"""Wrong and missing model files are a clear error, never a wrong result."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.analysis import FaceDetector, FaceEmbedder
from pipeline.errors import ModelError
from pipeline.models import embedded

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def other_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package that carries the networks, found in place of the installed one."""
    home = embedded.locate(embedded.YUNET).parents[1]
    copy = tmp_path / home.name
    (copy / "models").mkdir(parents=True)
    (copy / "__init__.py").touch()
    for model in (embedded.YUNET, embedded.SFACE):
        shutil.copy(embedded.locate(model), copy / model.path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, home.name, raising=False)
    importlib.invalidate_caches()
    assert embedded.locate(embedded.YUNET).is_relative_to(tmp_path)
    return copy


def test_an_altered_file(other_home: Path) -> None:
    path = other_home / embedded.YUNET.path
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="not the expected one"):
        FaceDetector()


def test_a_missing_file(other_home: Path) -> None:
    (other_home / embedded.SFACE.path).unlink()
    with pytest.raises(ModelError, match="missing"):
        FaceEmbedder()


def test_a_missing_package() -> None:
    with pytest.raises(ModelError, match="Install the package"):
        embedded.load(replace(embedded.YUNET, package="a_package_that_is_not_installed"))


@pytest.mark.parametrize("model", embedded.EMBEDDED, ids=lambda model: model.name)
def test_every_embedded_model_is_what_it_should_be(model: embedded.EmbeddedModel) -> None:
    assert len(embedded.load(model)) > 100_000
    assert len(embedded.load(model)) < 12_000_000


def test_running_a_network_leaves_no_trace_at_home(tmp_path: Path) -> None:
    """ONNX Runtime's own telemetry keeps an id of the machine and a list of what is to be sent."""
    code = "from pipeline.models.front import front_network; front_network((16, 84), (10, 88))"
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, cwd=ROOT, env=environment)
    assert list(tmp_path.rglob("*")) == []
