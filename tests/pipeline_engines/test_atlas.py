"""The atlas: what of a photo comes along, and what does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.irises import iris_colour
from pipeline.mesh import topology
from pipeline.types import FloatArray, ImageArray
from tests import faces, media

TONE = np.array([140, 165, 205], np.float32)


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_the_sides_of_the_face_are_plain_skin_where_the_photo_only_grazes_them(name: str) -> None:
    """No collar, no hair and no smeared ear: they end up on the cheek of a turned head."""
    atlas = build_atlas(faces.identity(name))
    small = cv2.resize(atlas.levels[0], (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    zones = topology()
    sides = (zones.brim * zones.face > 0.9) & (zones.beard < 0.1) & (zones.sides > 0.9)
    assert np.count_nonzero(sides) > 50
    assert np.abs(small[sides] - atlas.tone).mean(-1).max() < 40


def _drawn(draw: ImageArray) -> FloatArray:
    """How much darker, in logarithms, each texel of a drawing on plain skin is after it was calmed."""
    return np.log(TONE.mean()) - np.log(calmed(draw, TONE).astype(np.float32).mean(-1) + 1)


def test_a_deep_fold_becomes_shallower_and_a_moustache_stays() -> None:
    size, v = 384, int(topology().uv[164, 1] * 384)
    fold = np.full((size, size, 3), TONE, np.uint8)
    u = int(topology().uv[205, 0] * size)
    cv2.line(fold, (u, v - 30), (u, v + 30), (40, 45, 60), 3, cv2.LINE_AA)
    before = np.log(TONE.mean()) - np.log(fold[v, u].mean() + 1)
    assert 0.15 < _drawn(fold)[v, u] < 0.6 * before

    moustache = np.full((size, size, 3), TONE, np.uint8)
    middle = int(topology().uv[164, 0] * size)
    cv2.ellipse(moustache, (middle, v), (52, 14), 0, 0, 360, (40, 45, 60), -1, cv2.LINE_AA)
    assert _drawn(moustache)[v - 6 : v + 6, middle - 40 : middle + 40].mean() > 0.9 * before


def test_irises_keep_their_colour_under_warm_light() -> None:
    image, landmarks = media.portrait("astronaut"), faces.portrait_face("astronaut").landmarks
    assert landmarks is not None
    warm = np.clip(image * np.array([0.6, 0.85, 1.1]), 0, 255).astype(np.uint8)
    neutral, found = iris_colour(image, landmarks), iris_colour(warm, landmarks)
    assert neutral is not None and found is not None

    violet = np.clip(image * np.array([1.1, 0.6, 1.0]), 0, 255).astype(np.uint8)
    seen = iris_colour(violet, landmarks)
    assert seen is not None and seen[1] >= min(seen[0], seen[2]), "no iris is violet"

    def warmth(colour: FloatArray) -> float:
        return float(colour[2] / colour[0])

    assert warmth(found) / warmth(neutral) < 1.3 < 1.1 / 0.6
