"""insightface's real analysis weights through our way of loading them equal insightface's own `FaceAnalysis`."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from insightface.app import FaceAnalysis
from insightface.app.common import Face as InsightFace
from onnx import TensorProto, helper

from pipeline.engines.network.crop import take
from pipeline.engines.network.identity import ARCFACE_SIZE
from pipeline.errors import ModelError
from pipeline.models.align import to_crop
from pipeline.models.catalogue import ARCFACE, CATALOGUE
from pipeline.models.library import analysis_model
from tests import faces, media, models, networks
from tests.models import insight_file

FILES = ("scrfd_500m_bnkps.onnx", "w600k_mbf.onnx", "2d106det.onnx")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The faces of a group photo by `FaceAnalysis`."""
    folder = tmp_path_factory.mktemp("pack")
    for name in FILES:
        shutil.copy(insight_file(name), folder / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = FaceAnalysis(name=str(folder), providers=["CPUExecutionProvider"])
        app.prepare(ctx_id=-1, det_size=(640, 640))
        found: list[Any] = app.get(faces.test_photo("players"))
    assert len(found) > 3
    return found


def test_detector_recogniser_and_landmarker_equal_insightface_s(theirs: list[Any]) -> None:
    image = faces.test_photo("players")
    detector, recogniser, landmarker = (analysis_model(insight_file(name)) for name in FILES)
    detector.prepare(-1, input_size=(640, 640))
    boxes, points = detector.detect(image, max_num=0, metric="default")
    assert len(boxes) == len(theirs)
    for face, box, five in zip(theirs, boxes, points, strict=True):
        assert np.abs(face.bbox - box[:4]).max() < 1e-4 and abs(face.det_score - box[4]) < 1e-6
        assert np.abs(face.kps - five).max() < 1e-4
        own = InsightFace(bbox=box[:4], kps=five, det_score=box[4])
        assert np.abs(landmarker.get(image, own) - face.landmark_2d_106).max() < 1e-4
        # Our own alignment in place of insightface's, which scikit-image is about to take away.
        crop = take(image, to_crop(five, "arcface_112_v2", ARCFACE_SIZE), ARCFACE_SIZE)
        embedding = recogniser.get_feat(crop).ravel()
        cosine = embedding @ face.embedding / np.linalg.norm(embedding) / np.linalg.norm(face.embedding)
        assert cosine > 0.999, "a large face is reduced before it is warped; the rest is the same"
        if np.linalg.norm(five[0] - five[1]) < 60:
            assert np.abs(embedding - face.embedding).max() < 0.02 * np.abs(face.embedding).max()


def test_what_insightface_does_not_know_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be opened"):
        analysis_model(tmp_path / "broken.onnx")


def test_each_recogniser_of_a_library_is_its_own(tmp_path: Path) -> None:
    """ArcFace, and a network of the user's that gives how red, green and blue the face is."""
    graph = networks.Graph()
    mean = graph.add("Reshape", graph.add("GlobalAveragePool", "face"), graph.constant([-1, 3], np.int64))
    graph.nodes.append(helper.make_node("MatMul", [mean, graph.constant(np.eye(3, 512))], ["colour"]))
    ends = [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 3, 112, 112]),
            helper.make_tensor_value_info("colour", TensorProto.FLOAT, ["n", 512])]  # fmt: skip
    onnx.save(networks.finished(graph, ends[:1], ends[1:]), str(tmp_path / "colour.onnx"))
    colour = replace(CATALOGUE[ARCFACE], name="colour", file="colour.onnx", local=str(tmp_path / "colour.onnx"))
    library = models.library(tmp_path, catalogue={**models.UNPINNED, "colour": replace(colour, sha256=None)})
    portrait = faces.portrait_face("astronaut")
    assert portrait.points is not None
    face = take(media.portrait("astronaut"), to_crop(portrait.points, "arcface_112_v2", 112), 112)
    theirs = analysis_model(insight_file("w600k_mbf.onnx")).get_feat(face)
    assert np.abs(library.recogniser(ARCFACE).get_feat(face) - theirs).max() < 1e-4
    found = library.recogniser("colour").get_feat(face)[0]
    assert np.abs(found[:3] - (face[..., ::-1].mean((0, 1)) / 127.5 - 1)).max() < 1e-3 and not found[3:].any()
    assert np.abs(library.recogniser(ARCFACE).get_feat(face) - theirs).max() < 1e-4
    # Both are among the networks that are loaded, and said to be.
    assert set(library.running()) == {ARCFACE, "colour"}
