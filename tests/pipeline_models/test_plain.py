"""A quantised network as plain floats gives what the engine gives that reads it as it is."""

from __future__ import annotations

import cv2
import numpy as np
import onnx
import pytest

from pipeline.models.detection_network import DetectionNetwork
from pipeline.models.embedded import YUNET, load
from pipeline.models.plain import dequantised
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
