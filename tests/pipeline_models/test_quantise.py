"""Eight-bit variants: made by the command, judged, and engines of their own where they hold quality."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

import app
from pipeline.engines.network import NetworkEngine
from pipeline.errors import ModelError
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.catalogue import SwapContract
from pipeline.models.quantise import GOOD, quantise
from pipeline.models.trial import Verdicts
from pipeline.options import Options
from pipeline.types import ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks


def recast(engine: NetworkEngine) -> ImageArray:
    picture = Picture(media.portrait("hopper").copy())
    roles = [FaceRole(faces.portrait_face("hopper"), faces.identity("astronaut"))]
    recast_frame(picture, roles, Wardrobe(engine), Options())
    return picture.image()


def test_an_int8_variant_is_an_engine_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECAST_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("RECAST_HOME", str(tmp_path / "notes"))
    networks.write_family(tmp_path / "models", "uniface_256")
    cv2.imwrite(str(tmp_path / "group.jpg"), faces.test_photo("players"))
    code = app.main(["models", "quantise", "uniface_256", str(tmp_path / "group.jpg"), "--anyway"])
    said = capsys.readouterr().out
    assert code == 0 and "an engine of its own" in said, said
    entry = json.loads((tmp_path / "notes" / "entries" / "uniface_256_int8.json").read_text())
    assert entry["template"] == "ffhq_512"
    # It is run as it was found to be quickest, without a trial.
    runtime = models.library(tmp_path, precision="auto").session("uniface_256_int8").runtime
    assert f"a face ({runtime})" in said
    library = models.library(tmp_path)
    small, single = NetworkEngine("uniface_256_int8", library), NetworkEngine("uniface_256", library)
    difference = np.abs(recast(small).astype(int) - recast(single))
    assert difference.max() > 0 and difference.mean() < 2


def test_one_that_is_worse_is_thrown_away(tmp_path: Path) -> None:
    """Calibrated on crops that are nothing like those it is judged on."""
    path = networks.write_family(tmp_path, "uniface_256", partial(networks.seeded, seed=3))
    random = np.random.default_rng(0)
    entry = models.UNPINNED["uniface_256"]

    def example(scale: float) -> dict[str, np.ndarray]:
        return {"target": (random.random((1, 3, 256, 256)) * scale).astype(np.float32),
                "source": (random.random((1, 3, 256, 256)) * scale).astype(np.float32)}  # fmt: skip

    made = quantise(
        entry,
        path,
        [example(40.0), example(0.01), example(0.01)],
        tmp_path / "entries",
        Verdicts(tmp_path / "notes"),
        anyway=True,
    )
    assert made.decibels < GOOD and not made.kept
    assert list((tmp_path / "entries").iterdir()) == []
    with pytest.raises(ModelError, match="three faces"):
        quantise(entry, path, [example(1.0)], tmp_path / "entries", Verdicts(tmp_path / "notes"))


def residual(contract: SwapContract, **others: Any) -> onnx.ModelProto:
    """Eight convolutions, of which each pair in the middle is a residual block."""
    random = np.random.default_rng(5)

    def weights(out: int, into: int) -> np.ndarray:
        return (random.standard_normal((out, into, 3, 3)) * (2 / (9 * into)) ** 0.5).astype(np.float32)

    def body(graph: networks.Graph, target: str, source: str) -> str:
        style = graph.add("ReduceMean", source, axes=[1], keepdims=1)
        x = graph.conv(target, weights(16, 3))
        x = graph.add(
            "Add", graph.conv(x, weights(16, 16)), graph.add("Unsqueeze", style, graph.constant([2, 3], np.int64))
        )
        for _ in range(2):
            inner = graph.add("Relu", graph.conv(x, weights(16, 16)))
            x = graph.add("Add", x, graph.conv(inner, weights(16, 16) * 0.3))
        x = graph.add("Relu", graph.conv(x, weights(16, 16)))
        return graph.add("Sigmoid", graph.conv(x, weights(3, 16) * 0.3))

    return networks.swap_model(contract, body, **others)


def test_ends_and_what_passes_by_stay_in_single_precision(tmp_path: Path) -> None:
    path = networks.write_family(tmp_path, "inswapper_128", residual)
    random = np.random.default_rng(0)
    examples = [
        {"target": random.random((1, 3, 128, 128), np.float32), "source": random.random((1, 512), np.float32)}
        for _ in range(4)
    ]
    made = quantise(
        models.UNPINNED["inswapper_128"],
        path,
        examples,
        tmp_path / "entries",
        Verdicts(tmp_path / "notes"),
        anyway=True,
    )
    assert made.kept and made.path is not None and made.decibels > 36
    graph = onnx.load(str(made.path)).graph
    makers = {name: node for node in graph.node for name in node.output}

    def kind(name: str) -> str:
        return makers[name].op_type if name in makers else "given"

    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    rounded = [kind(node.input[1]) == "DequantizeLinear" for node in convolutions]
    assert rounded == [False, False, True, True, True, True, False, False]
    for node in graph.node:
        for name in node.input:
            if node.op_type not in ("Conv", "QuantizeLinear", "DequantizeLinear") and kind(name) == "DequantizeLinear":
                # Only what comes out of a convolution in eight bits.
                assert kind(makers[makers[name].input[0]].input[0]) == "Conv"
