"""Uneven light of a photo, glare on one side and a forehead that shines, and the rims that sharpening draws."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.exposure import exposure
from pipeline.mesh import topology
from pipeline.mesh.hue import depth
from pipeline.types import FloatArray

SIZE = 384
TONE = np.array([140, 165, 205], np.float32)


def _at(*landmarks: int) -> tuple[int, int]:
    u, v = topology().uv[list(landmarks)].mean(0) * SIZE
    return round(float(u)), round(float(v))


def _with(places: list[tuple[int, int]], times: float, axes: tuple[int, int]) -> FloatArray:
    """Plain skin with soft patches that are so many times as light."""
    gain = np.ones((SIZE, SIZE), np.float32)
    for place in places:
        cv2.ellipse(gain, place, axes, 0, 0, 360, times, -1)
    return np.asarray(TONE * cv2.GaussianBlur(gain, (0, 0), 3)[..., None], np.float32)


def test_glare_below_one_eye_gives_way_to_the_other_side() -> None:
    one, other = _at(119), _at(348)
    counts = exposure(_with([one], 1.5, (22, 12)), TONE)
    assert counts[one[1] // 4, one[0] // 4] < 0.1
    assert counts[other[1] // 4, other[0] // 4] > 0.8


def test_light_that_both_sides_have_and_faint_light_count_in_full() -> None:
    places = [_at(119), _at(348)]
    for picture in (_with(places, 1.5, (22, 12)), _with(places[:1], 1.1, (22, 12))):
        counts = exposure(picture, TONE)
        assert min(float(counts[v // 4, u // 4]) for u, v in places) > 0.9


def test_a_forehead_that_shines_above_its_brows_gets_no_pale_bars() -> None:
    """It shone in the photo's light, and not in the target's. A cheek that is rounder than most may stay lighter."""
    (forehead, cheek), light = (_at(66, 69), _at(50)), {}
    for place in (forehead, cheek):
        picture = _with([place], 1.35, (26, 14))
        u, v = place
        carried = calmed(np.clip(picture, 0, 255).astype(np.uint8), TONE, depth(TONE))
        light[place] = float(np.log(carried[v - 2 : v + 3, u - 4 : u + 5].mean() / TONE.mean()))
    assert light[forehead] < 0.13
    assert light[cheek] > 0.14


def test_a_rim_that_sharpening_drew_above_dark_brows_is_not_carried_over() -> None:
    """It was a pale jagged line on any skin."""
    picture = np.full((SIZE, SIZE, 3), TONE, np.float32)
    for line in ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285)):
        points = np.round(topology().uv[list(line)] * SIZE).astype(np.int32)
        cv2.polylines(picture, [points - (0, 8)], False, tuple(map(float, TONE * 1.3)), 2, cv2.LINE_AA)
        cv2.polylines(picture, [points], False, tuple(map(float, TONE * 0.35)), 12, cv2.LINE_AA)
    u, v = _at(52)
    carried = calmed(np.clip(picture, 0, 255).astype(np.uint8), TONE, depth(TONE))
    rims = [float(np.log(each[v - 16 : v - 5, u].mean(-1).max() / TONE.mean())) for each in (picture, carried)]
    assert rims[0] > 0.15
    assert rims[1] < 0.7 * rims[0]
    assert carried[v, u].mean() < 0.5 * TONE.mean(), "the brow stays"
