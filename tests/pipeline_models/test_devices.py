"""The libraries of a GPU, loaded from their wheels: stand-ins of the true names at the true places, in a process of its
own, as there is no GPU. Each of them is a library of the system under another name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from pipeline.models.providers import chain, engines

ROOT = Path(__file__).resolve().parents[2]
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


def test_tensorrt_keeps_what_it_builds(tmp_path: Path) -> None:
    options = dict(chain("tensorrt", tmp_path, gpu=1))["TensorrtExecutionProvider"]
    assert options["trt_engine_cache_enable"] and options["trt_engine_cache_path"] == str(engines(tmp_path))
    assert options["trt_timing_cache_enable"] and options["device_id"] == 1 and not options["trt_fp16_enable"]
    cuda = dict(chain("cuda", tmp_path))["CUDAExecutionProvider"]
    assert cuda["arena_extend_strategy"] == "kSameAsRequested"
