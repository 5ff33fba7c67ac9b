"""Networks that are rewritten when they are opened, to be run with less work, give what their files give."""

from __future__ import annotations

import cv2
import numpy as np
import onnx
import pytest

from pipeline.models.detection_network import DetectionNetwork
from pipeline.models.embedded import FRONT, YUNET, load
from pipeline.models.front import Bounds, FrontNetwork
from pipeline.models.plain import cpu_session, dequantised
from tests.media import background, paste, placed


@pytest.mark.parametrize("size", [(320, 192), (448, 256), (96, 608)])
def test_the_detection_network_is_the_one_in_its_file_at_every_size(size: tuple[int, int]) -> None:
    width, height = size
    picture = paste(background(width, height), "hopper", placed("hopper", (width / 2, height / 2), 60))
    theirs = cv2.dnn.readNetFromONNX(np.frombuffer(load(YUNET), np.uint8))
    theirs.setInput(cv2.dnn.blobFromImage(picture))
    names = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]
    for found, wanted in zip(DetectionNetwork()(picture), theirs.forward(names), strict=True):
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < 1e-4


def test_nothing_quantised_is_left() -> None:
    model = onnx.load_from_string(dequantised(load(YUNET)))
    assert not [node for node in model.graph.node if "Quantize" in node.op_type]
    onnx.checker.check_model(model)


@pytest.mark.parametrize(("rows", "columns"), [((16, 84), (10, 88)), ((30, 44), (8, 90)), ((22, 60), (54, 72))])
def test_what_is_held_in_front_is_the_same_where_it_is_asked_for(rows: Bounds, columns: Bounds) -> None:
    face = np.random.default_rng(7).normal(0, 1, (1, 5, 96, 96)).astype(np.float32)
    (whole,) = cpu_session(load(FRONT)).run(None, {"face": face})
    found = FrontNetwork(rows, columns).run(face)
    # Two texels at its border look at what was left out.
    inner = slice(rows[0] + 2, rows[1] - 2), slice(columns[0] + 2, columns[1] - 2)
    assert np.abs(found[inner] - whole[0, 0][inner]).max() < 1e-5
    outside = np.ones((96, 96), bool)
    outside[slice(*rows), slice(*columns)] = False
    assert not found[outside].any()
