"""The networks that are loaded: one session for each model, on the device that was asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.models.catalogue import ModelEntry, ModelKind
from pipeline.models.devices import settle, unused_gpu
from pipeline.models.onnx_runner import settings
from pipeline.models.openvino_runner import arithmetics
from pipeline.models.providers import PROVIDERS
from pipeline.models.runner import Runner
from pipeline.models.session import Session
from pipeline.models.store import Store
from pipeline.models.trial import TrialRunner, Verdicts
from pipeline.options import DeviceName, Precision
from pipeline.types import FloatArray

PICTURES: tuple[ModelKind, ...] = ("swap", "restorer", "occluder", "parser")
"""What gives pictures and masks, which are shown in eight bits; all others work in single precision."""


class Library:
    """Opens models of a store when they are first needed, and keeps them. Shared by threads.

    Attributes:
        device: what networks are asked to run on; each `Session` says where it truly runs.
    """

    def __init__(
        self,
        device: DeviceName = "auto",
        store: Store | None = None,
        gpu: int = 0,
        precision: Precision = "auto",
        batch: int | None = None,
    ) -> None:
        """
        Args:
            device: where networks are to run. Only ``"auto"`` lets them go on on the CPU when memory runs out.
            gpu: which of several.
            precision: of networks on the CPU, see `Options`.
            batch: rows of one call, see `Session`.

        Raises:
            DeviceError: the device was asked for by name and does not work.
        """
        self.store = store or Store()
        self.device, self._gpu, self._yields = settle(device), gpu, device == "auto"
        self._unused = unused_gpu(device, self.device)
        self._precision, self._verdicts = precision, Verdicts(self.store.folders.notes)
        self._batch = batch
        # For what is known only: fetching and opening one network holds up nobody who needs another.
        self._lock = threading.Lock()
        self._opening: dict[tuple[str, DeviceName | None], threading.Lock] = {}
        self._sessions: dict[tuple[str, DeviceName], Session] = {}
        self._recognisers: dict[str, Any] = {}

    def entry(self, name: str) -> ModelEntry:
        return self.store.entry(name)

    def session(self, name: str, device: DeviceName | None = None) -> Session:
        """The network of an entry.

        Args:
            device: another one than the library's.

        Raises:
            ModelError, ModelMissing, LicenceNotAccepted, DownloadError: it cannot be had, see `Store.checked`.
        """
        key = (name, device or self.device)
        with self._turn(key):
            found = self._sessions.get(key)
            if found is None:
                entry = self.store.entry(name)
                found = Session(
                    self.store.checked(entry), key[1], batch=self._batch, cache=self.store.folders.cache,
                    gpu=self._gpu, yields=self._yields, on_cpu=lambda path: self._on_cpu(path, entry.kind),
                )  # fmt: skip
                with self._lock:
                    self._sessions[key] = found
            return found

    def _turn(self, key: tuple[str, DeviceName | None]) -> threading.Lock:
        with self._lock:
            return self._opening.setdefault(key, threading.Lock())

    def _on_cpu(self, path: Path, kind: ModelKind) -> Runner:
        coarse = self._precision == "auto" and kind in PICTURES
        return TrialRunner(path, [one for one in arithmetics() if coarse or one == "single"], self._verdicts)

    def running(self) -> dict[str, str]:
        """Where each network that is loaded truly runs, by what and in which arithmetic, in words, by name."""
        with self._lock:
            return {
                name: f"{session.device.upper()}, {session.runtime}" for (name, _), session in self._sessions.items()
            }

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of where networks run."""
        with self._lock:
            told = (note for session in self._sessions.values() for note in session.notes)
            return tuple(dict.fromkeys([*self._unused, *told]))

    def path(self, name: str) -> Path:
        """The checked file of an entry."""
        return self.store.checked(self.store.entry(name))

    def checksum(self, name: str) -> str:
        """The SHA-256 of an entry's file."""
        return self.store.checksums.check(self.store.entry(name), self.path(name))

    def recogniser(self, name: str) -> Any:
        """ArcFace, loaded by insightface: its ``get_feat`` turns 112-pixel BGR crops into raw embeddings.

        Raises:
            ModelError, ModelMissing, LicenceNotAccepted, DownloadError: see `session`.
        """
        session = self.session(name)
        with self._turn((name, None)):
            if name not in self._recognisers:
                model = analysis_model(self.path(name))
                model.session = _AsOnnxRuntime(session)
                self._recognisers[name] = model
            return self._recognisers[name]


class _AsOnnxRuntime:
    """A session that is called as insightface calls ONNX Runtime's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, outputs: Sequence[str], feed: Mapping[str, FloatArray]) -> list[FloatArray]:
        found = dict(zip(self._session.outputs, self._session(**feed), strict=True))
        return [found[name] for name in outputs]


def analysis_model(path: Path) -> Any:
    """A detector, recogniser or landmarker of insightface, by its own model zoo, on the CPU with our settings.

    Raises:
        ModelError: insightface does not know what the file is.
    """
    from insightface.model_zoo import model_zoo

    try:
        model = model_zoo.get_model(str(path), providers=[PROVIDERS["cpu"]], sess_options=settings("cpu"))
    except Exception as error:  # insightface asserts, onnxruntime raises its own
        raise ModelError(f"The model file {path.name} cannot be opened.") from error
    if model is None:
        raise ModelError(f"The model file {path.name} is not one that insightface knows.")
    return model


def in_half_precision(path: Path) -> bool:
    """Whether a network's file holds weights, or takes values, of 16 bits."""
    import onnx

    graph, half = onnx.load(str(path), load_external_data=False).graph, onnx.TensorProto.FLOAT16
    taken = (value.type.tensor_type.elem_type for value in graph.input)
    return half in taken or any(tensor.data_type == half for tensor in graph.initializer)


def last_initializer(path: Path) -> FloatArray:
    """The last constant of a network's file: the matrix by which inswapper's embedding is multiplied, ``(512, 512)``.

    Raises:
        ModelError: the file holds no such matrix.
    """
    import onnx
    from onnx import numpy_helper

    if not path.is_file():
        raise ModelError(f"The file {path.name}, which holds the matrix for embeddings, is missing.")
    graph = onnx.load(str(path)).graph
    matrix = numpy_helper.to_array(graph.initializer[-1]) if graph.initializer else np.zeros(0)
    if matrix.shape != (512, 512):
        raise ModelError(f"The model file {path.name} lacks the matrix for embeddings.")
    return matrix.astype(np.float32)
