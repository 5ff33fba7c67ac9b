"""Skin that is seen at a more grazing angle than in the photo."""

from __future__ import annotations

import numpy as np

from pipeline.engines.mesh.squeeze import unsqueezed
from pipeline.mesh import FaceView, topology
from pipeline.models.face_mesh import face_mesh
from pipeline.types import Crop, FloatArray, ImageArray

TONE = np.array([120, 150, 200], np.float32)
SIDE = 300


def _turned(degrees: float) -> FaceView:
    """A view of the canonical face, turned about its own axis."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    shape = (face_mesh().vertices @ turn.T) * [13, -13, -13] + [SIDE / 2, SIDE / 2, 0]
    landmarks = np.concatenate([shape, np.repeat(shape[:1], 10, 0)]).astype(np.float32)
    image = np.full((SIDE, SIDE, 3), 128, np.uint8)
    return FaceView(Crop(image, landmarks, np.eye(2, 3, dtype=np.float32), np.eye(4, dtype=np.float32)))


def _lined() -> ImageArray:
    """A drawn face with dark stripes all over."""
    image = np.empty((SIDE, SIDE, 3), np.uint8)
    image[:] = TONE
    image[:, ::6] = TONE * 0.5
    return image


def _contrast(image: ImageArray, view: FaceView, zone: FloatArray) -> float:
    where = view.enlarge(view.fold(zone)) > 0.9
    assert np.count_nonzero(where) > 30
    return float(image.astype(np.float32).mean(-1)[where].std())


def test_lines_on_the_far_side_of_a_turned_face_fade_and_those_in_front_stay() -> None:
    front, turned, drawn = _turned(0), _turned(45), _lined()
    assert np.array_equal(unsqueezed(drawn, front, front.facing, TONE), drawn), "seen as in the photo"
    result = unsqueezed(drawn.copy(), turned, front.facing, TONE)
    squeezed = (turned.facing / (front.facing + 1e-3) < 0.45) & (turned.facing > 0.1) & (topology().skin > 0)
    whole = (turned.facing / (front.facing + 1e-3) > 0.9) & (topology().skin > 0)
    before, after = (_contrast(each, turned, squeezed.astype(np.float32)) for each in (drawn, result))
    assert after < 0.5 * before
    assert _contrast(result, turned, whole.astype(np.float32)) > 0.9 * _contrast(
        drawn, turned, whole.astype(np.float32)
    )


def test_the_far_brow_ends_before_the_silhouette_and_the_near_one_keeps_its_end() -> None:
    front, turned = _turned(0), _turned(30)
    dark = np.full((SIDE, SIDE, 3), 40, np.uint8)
    result = unsqueezed(dark.copy(), turned, front.facing, TONE).astype(np.float32).mean(-1)

    def at(landmark: int) -> float:
        x, y = np.rint(turned.landmarks[landmark, :2]).astype(int)
        return float((result[y, x] - 40) / (np.mean(TONE) - 40))

    ends = {end: at(end) for end in (70, 300)}
    far = max(ends, key=lambda end: ends[end])
    assert ends[far] > 0.4
    assert min(ends.values()) < 0.05
    assert max(at(middle) for middle in (105, 334, 107, 336)) < 0.1
