"""Glasses taken off a photo, and skin made up where they were."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.looks import Carried
from pipeline.engines.mesh.pores import pores
from pipeline.mesh import topology
from pipeline.types import FloatArray
from tests import faces


def _luma(dressed: bool) -> FloatArray:
    """``(512, 512)`` float32, Grace Hopper's atlas."""
    level = build_atlas(faces.identity("hopper")).looks.levels(Carried(glasses=dressed))[0]
    assert level.shape[0] == 512
    return cv2.GaussianBlur(cv2.cvtColor(level, cv2.COLOR_BGR2GRAY), (0, 0), 1.0).astype(np.float32)


def test_bags_and_wrinkles_seen_through_the_lenses_stay() -> None:
    worn, bare = _luma(dressed=True), _luma(dressed=False)
    for landmark in (23, 253):
        u, v = (topology().uv[landmark] * 512).astype(int)
        part = slice(v - 8, v + 18), slice(u - 22, u + 22)
        assert np.corrcoef(worn[part].ravel(), bare[part].ravel())[0, 1] > 0.9
        assert bare[part].std() > 0.6 * worn[part].std()


def test_no_stroke_of_the_frame_is_left_above_the_lids() -> None:
    """Between brow and lid the thick upper rim was; the darkest that is left there is skin in shade."""
    worn, bare = _luma(dressed=True), _luma(dressed=False)
    tone = build_atlas(faces.identity("hopper")).tone.mean()
    for landmark in (222, 223, 224, 442, 443, 444, 28, 258):
        u, v = (topology().uv[landmark] * 512).astype(int)
        part = slice(v - 4, v + 5), slice(u - 6, u + 7)
        assert bare[part].min() > 0.55 * tone, landmark
    places = (topology().uv[[223, 443]] * 512).astype(int)
    assert min(worn[v - 8 : v + 9, u].min() for u, v in places) < 0.3 * tone, "there was a rim"


def test_no_shine_of_the_lens_is_left() -> None:
    """Below her right eye the glass shines; without it her bag is hardly lighter than lit skin."""
    bare = _luma(dressed=False)
    tone = cv2.cvtColor(build_atlas(faces.identity("hopper")).tone[None, None], cv2.COLOR_BGR2GRAY)[0, 0]
    zone = np.zeros((512, 512), np.uint8)
    bag = topology().uv[[31, 228, 229, 230, 231, 232]] * 512
    cv2.polylines(zone, [np.round(bag).astype(np.int32)], False, 1, 12)
    assert np.quantile(bare[zone > 0], 0.9) < 1.13 * tone


def test_made_up_skin_has_the_cheeks_texture_and_no_pattern() -> None:
    picture = build_atlas(faces.identity("hopper")).levels[0]
    made = pores(picture).mean(-1)
    assert made.shape == (512, 512)
    u, v = (topology().uv[425] * 512).astype(int)
    cheek = cv2.cvtColor(picture[v - 20 : v + 20, u - 20 : u + 20], cv2.COLOR_BGR2GRAY).astype(np.float32)
    cheek -= cv2.GaussianBlur(cheek, (0, 0), 4)
    assert 0.4 < made.std() / cheek.std() < 1.2
    power = np.abs(np.fft.fft2(made - made.mean())) ** 2
    alike = np.fft.ifft2(power).real
    alike /= alike[0, 0]
    alike[:12, :12] = alike[-12:, :12] = alike[:12, -12:] = alike[-12:, -12:] = 0
    assert alike.max() < 0.2
