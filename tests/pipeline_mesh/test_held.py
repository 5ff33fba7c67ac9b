"""What other frames say of what is held before a face."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.held import Held, held, upheld
from pipeline.types import FloatArray, ImageArray


def picture(at: int) -> tuple[ImageArray, FloatArray]:
    """A textured square before a textured ground, its left border at `at`, and where it is."""
    random = np.random.default_rng(1)
    ground, thing = (
        cv2.GaussianBlur(random.normal(mean, 60, (96, 96, 3)), (0, 0), 2).clip(0, 255).astype(np.uint8)
        for mean in (120, 150)
    )
    where = np.zeros((96, 96), np.float32)
    where[40:60, at : at + 20] = 1
    ground[40:60, at : at + 20] = thing[40:60, :20]
    return ground, where


def test_what_moved_is_seen_where_it_is_now() -> None:
    (now, here), (before, there) = picture(40), picture(36)
    raised = upheld(0.2 * here, now, [Held(0.95 * there, before)])
    inside = cv2.erode(here, np.ones((5, 5), np.uint8)) > 0
    beside = cv2.dilate(here, np.ones((9, 9), np.uint8)) == 0
    assert raised[inside].mean() > 0.6
    assert raised[beside].max() < 0.1


def test_what_this_frame_alone_shows_is_never_taken_back() -> None:
    (now, here), (before, _) = picture(40), picture(36)
    chance = 0.9 * here
    assert np.array_equal(upheld(chance, now, []), chance)
    assert (upheld(chance, now, [Held(np.zeros_like(chance), before)]) >= chance).all()


def test_a_thing_that_was_before_a_place_that_looks_otherwise_now_says_nothing() -> None:
    before, there = picture(36)
    bare = np.full_like(before, 90)
    assert upheld(0.2 * there, bare, [Held(0.95 * there, before)]).max() < 0.5


def test_hair_at_the_rim_is_nothing_that_is_followed() -> None:
    small, chance = picture(40)[0], np.zeros((96, 96), np.float32)
    chance[28:30, 40:56] = 1
    assert held(chance, small) is None
    chance[60:64, 40:56] = 1
    assert held(chance, small) is not None
