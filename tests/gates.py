"""Content gates of closed form: small networks that say how red a picture is, and their entries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper


def red_gate(folder: Path, threshold: float = 0.6, name: str = "red", **fields: Any) -> Path:
    """An entry whose score is the mean red of the picture, 0 to 1; refused from `threshold` on."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["means"]),
        helper.make_node("Flatten", ["means"], ["score"]),
    ]
    return _written(folder, name, nodes, {"threshold": threshold, **fields})


def _written(folder: Path, name: str, nodes: list[Any], fields: dict[str, Any]) -> Path:
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 3])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = folder / f"{name}.onnx"
    onnx.save(model, str(file))
    entry = folder / f"{name}.json"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    entry.write_text(json.dumps({"file": file.name, "sha256": digest, "size": 32, "class": 0, **fields}))
    return entry
