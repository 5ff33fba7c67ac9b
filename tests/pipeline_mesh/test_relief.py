"""What was taken from a photo comes back where the target shows the same."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.mesh import topology
from pipeline.mesh.relief import given_back, relief
from pipeline.types import FloatArray


def _map(value: float) -> FloatArray:
    return np.full((96, 96, 3), value, np.float32)


def _shadow() -> FloatArray:
    """Half of the face, half as light."""
    shadow = _map(0.0)
    shadow[:, :48] = np.log(0.5)
    return shadow


def test_on_the_same_face_all_of_it_comes_back() -> None:
    drawn = _map(0.1)
    times = given_back(drawn, _shadow(), drawn + _shadow())
    assert np.allclose(times[:, 8:40], 0.5, atol=0.02)
    assert np.allclose(times[:, 52:], 1.0)


def test_of_what_the_target_has_half_half_comes_back() -> None:
    times = given_back(_map(0.0), _shadow(), 0.5 * _shadow())
    assert np.allclose(times[:, 8:40], np.sqrt(0.5), atol=0.02)


def test_nothing_comes_back_where_the_target_shows_none_of_it_and_never_more_than_was_taken() -> None:
    plain, shadow = _map(0.0), _shadow()
    assert np.allclose(given_back(plain, shadow, plain), 1.0)
    assert np.allclose(given_back(plain, shadow, -shadow), 1.0)
    assert given_back(plain, shadow, 3 * shadow).min() >= 0.499


def test_a_hue_comes_back_only_where_the_target_has_it() -> None:
    """Grey hair on red skin is greener than that: on anybody with dark brows it became green ones."""
    plain, dark = _map(0.0), _shadow()
    tint = np.array([0.1, 0.12, -0.22], np.float32) * (dark < 0)
    greener = given_back(plain, dark + tint, dark + tint)
    assert np.allclose(greener[:, 8:40], 0.5 * np.exp(tint[:, 8:40]), atol=0.02)
    brown = given_back(plain, dark + tint, dark)
    assert np.allclose(brown[:, 8:40], 0.5, atol=0.03)


def test_hair_of_brows_brings_no_shade_back() -> None:
    """Somebody without brows, only shade beneath their ridges, had grey arches on anybody with dark ones."""
    brows = topology().brows[..., None] * np.ones(3, np.float32)
    own, hair = brows * np.float32(-0.3), brows * np.float32(-0.8)
    where = topology().brows > 0.99
    assert given_back(_map(0.0), own, hair)[where].mean() > 0.98
    assert given_back(_map(0.0), own, own)[where].mean() < 0.76


@pytest.mark.parametrize("feature", ["brows", "lips"])
def test_skin_brings_no_light_back_where_features_are(feature: str) -> None:
    """A brow and lips in the photo's shadow shone at their edges on anybody who has bare skin there."""
    zone: FloatArray = getattr(topology(), feature)
    there, where = zone[..., None] * np.ones(3, np.float32), zone > 0.99
    drawn, own = there * np.float32(-1.0), there * np.float32(0.4)
    assert given_back(drawn, own, _map(0.0))[where].mean() < 1.02
    assert given_back(drawn, own, drawn + own)[where].mean() > 1.42


def test_relief_is_what_departs_from_the_light() -> None:
    light = _map(160.0)
    assert np.allclose(relief(light, light), 0.0, atol=1e-6)
    assert (relief(light * np.float32(0.5), light) < -0.6).all()
