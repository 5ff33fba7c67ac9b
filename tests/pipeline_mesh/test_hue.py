"""The hue of skin in shade."""

from __future__ import annotations

import numpy as np

from pipeline.mesh.hue import chroma_on, deepened, depth, depth_on, hair_on, measured_depth, own_hue, paled, rehued

WARM = np.array([94, 134, 166], np.float32)
GREY = np.array([150, 150, 150], np.float32)


def _in_shade(tone: np.ndarray, dark: float) -> np.ndarray:
    """Skin of that tone, darker by so much in logarithms, with the hue it has there."""
    logs = np.log(tone + 12) + dark + deepened(np.float32([[dark]]), depth(tone))[0]
    return np.clip(np.exp(logs) - 12 + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)


def test_skin_in_shade_is_redder_and_grey_is_not() -> None:
    lit, shaded = WARM, _in_shade(WARM, -0.5)[0, 0].astype(np.float32)
    assert shaded[2] / shaded[0] > 1.15 * lit[2] / lit[0]
    assert np.ptp(_in_shade(GREY, -0.5)) <= 1


def test_a_face_keeps_its_shades_among_its_like_and_loses_their_warmth_on_a_grey_one() -> None:
    shaded = _in_shade(WARM, -0.5)
    warm, grey = depth(WARM), depth(GREY)
    assert np.array_equal(rehued(shaded, WARM, warm, depth_on(WARM, WARM, warm)), shaded)
    lit = WARM.astype(np.uint8).reshape(1, 1, 3)
    assert np.abs(rehued(lit, WARM, warm, grey).astype(int) - lit).max() <= 1, "the tone itself is the light's business"
    # As `match_light` will do: each channel times what makes the tone grey.
    result = rehued(shaded, WARM, warm, grey) * (GREY / WARM)
    assert np.ptp(result) < 0.5 * np.ptp(shaded * (GREY / WARM))
    assert np.abs(own_hue(GREY)).max() < 1e-6


def test_shade_that_a_painter_made_no_deeper_in_hue_is_not_violet_on_another_face() -> None:
    """It was taken for as deep as skin's, and lost on a rosy face what it never had."""
    shades = np.linspace(-0.7, 0.1, 64, dtype=np.float32).reshape(8, 8)
    logs = np.repeat(shades[..., None], 3, -1)
    deep = measured_depth(logs, np.ones((8, 8), np.float32), WARM)
    assert np.abs(deep).max() < 0.35 * np.abs(depth(WARM)).max()

    rosy = np.array([150, 160, 200], np.float32)
    shaded = np.clip(WARM * np.exp(-0.6) + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)
    gain = rosy / WARM
    seen = (rehued(shaded, WARM, deep, depth_on(rosy, WARM, deep)) * gain)[0, 0]
    by_rule = (rehued(shaded, WARM, depth(WARM), depth(rosy)) * gain)[0, 0]
    assert by_rule[0] > by_rule[1], "violet"
    assert seen[0] <= seen[1]


def test_a_face_without_shade_has_the_depth_of_the_rule() -> None:
    lit = np.zeros((8, 8, 3), np.float32)
    assert np.allclose(measured_depth(lit, np.ones((8, 8), np.float32), WARM), depth(WARM))


def test_red_lips_have_no_colour_in_black_and_white_less_on_faded_skin_and_all_of_it_among_their_like() -> None:
    lips = np.array([[[80, 70, 170]]], np.uint8)
    faded = np.array([138, 148, 162], np.float32)
    shares = [chroma_on(tone, WARM) for tone in (GREY, faded, WARM)]
    assert shares[0] == 0 and 0.4 < shares[1] < 0.7 and shares[2] == 1
    left = [np.ptp(paled(lips, WARM, share)[0, 0] / WARM) for share in shares]
    assert left[0] < 0.02 < 0.2 < left[1] < 0.75 * left[2]
    assert np.array_equal(paled(lips, WARM, 1.0), lips)
    skin = WARM.astype(np.uint8).reshape(1, 1, 3)
    assert np.array_equal(paled(skin, WARM, 0.0), skin), "the tone itself is the light's business"


def test_a_painters_deepest_shade_does_not_make_the_rest_of_the_face_green() -> None:
    rng = np.random.default_rng(2)
    shade = -rng.uniform(0.1, 0.5, (40, 40)).astype(np.float32)
    logs = shade[..., None] * (1 + 4 * depth(WARM))
    measured = measured_depth(logs, np.ones((40, 40), np.float32), WARM)
    rule = depth(WARM)
    assert abs(float(measured @ rule / (rule @ rule)) - 2.0) < 0.01


def test_dark_brows_keep_more_of_their_own_hue_than_skin_does_on_somebody_pink() -> None:
    pink = np.array([148, 140, 191], np.float32)
    brow = np.array([[[24, 30, 38]]], np.uint8)
    deep, wanted = depth(WARM), depth_on(pink, WARM, depth(WARM))
    none, own = (rehued(brow, WARM, deep, wanted, hair)[0, 0] * (pink / WARM) for hair in (None, hair_on(pink, WARM)))
    assert none[0] > none[1], "violet"
    assert own[0] < own[1] < own[2]
    lit = WARM.astype(np.uint8).reshape(1, 1, 3)
    assert np.array_equal(rehued(lit, WARM, deep, wanted, hair_on(pink, WARM)), rehued(lit, WARM, deep, wanted))
