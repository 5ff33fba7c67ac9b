"""The embedded network that tells what is held before a face."""

from __future__ import annotations

from functools import cache

import numpy as np

from pipeline.models.embedded import FRONT, load
from pipeline.models.plain import cpu_session
from pipeline.types import FloatArray

SIDE = 96
Bounds = tuple[int, int]
"""First row or column, and the one after the last."""


class FrontNetwork:
    """One session for all threads. It is so small that one thread a run is fastest."""

    def __init__(self, rows: Bounds, columns: Bounds) -> None:
        """
        Args:
            rows, columns: where answers are wanted; even numbers.

        Raises:
            ModelError: the file is missing or altered.
        """
        self._window = slice(*rows), slice(*columns)
        self._session = cpu_session(narrowed(load(FRONT), rows, columns))

    def run(self, face: FloatArray) -> FloatArray:
        """``(1, 5, 96, 96)`` float32, see `pipeline.mesh.front`, to ``(96, 96)`` float32 chances, 0 outside of the
        rows and columns that are wanted."""
        chance = np.zeros((SIDE, SIDE), np.float32)
        (found,) = self._session.run(None, {"face": face})
        chance[self._window] = found[0, 0]
        return chance


@cache
def front_network(rows: Bounds, columns: Bounds) -> FrontNetwork:
    """Loaded once."""
    return FrontNetwork(rows, columns)


def narrowed(data: bytes, rows: Bounds, columns: Bounds) -> bytes:
    """The serialised U-Net `data` with its last two stages, which cost most, computed only where answers are wanted.

    What they see of their surroundings is kept, so that the answers are the same.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(data)
    graph = model.graph
    # A stage of two convolutions at half the size, each of which sees a place further, before it is enlarged.
    inner = tuple((low // 2 - 2) // 2 * 2 for low, _ in (rows, columns))
    outer = tuple(-(-(high // 2 + 2) // 2) * 2 for _, high in (rows, columns))
    ends = tuple(zip(inner, outer, strict=True))
    halves = [(low // 2, high // 2) for low, high in ends]
    last = [(low // 2 - first, high // 2 - first) for (low, high), first in zip((rows, columns), inner, strict=True)]
    *_, enlarged, finally_enlarged = (node for node in graph.node if node.op_type == "Resize")
    joined = next(node for node in graph.node if node.op_type == "Concat" and enlarged.output[0] in node.input)
    fine = next(node for node in graph.node if node.op_type == "Conv" and node.input[0] == "face" and _whole(node))
    cuts = ((enlarged, 0, halves), (joined, 1, ends), (finally_enlarged, 0, last), (fine, 0, (rows, columns)))
    for number, (node, place, (vertical, horizontal)) in enumerate(cuts):
        name = f"part_{number}"
        for key, value in (
            ("from", (vertical[0], horizontal[0])),
            ("to", (vertical[1], horizontal[1])),
            ("at", (2, 3)),
        ):
            graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), f"{name}_{key}"))
        words = [node.input[place], *(f"{name}_{key}" for key in ("from", "to", "at"))]
        graph.node.insert(list(graph.node).index(node), helper.make_node("Slice", words, [name]))
        node.input[place] = name
    del graph.value_info[:]
    for size, (low, high) in zip(graph.output[0].type.tensor_type.shape.dim[2:], (rows, columns), strict=True):
        size.dim_value = high - low
    return bytes(model.SerializeToString())


def _whole(node: object) -> bool:
    """Whether a convolution keeps the size."""
    attributes = {attribute.name: list(attribute.ints) for attribute in node.attribute}  # type: ignore[attr-defined]
    return attributes["strides"] == [1, 1]
