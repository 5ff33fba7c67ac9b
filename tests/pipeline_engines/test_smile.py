"""Folds of the photo's smile on faces that do not smile."""

from __future__ import annotations

import numpy as np

from pipeline.engines.mesh.atlas import Atlas, build_atlas, canonical_shape
from pipeline.engines.mesh.engine import MeshEngine
from pipeline.engines.mesh.smile import smile
from pipeline.mesh import FaceView, topology
from pipeline.options import Options
from pipeline.types import Crop, FloatArray
from tests import faces, media

FOLD = (206, 426)
"""In the middle of the folds between nose and mouth."""


def _relief(target: str, atlas: Atlas) -> FloatArray | None:
    face = faces.portrait_face(target)
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(media.portrait(target), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    return MeshEngine().draw(view, atlas, Options()).relief


def test_who_smiles_is_seen_in_the_faces_shape() -> None:
    broad, none = (smile(canonical_shape(faces.identity(name).photos[0])) for name in ("astronaut", "hopper"))
    assert broad > 0.8
    assert none == 0


def test_a_smiles_folds_are_lifted_where_the_target_does_not_smile() -> None:
    smiling = build_atlas(faces.identity("astronaut"))
    lifted = _relief("hopper", smiling)
    assert lifted is not None
    column, row = np.round(topology().uv[list(FOLD)] * 96).astype(int).T
    depth = [lifted[y - 2 : y + 3, x - 2 : x + 3].max() for x, y in zip(column, row, strict=True)]
    assert min(depth) > 1.05 and max(depth) > 1.2, "the folds are dark"
    zones = topology()
    away = (zones.features > 0.5) | (zones.rim > 0.5) | (zones.face < 0.5)
    assert np.abs(lifted[away] - 1).mean() < 0.01, "and nothing else is changed"


def test_a_smiling_target_and_a_photo_at_rest_keep_what_the_photo_shows() -> None:
    assert _relief("astronaut", build_atlas(faces.identity("astronaut"))) is None
    assert _relief("astronaut", build_atlas(faces.identity("hopper"))) is None
