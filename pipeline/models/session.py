"""A network in memory: one for each file and device, shared by everybody, fed in batches of a fixed shape."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from pipeline.errors import DeviceMemory, ModelError
from pipeline.models import onnx_runner
from pipeline.models.batches import Batcher
from pipeline.models.memory import out_of_memory
from pipeline.models.runner import Row, Runner, Values
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

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
        runtime: what truly runs it there, and in which arithmetic, in words for a user.
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
        on_cpu: Callable[[Path], Runner] | None = None,
    ) -> None:
        """
        Args:
            device: any but ``"auto"``.
            batch: rows of one call; 1 on the CPU, where more bring nothing, and `GPU_BATCH` elsewhere when ``None``.
            cache: folder for engines that TensorRT builds.
            gpu: which of several.
            yields: whether it may go on on the CPU where the device's memory does not suffice.
            on_cpu: opens the file for the CPU; ONNX Runtime does, in single precision, when ``None``.

        Raises:
            ModelError: the file is no network that ONNX Runtime can run.
            DeviceMemory: it does not fit into the device's memory.
        """
        self.path, self._yields, self._open_on_cpu = path, yields, on_cpu
        self._cache, self._gpu = cache or path.parent, gpu
        self.notes: tuple[str, ...] = ()
        wanted = (1 if device == "cpu" else GPU_BATCH) if batch is None else batch
        try:
            self._runner, size = self._opened(device, wanted)
        except DeviceMemory as error:
            if device == "cpu" or not yields:
                raise
            self._runner, size = self._on_cpu(device, error)
            device = "cpu"
        if self.device != device:
            log.warning("%s was to run on %s, but runs on %s", path.name, device, self.device)
        self._alone = threading.Lock()
        self._batches: Batcher[Row, tuple[Values, ...]] = Batcher(self._run, size)

    @property
    def device(self) -> DeviceName:
        return self._runner.device

    @property
    def runtime(self) -> str:
        return self._runner.runtime

    @property
    def inputs(self) -> dict[str, tuple[int | None, ...]]:
        return {name: port.shape[1:] for name, port in self._runner.inputs.items()}

    @property
    def outputs(self) -> tuple[str, ...]:
        return self._runner.outputs

    @property
    def _free(self) -> bool:
        return all(port.shape[0] is None for port in self._runner.inputs.values())

    @property
    def batch(self) -> int:
        return self._batches.size

    def __call__(self, **inputs: Values) -> tuple[Values, ...]:
        """Run ``n`` rows: arrays ``(n, …)`` by input name in, the outputs ``(n, …)`` in their order out, float32.

        Raises:
            ModelError: the network does not run on them.
            DeviceMemory: there is not enough memory for one row.
        """
        ports = self._runner.inputs
        if set(inputs) != set(ports):
            raise ModelError(f"The network {self.path.stem} takes {', '.join(ports)}.")
        prepared = {name: np.ascontiguousarray(value, ports[name].dtype) for name, value in inputs.items()}
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
            feed = {name: np.stack([row[name] for row in filled]) for name in filled[0]}
            try:
                outputs = self._call(feed)
            except DeviceMemory as error:
                self._need_less(error)
                continue
            except ModelError:
                if self.device != "tensorrt":
                    raise
                self._without_tensorrt()
                continue
            if any(np.ndim(output) == 0 or len(output) != len(filled) for output in outputs):
                raise ModelError(f"The network {self.path.stem} gives something else than a row for each row it takes.")
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
            self._runner, self._batches.size = self._on_cpu(self.device, error)
        else:
            raise error

    def _on_cpu(self, device: DeviceName, error: DeviceMemory) -> tuple[Runner, int]:
        log.warning(
            "%s does not fit into the memory of %s; it goes on on the CPU", self.path.name, device, exc_info=error
        )
        self.notes = (f"The memory of the {device} device did not suffice for {self.path.stem}: it ran on the CPU.",)
        return self._opened("cpu", 1)

    def _without_tensorrt(self) -> None:
        """Go on with CUDA's own kernels: TensorRT opens networks for which it then cannot build an engine."""
        log.warning("%s goes on without TensorRT", self.path.name)
        self.notes = (f"TensorRT cannot run {self.path.stem}: it ran without it.",)
        self._runner, self._batches.size = self._opened("cuda", self.batch)

    def _opened(self, device: DeviceName, batch: int) -> tuple[Runner, int]:
        """What runs the network, and the rows that one call of it takes."""
        if device == "cpu" and batch == 1 and self._open_on_cpu is not None:
            return self._open_on_cpu(self.path), 1
        return onnx_runner.opened(self.path, device, batch, self._cache, self._gpu)

    def _call(self, feed: Row) -> list[Values]:
        try:
            outputs = self._runner.run(feed)
        except Exception as error:  # the libraries' own, which have no common root
            log.warning("%s failed: %s", self.path.name, error)
            if out_of_memory(error):
                raise DeviceMemory from error
            raise ModelError(f"The network {self.path.stem} could not be run on {self.device}. See the log.") from error
        return outputs
