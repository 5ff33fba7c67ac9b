"""Sums over maps: the quick ways give what the plain ones do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.mesh.maps import blurred, broadly, grey
from tests import media


@pytest.mark.parametrize("sigma", [3.0, 8.0, 9.5, 16.0, 32.0])
@pytest.mark.parametrize("odd", [0, 37])
def test_a_broad_blur_on_a_coarse_grid_is_the_blur(sigma: float, odd: int) -> None:
    picture = cv2.resize(media.portrait("hopper"), (768 + odd, 768)).astype(np.float32)
    quick, plain = broadly(picture, sigma), blurred(picture, sigma)
    assert quick.shape == plain.shape and quick.dtype == np.float32
    # At the border cells are mirrored where the blur itself mirrors pixels.
    inside = slice(round(2 * sigma), -round(2 * sigma))
    apart = np.abs(quick - plain)[inside, inside]
    assert apart.mean() < 0.002 * picture.std()
    assert apart.max() < 0.015 * picture.std()


def test_grey_is_the_mean_of_the_channels() -> None:
    picture = media.portrait("hopper").astype(np.float32)
    np.testing.assert_allclose(grey(picture), picture.mean(-1), atol=1e-3)
