"""Folds of the photo's smile on faces that do not smile."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from pipeline.engines.mesh.atlas import Atlas, build_atlas, canonical_shape
from pipeline.engines.mesh.engine import MeshEngine
from pipeline.engines.mesh.smile import FINE, smile
from pipeline.mesh import FaceView, topology
from pipeline.options import Options
from pipeline.types import Crop, FloatArray
from tests import faces, media

FOLD = (206, 426)
"""In the middle of the folds between nose and mouth."""


def _view(target: str) -> FaceView:
    face = faces.portrait_face(target)
    assert face.landmarks is not None and face.pose is not None
    return FaceView(Crop(media.portrait(target), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))


def _lifted(target: str, atlas: Atlas) -> FloatArray:
    """How much brighter the drawn face became where the photo's smile was taken away, in grey levels."""
    view = _view(target)
    drawn, left = (MeshEngine().draw(view, each, Options()).image for each in (atlas, replace(atlas, smile=0.0)))
    return np.asarray(drawn.astype(np.float32).mean(-1) - left.astype(np.float32).mean(-1), np.float32)


def test_who_smiles_is_seen_in_the_faces_shape() -> None:
    broad, none = (smile(canonical_shape(faces.identity(name).photos[0])) for name in ("astronaut", "hopper"))
    assert broad > 0.8
    assert none == 0


def test_a_smiles_folds_are_lifted_where_the_target_does_not_smile() -> None:
    smiling, view = build_atlas(faces.identity("astronaut")), _view("hopper")
    lifted = _lifted("hopper", smiling)
    for point in FOLD:
        x, y = view.landmarks[point, :2].astype(int)
        assert lifted[y - 6 : y + 7, x - 6 : x + 7].max() > 15, "the folds are dark"
    zones = topology()
    away = view.fold(((zones.features > 0.5) | (zones.rim > 0.5) | (zones.face < 0.5)).astype(np.float32))
    assert np.abs(lifted)[view.enlarge(away) > 0.99].mean() < 0.2, "and nothing else is changed"


def test_a_fold_is_lifted_as_sharply_as_it_is_dark() -> None:
    """A soft lift leaves a line in the middle of the fold, which looks like a cut."""
    atlas = build_atlas(faces.identity("astronaut"))
    v = int(topology().uv[FOLD[0], 1] * FINE)
    row = cv2.resize(atlas.levels[0], (FINE, FINE), interpolation=cv2.INTER_AREA)[v].astype(np.float32).mean(-1)
    lift = atlas.folds[v].astype(np.float32).mean(-1)
    side = slice(int(0.33 * FINE), int(0.45 * FINE))
    assert abs(int(np.argmin(row[side])) - int(np.argmax(lift[side]))) <= 2
    assert np.count_nonzero(lift[side] > lift[side].max() * 0.75) < 0.03 * FINE


def test_a_smiling_target_and_a_photo_at_rest_keep_what_the_photo_shows() -> None:
    assert np.abs(_lifted("astronaut", build_atlas(faces.identity("astronaut")))).max() == 0
    assert np.abs(_lifted("astronaut", build_atlas(faces.identity("hopper")))).max() == 0
