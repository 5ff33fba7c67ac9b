"""The embedded network that tells what is held before a face."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnxruntime

from pipeline.models.embedded import FRONT, load
from pipeline.types import FloatArray


class FrontNetwork:
    """One session for all threads. It is so small that one thread a run is fastest."""

    def __init__(self) -> None:
        """
        Raises:
            ModelError: the file is missing or altered.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(load(FRONT), options, providers=["CPUExecutionProvider"])

    def run(self, face: FloatArray) -> FloatArray:
        """``(1, 5, 96, 96)`` float32, see `pipeline.mesh.front`, to ``(96, 96)`` float32 chances."""
        (chance,) = self._session.run(None, {"face": face})
        return np.asarray(chance[0, 0], np.float32)


@cache
def front_network() -> FrontNetwork:
    """Loaded once."""
    return FrontNetwork()
