"""The libraries of a GPU, loaded from their wheels: stand-ins of the true names at the true places, in a process of its
own, as there is no GPU. Each of them is a library of the system under another name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import onnx
import onnxruntime
import pytest

from pipeline.errors import DeviceError
from pipeline.models import nvidia
from pipeline.models.catalogue import CATALOGUE
from pipeline.models.devices import check_device, works
from pipeline.models.library import Library
from pipeline.models.nvidia import driver_version, trouble, without_provider
from pipeline.models.providers import chain, engines
from studio.device import device_state
from tests import models, networks

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = CATALOGUE["hyperswap_1a_256"].swap
assert CONTRACT is not None
SCRIPT = """
from pathlib import Path
from pipeline.models.devices import preload
preload()
print(Path("/proc/self/maps").read_text())
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages in which onnxruntime lies beside NVIDIA's wheels."""
    if sys.platform != "linux" or "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has no CUDA")
    (tmp_path / "onnxruntime").symlink_to(Path(onnxruntime.__file__).parent)
    return tmp_path


def test_the_libraries_of_a_gpu_come_from_their_wheels(packages: Path) -> None:
    wanted = [*onnxruntime._get_nvidia_dll_paths(False),
              ("tensorrt_libs", "libnvinfer.so.10"), ("tensorrt_libs", "libnvonnxparser.so.10")]  # fmt: skip
    library = Path(f"/proc/{os.getpid()}/maps").read_text().split()
    real = next(word for word in library if "/libm.so" in word or "/libm-" in word)
    for parts in wanted:
        place = packages.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(Path(real).read_bytes())
    (packages / "tensorrt_libs" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    missing = [parts[-1] for parts in wanted if str(packages.joinpath(*parts)) not in done.stdout]
    assert not missing


def test_tensorrt_keeps_what_it_builds_apart_for_each_network(tmp_path: Path) -> None:
    """It goes by the names in a network: of two with one architecture the second would be given the first's weights."""
    first, second = tmp_path / "a" / "network.onnx", tmp_path / "b" / "network.onnx"
    for number, path in enumerate((first, second)):
        path.parent.mkdir()
        path.write_bytes(b"weights %d" % number)
    kept = engines(tmp_path, first)
    assert kept is not None and kept.is_dir() and kept == engines(tmp_path, first)
    assert kept != engines(tmp_path, second)
    options = dict(chain("tensorrt", kept, gpu=1))["TensorrtExecutionProvider"]
    assert options["trt_engine_cache_enable"] and options["trt_engine_cache_path"] == str(kept)
    assert options["trt_timing_cache_enable"] and options["device_id"] == 1 and not options["trt_fp16_enable"]
    cuda = dict(chain("cuda"))["CUDAExecutionProvider"]
    assert cuda["arena_extend_strategy"] == "kSameAsRequested"


def test_tensorrt_keeps_nothing_where_nothing_can_be_written(tmp_path: Path) -> None:
    """It would end with an error where it cannot make its folder."""
    (tmp_path / "network.onnx").write_bytes(b"weights")
    (tmp_path / "notes").write_text("a file where a folder should be")
    assert engines(tmp_path / "notes", tmp_path / "network.onnx") is None
    assert "trt_engine_cache_enable" not in dict(chain("tensorrt", None))["TensorrtExecutionProvider"]


@pytest.mark.skipif(works("tensorrt"), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_device_that_does_not_work_leaves_standard_output_alone(device: str, tmp_path: Path) -> None:
    """Programs read nothing but JSON there."""
    onnx.save(networks.seeded(CONTRACT), str(tmp_path / "network.onnx"))
    script = f"""
from pathlib import Path
from pipeline.models.devices import works
from pipeline.models.session import Session
assert not works({device!r})
assert Session(Path({str(tmp_path / "network.onnx")!r}), {device!r}).device == "cpu"
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Mon Jan  1 00:00:00 UTC 2024\nGCC version: 12.2\n"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (DRIVER.format("535.183.01"), "535.183.01"), (DRIVER.format("580.65"), "580.65"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build  (a@b)\n", "560.35.03"),
        ("something else", None),
    ],
)  # fmt: skip
def test_the_driver_says_its_version(text: str, version: str | None, tmp_path: Path) -> None:
    (tmp_path / "version").write_text(text)
    assert driver_version(tmp_path / "version") == version
    assert driver_version(tmp_path / "none") is None


@pytest.mark.skipif(works("cuda"), reason="there is a GPU")
def test_why_a_gpu_cannot_be_used_is_said(tmp_path: Path, packages: Path) -> None:
    driver = tmp_path / "version"
    assert trouble("cuda", "13.0", driver) == "No NVIDIA driver was found."
    driver.write_text(DRIVER.format("535.183.01"))
    told = "The NVIDIA driver 535.183.01 is too old for CUDA 13, which takes 580 or newer."
    assert trouble("cuda", "13.0", driver) == told
    driver.write_text(DRIVER.format("580.65.06"))
    # Here CUDA's libraries are not installed.
    assert re.fullmatch(r"CUDA's library libcu\w+\.so\.13 is missing: `make cuda` .*", trouble("cuda", "13.0", driver))
    both = without_provider("CUDA", "onnxruntime-gpu", {"onnxruntime", "onnxruntime-gpu", "numpy"})
    assert both.startswith("The packages onnxruntime and onnxruntime-gpu are both installed")
    assert "install the package onnxruntime-gpu in place" in without_provider(
        "CUDA", "onnxruntime-gpu", {"onnxruntime"}
    )
    with pytest.raises(DeviceError, match=r"none can be used here\. No NVIDIA driver was found\."):
        check_device("cuda")


@pytest.mark.skipif(works("cuda"), reason="there is a GPU")
def test_a_gpu_that_auto_leaves_unused_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Library("auto", store=models.library(tmp_path).store).notes == ()
    (tmp_path / "dxg").touch()
    monkeypatch.setattr(nvidia, "_DXG", tmp_path / "dxg")
    # WSL passes any GPU on.
    assert Library("auto", store=models.library(tmp_path).store).notes == () and not device_state("auto").warning
    monkeypatch.setattr(nvidia, "driver_present", lambda *_: True)
    monkeypatch.setattr(nvidia, "driver_version", lambda *_: "535.183.01")
    first, second = Library("auto", store=models.library(tmp_path).store).notes
    assert first == "There is an NVIDIA GPU, but it cannot be used: networks run on the CPU."
    assert second.startswith("The NVIDIA driver 535.183.01 is too old")
    assert Library("cpu", store=models.library(tmp_path).store).notes == ()
    state = device_state("auto")
    assert state.name == "CPU" and state.why == second
