"""Quantised ONNX files as plain floats, for ONNX Runtime on the CPU.

The embedded detector's weights are stored in eight-bit blocks, its biases too, which ONNX Runtime refuses. Such files
hold floats in a smaller form and no arithmetic in integers: undone once, when they are opened, they run at full speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cpu_session(data: bytes) -> Any:
    """An `onnxruntime.InferenceSession` over the serialised network in `data`, on one thread of the CPU: small networks
    are quickest so, and threads are for frames."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def dequantised(data: bytes) -> bytes:
    """A serialised ONNX model whose constant ``DequantizeLinear`` nodes are carried out, and whose inputs and outputs
    leave height and width open."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(data)
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes, plain = [], {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            values = [constants[name] for name in node.input if name]
            settings = {attribute.name: attribute.i for attribute in node.attribute}
            plain[node.output[0]] = _floats(values, settings.get("axis", 1), settings.get("block_size", 0))
        else:
            nodes.append(node)
    wanted = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in wanted]
    kept += [numpy_helper.from_array(value, name) for name, value in plain.items()]
    given = [value for value in graph.input if value.name not in constants]
    for values, found in ((graph.node, nodes), (graph.initializer, kept), (graph.input, given)):
        del values[:]
        values.extend(found)
    # Shapes that were worked out for the size in the file.
    del graph.value_info[:]
    for values, first in ((graph.input, 2), (graph.output, 1)):
        for value in values:
            for axis, size in enumerate(value.type.tensor_type.shape.dim[first:]):
                size.dim_param = f"{value.name}_{axis}"
    return bytes(model.SerializeToString())


def _floats(values: list[NDArray[Any]], axis: int, block: int) -> NDArray[np.float32]:
    """What ``DequantizeLinear`` gives for a tensor, its scale and, where there is one, its zero point."""
    tensor = values[0].astype(np.float32)
    scale, zero = (value.astype(np.float32) for value in (*values[1:], np.zeros_like(values[1]))[:2])
    if block:
        scale, zero = (np.repeat(value, block, axis).take(range(tensor.shape[axis]), axis) for value in (scale, zero))
    elif scale.ndim == 1 and scale.size > 1:
        shape = [-1 if place == axis else 1 for place in range(tensor.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return np.asarray((tensor - zero) * scale, np.float32)
