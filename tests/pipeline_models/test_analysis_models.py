"""insightface's real analysis weights through our way of loading them equal insightface's own `FaceAnalysis`."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from insightface.app import FaceAnalysis
from insightface.app.common import Face as InsightFace

from pipeline.engines.network.crop import take
from pipeline.engines.network.identity import ARCFACE_SIZE
from pipeline.errors import ModelError
from pipeline.models.align import to_crop
from pipeline.models.library import analysis_model
from tests import faces
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
    detector, recogniser, landmarker = (analysis_model(insight_file(name), "cpu") for name in FILES)
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
        analysis_model(tmp_path / "broken.onnx", "cpu")
