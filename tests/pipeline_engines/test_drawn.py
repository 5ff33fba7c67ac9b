"""Folds about a mouth that is open wider than the photo's."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from pipeline.engines.mesh.atlas import Atlas, build_atlas
from pipeline.engines.mesh.drawn import AROUND, creases, gap
from pipeline.engines.mesh.engine import MeshEngine
from pipeline.mesh import FaceView, topology
from pipeline.options import Options
from pipeline.types import Crop, FloatArray
from tests import faces, media

LOWER = (95, 88, 178, 87, 14, 317, 402, 318, 324, 146, 91, 181, 84, 17, 314, 405, 321, 375)


@cache
def _atlas() -> Atlas:
    return build_atlas(faces.identity("hopper"))


def _view(wider: float) -> FaceView:
    """Her own face, its lower lip and chin lower by so many distances of the eyes."""
    face = faces.portrait_face("hopper")
    assert face.landmarks is not None and face.pose is not None
    points = face.landmarks.copy()
    eyes = float(np.linalg.norm(points[33] - points[263]))
    jaw = points[:, 1] > points[17, 1]
    jaw[list(LOWER)] = True
    points[jaw, 1] += wider * eyes
    return FaceView(Crop(media.portrait("hopper"), points, np.eye(2, 3, dtype=np.float32), face.pose))


def _lifted(wider: float) -> FloatArray:
    """How much brighter the drawn face became by it, in grey levels."""
    atlas, view = _atlas(), _view(wider)
    drawn, left = (MeshEngine().draw(view, each, Options()).image for each in (atlas, replace(atlas, gap=9.0)))
    return np.asarray(drawn.astype(np.float32).mean(-1) - left.astype(np.float32).mean(-1), np.float32)


def test_folds_about_a_mouth_that_is_open_wide_are_drawn_smooth() -> None:
    lifted, view = _lifted(0.35), _view(0.35)
    for line in AROUND:
        middle = view.landmarks[line[len(line) // 2], :2].astype(int)
        assert lifted[middle[1] - 8 : middle[1] + 9, middle[0] - 8 : middle[0] + 9].max() > 8, "the folds are dark"
    zones = topology()
    away = view.fold(((zones.features > 0.5) | (zones.rim > 0.5) | (zones.face < 0.5)).astype(np.float32))
    assert np.abs(lifted)[view.enlarge(away) > 0.99].mean() < 0.2, "and nothing else is changed"


def test_they_go_bit_by_bit_and_quiet_talk_keeps_them() -> None:
    assert np.abs(_lifted(0.05)).max() == 0
    some, more = (float(np.abs(_lifted(wider)).mean()) for wider in (0.2, 0.3))
    assert 0 < some < more


def test_a_mouth_that_was_open_in_the_photo_keeps_its_folds() -> None:
    view = _view(0.35)
    left = MeshEngine().draw(view, replace(_atlas(), gap=gap(view.landmarks)), Options()).image
    assert np.array_equal(left, MeshEngine().draw(view, replace(_atlas(), gap=9.0), Options()).image)


def test_a_beard_and_soft_hollows_are_no_folds() -> None:
    assert creases(_atlas().levels[0], None) is not None
    assert creases(_atlas().levels[0], np.ones_like(topology().skin)) is None
    assert build_atlas(faces.identity("astronaut")).creases is None
