"""The hue of skin in shade."""

from __future__ import annotations

import numpy as np

from pipeline.mesh.hue import deepened, own_hue, rehued

WARM = np.array([94, 134, 166], np.float32)
GREY = np.array([150, 150, 150], np.float32)


def _in_shade(tone: np.ndarray, dark: float) -> np.ndarray:
    """Skin of that tone, darker by so much in logarithms, with the hue it has there."""
    logs = np.log(tone + 12) + dark + deepened(np.float32([[dark]]), tone)[0]
    return np.clip(np.exp(logs) - 12 + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)


def test_skin_in_shade_is_redder_and_grey_is_not() -> None:
    lit, shaded = WARM, _in_shade(WARM, -0.5)[0, 0].astype(np.float32)
    assert shaded[2] / shaded[0] > 1.15 * lit[2] / lit[0]
    assert np.ptp(_in_shade(GREY, -0.5)) <= 1


def test_a_face_keeps_its_shades_among_its_like_and_loses_their_warmth_on_a_grey_one() -> None:
    shaded = _in_shade(WARM, -0.5)
    assert np.array_equal(rehued(shaded, WARM, WARM), shaded)
    lit = WARM.astype(np.uint8).reshape(1, 1, 3)
    assert np.abs(rehued(lit, WARM, GREY).astype(int) - lit).max() <= 1, "the tone itself is the light's business"
    # As `match_light` will do: each channel times what makes the tone grey.
    grey = rehued(shaded, WARM, GREY) * (GREY / WARM)
    assert np.ptp(grey) < 0.5 * np.ptp(shaded * (GREY / WARM))
    assert np.abs(own_hue(GREY)).max() < 1e-6
