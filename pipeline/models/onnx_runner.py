"""Networks carried out by ONNX Runtime, on every device."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import DeviceMemory, ModelError
from pipeline.models.devices import preload
from pipeline.models.memory import out_of_memory
from pipeline.models.providers import chain, device_of, engines
from pipeline.models.runner import Port, Row, Values, dtype_of, threads
from pipeline.options import DeviceName

log = logging.getLogger(__name__)


class OnnxRunner:
    """See `pipeline.models.runner.Runner`."""

    def __init__(self, session: Any) -> None:
        """
        Args:
            session: an ``onnxruntime.InferenceSession``.

        Raises:
            ModelError: it asks for numbers that Recast does not give.
        """
        self._session = session
        self.device: DeviceName = device_of(session.get_providers()[0])
        self.runtime = "ONNX Runtime"
        self.inputs: Mapping[str, Port] = {item.name: _port(item) for item in session.get_inputs()}
        self.outputs = tuple(item.name for item in session.get_outputs())

    def run(self, feed: Row) -> list[Values]:
        found: list[Values] = self.bound(feed) if self.device != "cpu" else self._session.run(None, feed)
        return found

    def bound(self, feed: Row) -> list[Values]:
        """Run with inputs and outputs bound, so that ONNX Runtime copies each of them just once."""
        binding = self._session.io_binding()
        for name, value in feed.items():
            binding.bind_cpu_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, "cpu")
        self._session.run_with_iobinding(binding)
        values: list[Values] = binding.copy_outputs_to_cpu()
        return values


def opened(path: Path, device: DeviceName, batch: int, cache: Path, gpu: int = 0) -> tuple[OnnxRunner, int]:
    """The network of a file, and the rows that one call of it takes.

    Args:
        batch: how many rows that should be.
        cache: folder for engines that TensorRT builds.

    Raises:
        ModelError: the file is no network that ONNX Runtime can run.
        DeviceMemory: it does not fit into the device's memory.
    """
    providers = chain(device, engines(cache, path) if device == "tensorrt" else None, gpu)
    if device != "cpu":
        preload()
    try:
        runner = _open(str(path), device, providers)
    except ModelError:
        raise
    except Exception as error:  # onnxruntime's own, which have no common root
        log.warning("%s cannot be opened on %s: %s", path.name, device, error)
        if out_of_memory(error):
            raise DeviceMemory from error
        if device != "cpu":
            # Whether it is the file's fault, the CPU tells. The session says where it runs.
            return opened(path, *_next(device, batch), cache, gpu)
        raise ModelError(
            f"The model file {path.name} cannot be opened{_why(str(error))}. Fetch it again, or choose another."
        ) from error
    if runner.device == "cpu" != device:
        return opened(path, "cpu", 1, cache)
    fixed = {port.shape[0] for port in runner.inputs.values() if port.shape and port.shape[0] is not None}
    if batch == 1 or not fixed:
        return runner, batch if not fixed else 1
    if fixed == {batch}:
        return runner, batch
    wider = _widened(path, runner, device, batch, providers)
    return (wider, batch) if wider is not None else (runner, 1)


def _why(said: str) -> str:
    """What ONNX Runtime said of a file, for people; nothing where only the log can tell."""
    if "INVALID_PROTOBUF" in said or "No graph was found" in said:
        return ": it is no ONNX file, or only a part of one"
    if (unknown := re.search(r"([\w.:]+)\(-?\d+\) is not a registered", said)) is not None:
        return f": it uses {unknown[1]}, which this ONNX Runtime does not know"
    if "support for domain" in said or "Unsupported model IR version" in said:
        return ": it was made for a newer ONNX Runtime"
    if "xternal" in said:
        return ": it keeps weights in a file beside it, which is missing or is another one"
    return ""


def _next(device: DeviceName, batch: int) -> tuple[DeviceName, int]:
    """What is tried after a device that fails, and how many rows at once."""
    return ("cuda", batch) if device == "tensorrt" else ("cpu", 1)


def _open(network: str | bytes, device: DeviceName, providers: Any) -> OnnxRunner:
    """Raises what ONNX Runtime raises. By itself it would try the next provider, and tell standard output, where
    nobody looks for it and some read nothing but JSON."""
    import onnxruntime

    return OnnxRunner(onnxruntime.InferenceSession(network, settings(device), providers=providers, enable_fallback=0))


def settings(device: DeviceName) -> Any:
    """Session options. On the CPU memory is given back after each run, because other networks take their turns."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that wait for work would otherwise spin, and take cores from decoding and compositing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads()
    if device == "cpu":
        options.enable_cpu_mem_arena = False
    if device == "directml":
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return options


def _widened(path: Path, single: OnnxRunner, device: DeviceName, batch: int, providers: Any) -> OnnxRunner | None:
    """The same network with a free batch dimension, or ``None`` where it does not give the same results.

    Most published files say 1 there for no reason but the shape of the example they were exported with; some have it
    built into a reshape.
    """
    import onnx

    try:
        model = onnx.load(str(path))
        for value in (*model.graph.input, *model.graph.output):
            if value.type.tensor_type.shape.dim:
                value.type.tensor_type.shape.dim[0].dim_param = "batch"
        del model.graph.value_info[:]
        wide = _open(model.SerializeToString(), device, providers)
        random = np.random.default_rng(0)
        feed = {
            name: random.random((batch, *(side or 1 for side in port.shape[1:])), np.float32).astype(port.dtype)
            for name, port in single.inputs.items()
        }
        together = wide.run(feed)
        for row in range(batch):
            alone = single.run({name: value[row : row + 1] for name, value in feed.items()})
            for one, other in zip(alone, together, strict=True):
                if not np.allclose(one[0], other[row], rtol=0.02, atol=0.02):
                    raise ValueError("rows of a batch differ from rows alone")
    except Exception as error:  # whatever it is, one row at a time works
        log.info("%s is run one row at a time: %s", path.name, error)
        return None
    return wide


def _port(item: Any) -> Port:
    shape = tuple(side if isinstance(side, int) else None for side in item.shape)
    return Port(dtype_of(item.type.removeprefix("tensor(").removesuffix(")")), shape)
