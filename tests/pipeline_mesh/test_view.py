"""The way from the atlas to a crop and back."""

from __future__ import annotations

import numpy as np

from pipeline.mesh.look_up import fourfold, look_up


def test_a_picture_is_looked_up_exactly_between_its_samples() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    x, y = (np.random.default_rng(1).uniform(0, 38, (30, 30)).astype(np.float32) for _ in range(2))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, low = (x - left)[..., None], (y - top)[..., None]
    above = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    below = picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right
    expected = above * (1 - low) + below * low
    for given in (picture, fourfold(picture), picture.astype(np.float32)):
        found = look_up(given, x, y)
        assert found.shape == (30, 30, 3) and found.dtype == given.dtype
        assert np.abs(found - expected).max() < 0.6
