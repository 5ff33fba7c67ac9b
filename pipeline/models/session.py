"""A network in memory: one for each file and device, shared by everybody, fed in batches of a fixed shape."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DeviceMemory, ModelError
from pipeline.models.batches import Batcher
from pipeline.models.devices import preload
from pipeline.models.memory import out_of_memory
from pipeline.models.providers import chain, device_of
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

Values = NDArray[Any]
Row = Mapping[str, Values]

GPU_BATCH = 4
"""Rows of one call on a GPU: faces of as many frames as are rendered at once."""


class Session:
    """A network of one file on one device. May be shared by threads; calls take turns.

    The first dimension of every input and output is the batch. A batch is always filled up to the same size, so that
    the result of a row does not depend on which others it was run with. Where memory does not suffice for a batch, it
    is halved from there on; where it does not suffice for one row, the network goes on on the CPU if it may.

    Attributes:
        path: of the file.
        device: where it truly runs; ONNX Runtime may have fallen back from what was asked for, or this session may.
        notes: what a user should know of that.
        inputs: shape by name, without the batch; ``None`` for a dimension that is free.
        outputs: names in their order.
    """

    def __init__(
        self,
        path: Path,
        device: DeviceName,
        *,
        batch: int | None = None,
        cache: Path | None = None,
        gpu: int = 0,
        yields: bool = False,
    ) -> None:
        """
        Args:
            device: any but ``"auto"``.
            batch: rows of one call; 1 on the CPU, where more bring nothing, and `GPU_BATCH` elsewhere when ``None``.
            cache: folder for engines that TensorRT builds.
            gpu: which of several.
            yields: whether it may go on on the CPU where the device's memory does not suffice.

        Raises:
            ModelError: the file is no network that ONNX Runtime can run.
            DeviceMemory: it does not fit into the device's memory.
        """
        self.path, self._yields = path, yields
        self.notes: tuple[str, ...] = ()
        wanted = (1 if device == "cpu" else GPU_BATCH) if batch is None else batch
        try:
            self._session, size = _opened(path, device, wanted, cache or path.parent, gpu)
        except DeviceMemory as error:
            if device == "cpu" or not yields:
                raise
            self._session, size = self._on_cpu(device, error)
            device = "cpu"
        self.device = device_of(self._session.get_providers()[0])
        if self.device != device:
            log.warning("%s was to run on %s, but runs on %s", path.name, device, self.device)
        self._types = {item.name: _dtype(item.type) for item in self._session.get_inputs()}
        self.inputs = {
            item.name: tuple(side if isinstance(side, int) else None for side in item.shape[1:])
            for item in self._session.get_inputs()
        }
        self.outputs = tuple(item.name for item in self._session.get_outputs())
        self._free = all(not isinstance(item.shape[0], int) for item in self._session.get_inputs())
        self._alone = threading.Lock()
        self._batches: Batcher[Row, tuple[Values, ...]] = Batcher(self._run, size)

    @property
    def batch(self) -> int:
        return self._batches.size

    def __call__(self, **inputs: Values) -> tuple[Values, ...]:
        """Run ``n`` rows: arrays ``(n, …)`` by input name in, the outputs ``(n, …)`` in their order out, float32.

        Raises:
            ModelError: the network does not run on them.
            DeviceMemory: there is not enough memory for one row.
        """
        if set(inputs) != set(self.inputs):
            raise ModelError(f"The network {self.path.stem} takes {', '.join(self.inputs)}.")
        prepared = {name: np.ascontiguousarray(value, self._types[name]) for name, value in inputs.items()}
        count = len(next(iter(prepared.values())))
        if self.device == "cpu" and self.batch == 1 and count > 1 and self._free:
            # Rows that belong together, such as the phases of one crop. On the CPU they are a batch of their own, or
            # come one after the other where there is no room for all of them.
            with self._alone, suppress(DeviceMemory):
                return tuple(np.asarray(output, np.float32) for output in self._call(prepared))
        rows = self._batches([{name: value[row] for name, value in prepared.items()} for row in range(count)])
        return tuple(np.stack([row[place] for row in rows]) for place in range(len(self.outputs)))

    def _run(self, rows: list[Row]) -> list[tuple[Values, ...]]:
        results: list[tuple[Values, ...]] = []
        while len(results) < len(rows):
            part = rows[len(results) : len(results) + self.batch]
            filled = [*part, *[part[-1]] * (self.batch - len(part))]
            feed = {name: np.stack([row[name] for row in filled]) for name in self.inputs}
            try:
                outputs = self._call(feed)
            except DeviceMemory as error:
                self._need_less(error)
                continue
            results += [
                tuple(np.asarray(output[place], np.float32) for output in outputs) for place in range(len(part))
            ]
        return results

    def _need_less(self, error: DeviceMemory) -> None:
        """Ask for less from here on, or raise `error`: a smaller batch first, then the CPU."""
        if self.batch > 1 and self._free:
            self._batches.size //= 2
            log.warning("%s: not enough memory; %d rows at once from here on", self.path.name, self.batch)
        elif self.device != "cpu" and self._yields:
            self._session, self._batches.size = self._on_cpu(self.device, error)
            self.device = "cpu"
        else:
            raise error

    def _on_cpu(self, device: DeviceName, error: DeviceMemory) -> tuple[Any, int]:
        log.warning(
            "%s does not fit into the memory of %s; it goes on on the CPU", self.path.name, device, exc_info=error
        )
        self.notes = (f"The memory of the {device} device did not suffice for {self.path.stem}: it ran on the CPU.",)
        return _opened(self.path, "cpu", 1, self.path.parent)

    def _call(self, feed: Row) -> list[Values]:
        try:
            outputs: list[Values] = self._bound(feed) if self.device != "cpu" else self._session.run(None, feed)
        except Exception as error:  # onnxruntime's own, which have no common root
            log.warning("%s failed: %s", self.path.name, error)
            if out_of_memory(error):
                raise DeviceMemory from error
            raise ModelError(f"The network {self.path.stem} could not be run on {self.device}. See the log.") from error
        return outputs

    def _bound(self, feed: Mapping[str, Values]) -> list[Values]:
        """Run with inputs and outputs bound, so that ONNX Runtime copies each of them just once."""
        binding = self._session.io_binding()
        for name, value in feed.items():
            binding.bind_cpu_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, "cpu")
        self._session.run_with_iobinding(binding)
        values: list[Values] = binding.copy_outputs_to_cpu()
        return values


def _opened(path: Path, device: DeviceName, batch: int, cache: Path, gpu: int = 0) -> tuple[Any, int]:
    """The session, and the rows that one call of it takes."""
    import onnxruntime

    providers = chain(device, cache, gpu)
    if device != "cpu":
        preload()
    try:
        session = onnxruntime.InferenceSession(str(path), settings(device), providers=providers)
    except Exception as error:  # onnxruntime's own, which have no common root
        log.warning("%s cannot be opened: %s", path.name, error)
        if out_of_memory(error):
            raise DeviceMemory from error
        raise ModelError(f"The model file {path.name} cannot be opened. Fetch it again, or choose another.") from error
    fixed = {item.shape[0] for item in session.get_inputs() if item.shape and isinstance(item.shape[0], int)}
    if batch == 1 or not fixed:
        return session, batch if not fixed else 1
    if fixed == {batch}:
        return session, batch
    wider = _widened(path, session, device, batch, providers)
    return (wider, batch) if wider is not None else (session, 1)


def settings(device: DeviceName) -> Any:
    """Session options. On the CPU memory is given back after each run, because other networks take their turns."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that wait for work would otherwise spin, and take cores from decoding and compositing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = int(os.environ.get("RECAST_THREADS", "0"))
    if device == "cpu":
        options.enable_cpu_mem_arena = False
    if device == "directml":
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return options


def _widened(path: Path, single: Any, device: DeviceName, batch: int, providers: Any) -> Any | None:
    """The same network with a free batch dimension, or ``None`` where it does not give the same results.

    Most published files say 1 there for no reason but the shape of the example they were exported with; some have it
    built into a reshape.
    """
    import onnx
    import onnxruntime

    try:
        model = onnx.load(str(path))
        for value in (*model.graph.input, *model.graph.output):
            if value.type.tensor_type.shape.dim:
                value.type.tensor_type.shape.dim[0].dim_param = "batch"
        del model.graph.value_info[:]
        wide = onnxruntime.InferenceSession(model.SerializeToString(), settings(device), providers=providers)
        random = np.random.default_rng(0)
        feed = {
            item.name: random.random((batch, *item.shape[1:]), np.float32).astype(_dtype(item.type))
            for item in single.get_inputs()
        }
        together = wide.run(None, feed)
        for row in range(batch):
            alone = single.run(None, {name: value[row : row + 1] for name, value in feed.items()})
            for one, other in zip(alone, together, strict=True):
                if not np.allclose(one[0], other[row], rtol=0.02, atol=0.02):
                    raise ValueError("rows of a batch differ from rows alone")
    except Exception as error:  # whatever it is, one row at a time works
        log.info("%s is run one row at a time: %s", path.name, error)
        return None
    return wide


def _dtype(name: str) -> type[Any]:
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
    if name not in kinds:
        raise ModelError(f"A network asks for {name}, which Recast does not give.")
    return kinds[name]
