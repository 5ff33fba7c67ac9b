"""What carries a network out: the one thing that a session knows of ONNX Runtime and of OpenVINO."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.options import DeviceName

Values = NDArray[Any]
Row = Mapping[str, Values]
Arithmetic = Literal["single", "bfloat16"]
"""What a network's sums are made in where its file holds single precision: 24 bits of mantissa, or 8."""
Dtype = type[np.float32] | type[np.float16] | type[np.float64]

THREADS = "RECAST_THREADS"
"""How many threads a network may use on the CPU, where that is not to be every core."""

_DTYPES: Mapping[str, Dtype] = {"float": np.float32, "float16": np.float16, "double": np.float64}


@dataclass(frozen=True)
class Port:
    """One input.

    Attributes:
        shape: with the batch in front; ``None`` for a dimension that is free.
    """

    dtype: Dtype
    shape: tuple[int | None, ...]


class Runner(Protocol):
    """A network that is open. May be shared by threads.

    Attributes:
        device: where it truly runs.
        runtime: what runs it, and how, in words for a user.
        inputs: by name, in the file's order; `outputs`: names in their order.
    """

    @property
    def device(self) -> DeviceName: ...
    @property
    def runtime(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Port]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...

    def run(self, feed: Row) -> list[Values]:
        """The outputs for inputs of the right dtypes. Raises whatever the library raises."""
        ...


def dtype_of(name: str) -> Dtype:
    """
    Args:
        name: of a type of numbers, in ONNX's words.

    Raises:
        ModelError: no network that Recast knows asks for it.
    """
    if name not in _DTYPES:
        raise ModelError(f"A network asks for {name}, which Recast does not give.")
    return _DTYPES[name]


def threads() -> int:
    """How many threads a network may use on the CPU; 0 for as many as there are cores.

    Raises:
        ModelError: `THREADS` says something that is no such number.
    """
    text = os.environ.get(THREADS) or "0"
    if not text.isdecimal():
        raise ModelError(f"{THREADS} has to be a whole number of threads, and is {text!r}.")
    return int(text)
