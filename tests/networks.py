"""Swap networks with the published files' contract and weights or formulas of our own, made when tests run.

Three sorts, for every family of the catalogue:

* `closed_form`: networks whose output is known on paper (the same face, channels exchanged, one colour, a ramp over the
  crop, the source), which prove orientation, colours, normalisation, template and paste;
* `seeded`: a small network whose every input matters, with random but fixed weights;
* `full_inswapper`: the layers of inswapper_128, 138 million weights and 175 billion multiply-adds, with random weights.

``python -m tests.networks FOLDER [--full]`` writes them, to be used with ``RECAST_MODELS=FOLDER``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.models.catalogue import CATALOGUE, SwapContract

Form = Literal["same", "channels", "constant", "ramp", "source"]
CONSTANT = (0.8, 0.4, 0.2)
"""RGB of the form ``"constant"``."""
EMBEDDING = 512
GHOST_RAW = 40.0
"""What the converter stand-ins multiply by, so that a forgotten normalisation shows."""


class Graph:
    """Nodes and constants of a network, put together one by one."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str, weights: np.ndarray, stride: int = 1, bias: np.ndarray | None = None) -> str:
        pad = weights.shape[-1] // 2
        names = [x, self.constant(weights)] + ([self.constant(bias)] if bias is not None else [])
        return self.add("Conv", *names, pads=[pad] * 4, strides=[stride] * 2)


def swap_model(
    contract: SwapContract, body: Callable[[Graph, str, str], str], *, batch: int | str = 1, mask: bool = False,
    half: bool = False, emap: np.ndarray | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """A swap network whose RGB output in 0..1 is ``body(graph, target, source)`` of its RGB target in 0..1.

    Args:
        body: adds nodes to the graph; gets the names of the target and of the source, returns its result's.
        batch: what the file says of its first dimension.
        mask: a second output `mask` of ones, as hyperswap has.
        half: inputs and outputs in half precision.
        emap: appended as the file's last constant.
    """
    graph, side = Graph(), contract.size
    mean, deviation = (graph.constant(np.reshape(part, (1, 3, 1, 1))) for part in (contract.mean, contract.deviation))
    target, source = "target", "source"
    if half:
        target, source = (graph.add("Cast", name, to=TensorProto.FLOAT) for name in (target, source))
    rgb = graph.add("Add", graph.add("Mul", target, deviation), mean)
    result = body(graph, rgb, source)
    if contract.signed:
        result = graph.add("Div", graph.add("Sub", result, mean), deviation)
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    graph.nodes.append(helper.make_node("Cast", [result], ["output"], to=kind))
    outputs = [helper.make_tensor_value_info("output", kind, [batch, 3, side, side])]
    if mask:
        ones = graph.add("Mul", graph.add("ReduceMean", target, axes=[1]), graph.constant(0))
        graph.nodes.append(helper.make_node("Add", [ones, graph.constant(1)], ["mask"]))
        outputs.append(helper.make_tensor_value_info("mask", kind, [batch, 1, side, side]))
    if emap is not None:
        graph.constants.append(numpy_helper.from_array(emap, "emap"))
    given = [3, contract.source_size, contract.source_size] if contract.identity == "image" else [EMBEDDING]
    inputs = [
        helper.make_tensor_value_info("target", kind, [batch, 3, side, side]),
        helper.make_tensor_value_info("source", kind, [batch, *given]),
    ]
    return finished(graph, inputs, outputs)


def finished(graph: Graph, inputs: list[Any], outputs: list[Any]) -> onnx.ModelProto:
    made = helper.make_graph(graph.nodes, "standin", inputs, outputs, graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def closed_form(contract: SwapContract, form: Form, **others: Any) -> onnx.ModelProto:
    """A network whose output is known on paper; see `Form`.

    ``"ramp"`` is 0 to 1 in red from left to right, and in green from top to bottom. ``"source"`` is the source's
    picture, or the colour that the first three numbers of its vector say (times 4, plus a half).
    """

    def body(graph: Graph, target: str, source: str) -> str:
        if form == "same":
            return graph.add("Identity", target)
        if form == "channels":
            return graph.add("Gather", target, graph.constant([2, 1, 0], np.int64), axis=1)
        nothing = graph.add("Mul", target, graph.constant(0))
        if form == "constant":
            return graph.add("Add", nothing, graph.constant(np.reshape(CONSTANT, (1, 3, 1, 1))))
        if form == "ramp":
            axis = np.linspace(0, 1, contract.size)
            ramp = np.stack([np.tile(axis, (contract.size, 1)), np.tile(axis[:, None], (1, contract.size)),
                             np.zeros((contract.size,) * 2)])  # fmt: skip
            return graph.add("Add", nothing, graph.constant(ramp[None]))
        if contract.identity == "image":
            factor = contract.size / contract.source_size
            scales = graph.constant([1, 1, factor, factor])
            return graph.add("Resize", source, "", scales, mode="linear",
                             coordinate_transformation_mode="half_pixel")  # fmt: skip
        first = graph.add("Slice", source, *(graph.constant([value], np.int64) for value in (0, 3, 1)))
        colour = graph.add("Add", graph.add("Mul", first, graph.constant(4)), graph.constant(0.5))
        return graph.add("Add", nothing, graph.add("Reshape", colour, graph.constant([-1, 3, 1, 1], np.int64)))

    return swap_model(contract, body, **others)


def seeded(contract: SwapContract, seed: int = 0, **others: Any) -> onnx.ModelProto:
    """A small network with random weights: two convolutions, the source changes what lies between them."""
    random = np.random.default_rng(seed)
    width = 6

    def body(graph: Graph, target: str, source: str) -> str:
        flat = graph.add("Flatten", source) if contract.identity != "image" else graph.add(
            "Flatten", graph.add("GlobalAveragePool", source)
        )  # fmt: skip
        size = 3 if contract.identity == "image" else EMBEDDING
        weights = graph.constant(random.normal(0, 1, (size, width)).astype(np.float32))
        style = graph.add("Reshape", graph.add("MatMul", flat, weights), graph.constant([-1, width, 1, 1], np.int64))
        x = graph.conv(target, random.normal(0, 0.3, (width, 3, 3, 3)).astype(np.float32))
        x = graph.add("Relu", graph.add("Add", x, style))
        x = graph.conv(x, random.normal(0, 0.3, (3, width, 3, 3)).astype(np.float32))
        return graph.add("Sigmoid", graph.add("Add", x, graph.add("Sub", target, graph.constant(0.5))))

    return swap_model(contract, body, **others)


def emap(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.05, (EMBEDDING, EMBEDDING)).astype(np.float32)


def converter(seed: int = 2) -> onnx.ModelProto:
    """A stand-in for a crossface network: one matrix, and a result that is far from length one."""
    graph = Graph()
    weights = np.random.default_rng(seed).normal(0, 1 / np.sqrt(EMBEDDING), (EMBEDDING, EMBEDDING))
    product = graph.add("MatMul", "input", graph.constant(weights))
    graph.nodes.append(helper.make_node("Mul", [product, graph.constant(GHOST_RAW)], ["output"]))
    side = [1, EMBEDDING]
    return finished(
        graph,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, side)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, side)],
    )


def restorer(side: int, *, weighted: bool = False, constant: float | None = None) -> onnx.ModelProto:
    """A restorer that gives back what it got, or one grey (-1 to 1)."""
    graph = Graph()
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])]
    result = "input"
    if weighted:
        inputs.append(helper.make_tensor_value_info("weight", TensorProto.DOUBLE, [1]))
        nothing = graph.add("Mul", graph.add("Cast", "weight", to=TensorProto.FLOAT), graph.constant(0))
        result = graph.add("Add", result, nothing)
    if constant is not None:
        result = graph.add("Add", graph.add("Mul", result, graph.constant(0)), graph.constant(constant))
    graph.nodes.append(helper.make_node("Identity", [result], ["output"]))
    return finished(graph, inputs, [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, side, side])])


def occluder() -> onnx.ModelProto:
    """XSeg's contract: it sees the face wherever the crop is not purely blue (BGR)."""
    graph = Graph()
    blue, green, red = (
        graph.add("Slice", "input", *(graph.constant([value], np.int64) for value in (c, c + 1, 3))) for c in range(3)
    )
    less = graph.add("Sub", blue, graph.add("Max", green, red))
    masked = graph.add("Cast", graph.add("Greater", less, graph.constant(0.5)), to=TensorProto.FLOAT)
    graph.nodes.append(helper.make_node("Sub", [graph.constant(1), masked], ["output"]))
    return finished(
        graph,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 256, 256, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 256, 256, 1])],
    )


def parser() -> onnx.ModelProto:
    """BiSeNet's contract: skin in the left half of its crop, hair in the right one."""
    graph = Graph()
    classes = np.zeros((1, 19, 512, 512), np.float32)
    classes[0, 1, :, :256], classes[0, 17, :, 256:] = 1, 1
    nothing = graph.add("Mul", graph.add("ReduceMean", "input", axes=[1]), graph.constant(0))
    graph.nodes.append(helper.make_node("Add", [nothing, graph.constant(classes)], ["output"]))
    return finished(
        graph,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 512, 512])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 19, 512, 512])],
    )


def full_inswapper(seed: int = 0) -> onnx.ModelProto:
    """inswapper_128's layers with random weights: encoder, six residual blocks at 32 × 32 with 1024 channels whose
    normalisation the embedding sets, decoder."""
    random = np.random.default_rng(seed)
    contract = CATALOGUE["inswapper_128"].swap
    assert contract is not None

    def weights(out: int, into: int, side: int) -> np.ndarray:
        return random.standard_normal((out, into, side, side), np.float32) * np.float32((2 / (into * side**2)) ** 0.5)

    def normal(graph: Graph, x: str, channels: int) -> str:
        return graph.add("InstanceNormalization", x, graph.constant(np.ones(channels)),
                         graph.constant(np.zeros(channels)))  # fmt: skip

    def styled(graph: Graph, x: str, source: str) -> str:
        matrix = random.standard_normal((EMBEDDING, 2048), np.float32) * np.float32(0.04)
        style = graph.add("Reshape", graph.add("MatMul", source, graph.constant(matrix)),
                          graph.constant([-1, 2048, 1, 1], np.int64))  # fmt: skip
        scale, shift = (
            graph.add("Slice", style, *(graph.constant([value], np.int64) for value in (low, low + 1024, 1)))
            for low in (0, 1024)
        )
        scaled = graph.add("Mul", normal(graph, x, 1024), graph.add("Add", scale, graph.constant(1)))
        return graph.add("Add", scaled, shift)

    def body(graph: Graph, target: str, source: str) -> str:
        x = target
        for out, into, side, stride in ((128, 3, 7, 1), (256, 128, 3, 1), (512, 256, 3, 2), (1024, 512, 3, 2)):
            x = graph.add("LeakyRelu", normal(graph, graph.conv(x, weights(out, into, side), stride), out), alpha=0.2)
        for _ in range(6):
            inner = graph.add("Relu", styled(graph, graph.conv(x, weights(1024, 1024, 3)), source))
            x = graph.add("Add", x, styled(graph, graph.conv(inner, weights(1024, 1024, 3)), source))
        for out, into, scale in ((512, 1024, 2), (256, 512, 2), (128, 256, 1)):
            if scale > 1:
                x = graph.add("Resize", x, "", graph.constant([1, 1, scale, scale]), mode="linear")
            x = graph.add("LeakyRelu", normal(graph, graph.conv(x, weights(out, into, 3)), out), alpha=0.2)
        return graph.add("Sigmoid", graph.conv(x, weights(3, 128, 7)))

    return swap_model(contract, body, emap=emap())


def write_family(
    folder: Path, name: str, make: Callable[..., onnx.ModelProto] = seeded, to: str | None = None, **others: Any
) -> Path:
    """The stand-in of one engine in `folder`, called `to` or like the engine, with its converter."""
    entry = CATALOGUE[name]
    contract = entry.swap
    assert contract is not None
    if contract.identity == "emap" and "emap" not in others:
        others["emap"] = emap().astype(np.float16 if others.get("half") else np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    model = make(contract, mask=name.startswith("hyperswap"), **others)
    path = folder / f"{to or name}.onnx"
    onnx.save(model, str(path))
    if contract.converter is not None:
        onnx.save(converter(), str(folder / f"{contract.converter}.onnx"))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Write stand-in networks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true", help="inswapper_128 in its full size (553 MB)")
    given = parser.parse_args()
    for name, entry in CATALOGUE.items():
        if entry.kind == "swap":
            write_family(given.folder, name, half=name.endswith("fp16"))
    if given.full:
        onnx.save(full_inswapper(), str(given.folder / "inswapper_128.onnx"))


if __name__ == "__main__":
    main()
