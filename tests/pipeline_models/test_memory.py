"""Memory that does not suffice: networks that truly ask ONNX Runtime for more than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.errors import DeviceMemory
from pipeline.models import onnx_runner
from pipeline.models.catalogue import ARCFACE
from pipeline.models.memory import out_of_memory
from pipeline.models.onnx_runner import OnnxRunner
from pipeline.models.session import Session
from pipeline.types import FloatArray
from tests import models


def greedy(path: Path, more: int = 0) -> Path:
    """A network that doubles its rows and asks for ``(rows + more) ** 20`` floats meanwhile: next to nothing for one or
    two, four terabytes for four."""
    floats = {"more": more, "power": 20}
    steps = [
        ("Shape", ["x"], "shape"), ("Gather", ["shape", "zero"], "rows"), ("Add", ["rows", "more"], "all"),
        ("Pow", ["all", "power"], "many"), ("Reshape", ["many", "one"], "size"), ("ConstantOfShape", ["size"], "much"),
        ("ReduceMax", ["much"], "nothing"), ("Add", ["x", "nothing"], "sum"), ("Add", ["sum", "x"], "y"),
    ]  # fmt: skip
    nodes = [
        helper.make_node(kind, given, [made], **({"keepdims": 0} if kind == "ReduceMax" else {}))
        for kind, given, made in steps
    ]
    constants = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in floats.items()]
    constants += [numpy_helper.from_array(np.array(0, np.int64), "zero")]
    constants += [numpy_helper.from_array(np.array([1], np.int64), "one")]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "greedy", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, str(path))
    return path


def given(count: int) -> FloatArray:
    return np.arange(3 * count, dtype=np.float32).reshape(count, 3)


class OnGpu(OnnxRunner):
    """ONNX Runtime on the CPU that says it runs on a GPU."""

    device = "cuda"

    def __init__(self, runner: OnnxRunner) -> None:
        self.runtime, self.inputs, self.outputs = runner.runtime, runner.inputs, runner.outputs
        self._session = runner._session


@pytest.fixture
def small_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A network for which the GPU is always too small; the CPU gets on with it. There is no GPU, so the GPU's session
    is the CPU's over a network that asks for more."""
    modest, hungry = greedy(tmp_path / "network.onnx"), greedy(tmp_path / "hungry.onnx", more=3)
    opened = onnx_runner.opened

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[OnnxRunner, int]:
        if device == "cpu":
            return opened(path, device, batch, cache)
        found, size = opened(hungry, "cpu", batch, cache)
        return OnGpu(found), size

    monkeypatch.setattr(onnx_runner, "opened", open_here)
    return modest


@pytest.mark.parametrize("arena", [True, False])
def test_what_onnxruntime_says_is_understood(tmp_path: Path, arena: bool) -> None:
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena, options.log_severity_level = arena, 4
    session = onnxruntime.InferenceSession(str(greedy(tmp_path / "a.onnx")), options)
    with pytest.raises(Exception) as caught:
        session.run(None, {"x": given(4)})
    assert out_of_memory(caught.value)
    with pytest.raises(Exception) as caught:
        session.run(None, {"x": given(4)[:, :2]})
    assert not out_of_memory(caught.value)


def test_a_batch_that_does_not_fit_is_halved_and_stays_so(tmp_path: Path) -> None:
    session = Session(greedy(tmp_path / "network.onnx"), "cpu", batch=8)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda count: session(x=given(count))[0], [7, 1, 8, 3, 2, 5]))
    for result in results:
        assert (result == 2 * given(len(result))).all()
    assert session.batch == 2 and session.device == "cpu" and not session.notes


def test_one_row_that_does_not_fit_goes_to_the_cpu_where_that_is_allowed(small_gpu: Path) -> None:
    session = Session(small_gpu, "cuda", yields=True)
    assert (session.device, session.batch) == ("cuda", 4)
    assert (session(x=given(6))[0] == 2 * given(6)).all()
    assert (session.device, session.batch) == ("cpu", 1)
    assert session.notes == ("The memory of the cuda device did not suffice for network: it ran on the CPU.",)
    assert (session(x=given(2))[0] == 2 * given(2)).all()


@pytest.mark.parametrize(
    "text",
    [
        "CUDNN failure 4002: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
        "CUDA failure 2: out of memory ; GPU=0",
        "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 50331648",
        "[TensorRT] Error Code 2: OutOfMemory (Requested size was 2147483648 bytes.)",
    ],
)
def test_what_gpus_say_is_understood(text: str) -> None:
    assert out_of_memory(RuntimeError(text))


def test_the_recogniser_goes_to_the_cpu_as_every_network_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A GPU whose memory is full when the photo's embedding is wanted."""
    opened = onnx_runner.opened

    class Full(OnGpu):
        def run(self, feed: Any) -> Any:
            raise RuntimeError("CUDA failure 2: out of memory")

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[OnnxRunner, int]:
        found, size = opened(path, "cpu", batch, cache)
        return (found if device == "cpu" else Full(found)), size

    monkeypatch.setattr(onnx_runner, "opened", open_here)
    usual, full = models.library(tmp_path), models.library(tmp_path)
    full.device, full._yields = "cuda", True
    crop = np.random.default_rng(0).integers(0, 255, (112, 112, 3), np.uint8)
    wanted, found = (library.recogniser(ARCFACE).get_feat(crop) for library in (usual, full))
    assert np.abs(found - wanted).max() < 1e-4
    assert full.notes == (f"The memory of the cuda device did not suffice for {ARCFACE}: it ran on the CPU.",)


def test_what_tensorrt_cannot_run_goes_on_without_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It opens networks for which it then cannot build an engine. Here it is the CPU that does not run them."""
    opened, broken = onnx_runner.opened, tmp_path / "broken.onnx"
    asked: list[tuple[str, int]] = []
    greedy(broken)
    model = onnx.load(str(broken))
    model.graph.node.insert(0, helper.make_node("Reshape", ["x", "one"], ["not to be done"]))
    onnx.save(model, str(broken))

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[OnnxRunner, int]:
        asked.append((device, gpu))
        found, size = opened(broken if device == "tensorrt" else path, "cpu", 1, cache)
        runner = OnGpu(found)
        runner.device = device
        return runner, size

    monkeypatch.setattr(onnx_runner, "opened", open_here)
    session = Session(greedy(tmp_path / "network.onnx"), "tensorrt", gpu=1)
    assert (session(x=given(2))[0] == 2 * given(2)).all()
    assert session.device == "cuda" and asked == [("tensorrt", 1), ("cuda", 1)]
    assert session.notes == ("TensorRT cannot run network: it ran without it.",)


def test_nobody_is_moved_from_a_device_that_was_asked_for(small_gpu: Path) -> None:
    session = Session(small_gpu, "cuda")
    with pytest.raises(DeviceMemory, match="Choose the device cpu"):
        session(x=given(1))
    assert session.device == "cuda"


def test_the_cpu_has_no_way_out(tmp_path: Path) -> None:
    with pytest.raises(DeviceMemory):
        Session(greedy(tmp_path / "network.onnx", more=3), "cpu", yields=True)(x=given(1))
