"""Brows: hair that is carried over, and shade that is not."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.brows import hairiness, strands
from pipeline.engines.mesh.calm import calmed
from pipeline.mesh import topology
from pipeline.mesh.hue import depth
from pipeline.models.face_mesh import LEFT_BROW, RIGHT_BROW
from pipeline.types import FloatArray
from tests import faces

SIZE = 192
TONE = np.array([140, 165, 205], np.float32)


def _brows(darkness: float, softness: float) -> FloatArray:
    """``(192, 192)``: bands where brows are, with borders so soft (sigma, in texels)."""
    dark = np.zeros((SIZE, SIZE), np.float32)
    for brow in (RIGHT_BROW, LEFT_BROW):
        outline = cv2.convexHull(np.round(topology().uv[list(brow)] * SIZE).astype(np.int32))
        cv2.fillConvexPoly(dark, outline, 1.0)
    dark = cv2.GaussianBlur(cv2.dilate(dark, np.ones((5, 5), np.uint8)), (0, 0), softness)
    return np.asarray(-darkness * dark / dark.max(), np.float32)


def test_what_begins_at_a_line_is_hair_and_what_comes_softly_is_shade() -> None:
    assert hairiness(_brows(0.6, 0.8)) > 0.95
    assert hairiness(_brows(0.6, 7.0)) < 0.05
    assert hairiness(_brows(0.15, 0.8)) > 0.95, "however fair"


def test_real_brows_are_hair() -> None:
    for name in ("astronaut", "hopper"):
        atlas = build_atlas(faces.identity(name))
        small = cv2.resize(atlas.levels[0], (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
        assert hairiness((np.log(small + 12) - np.log(atlas.tone + 12)).mean(-1)) > 0.9


def _carried(shade: FloatArray) -> FloatArray:
    """How dark the middle of the brows is after the picture was calmed, in logarithms."""
    picture = np.clip(TONE * np.exp(shade)[..., None] + 0.5, 0, 255).astype(np.uint8)
    calm = calmed(picture, TONE, depth(TONE)).astype(np.float32)
    return np.asarray((np.log(TONE) - np.log(calm + 1)).mean(-1)[shade < 0.9 * shade.min()], np.float32)


def test_brows_stay_dark_and_the_shade_of_a_ridge_does_not() -> None:
    assert _carried(_brows(0.6, 0.8)).mean() > 0.5
    assert _carried(_brows(0.6, 7.0)).mean() < 0.3


def test_hairs_of_very_fair_brows_grow_stronger_and_of_others_do_not() -> None:
    fine = np.random.default_rng(3).normal(0, 0.05, (SIZE, SIZE)).astype(np.float32)
    fair, dark = _brows(0.16, 0.8), _brows(0.5, 0.8)
    more = strands(fine, fair)
    middle = fair < 0.9 * fair.min()
    assert (more <= 0).all() and more[middle].mean() < 0.7 * np.minimum(fine, 0)[middle].mean()
    assert not more[fair > -0.01].any() or np.abs(more[fair > -0.01]).max() < 0.02
    assert np.abs(strands(fine, dark)).max() == 0


def _calm(logs: FloatArray) -> FloatArray:
    """``(192, 192, 3)``: the departure from the tone after the picture was calmed, in logarithms."""
    picture = np.clip(TONE * np.exp(logs) + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(np.log(calmed(picture, TONE, depth(TONE)).astype(np.float32) + 1) - np.log(TONE), np.float32)


def test_fair_brows_have_the_hue_of_skin_in_shade_and_dark_ones_their_own() -> None:
    """Paler than skin they were green on somebody pink."""
    green = np.array([-0.03, 0.07, -0.04], np.float32)
    left = []
    for darkness in (0.2, 0.7):
        shade = _brows(darkness, 0.8)
        brow = shade < 0.9 * shade.min()
        own, plain = (_calm(shade[..., None] * (1 - each / darkness)) for each in (green, np.zeros(3, np.float32)))
        left.append(float((own - plain)[brow].mean(0) @ green / (green @ green)))
    assert left[0] < 0.3 and left[1] > 0.6


def test_what_shines_beside_a_brow_is_held() -> None:
    shine = -_brows(0.3, 2.0)
    assert _calm(np.repeat(shine[..., None], 3, -1)).mean(-1)[shine > 0.2].mean() < 0.18
