"""Nose, lips, chin and beard on the atlas: what light and a faded photo do not bring along."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.beard import growth, shaved
from pipeline.engines.mesh.calm import calmed
from pipeline.mesh import topology
from pipeline.mesh.hue import FLOOR, depth
from pipeline.models.face_mesh import OUTER_LIPS
from pipeline.types import FloatArray, Identity, ImageArray, SourcePhoto
from tests import faces, media

SIZE = 384
TONE = np.array([140, 165, 205], np.float32)


def _plain() -> ImageArray:
    return np.full((SIZE, SIZE, 3), TONE, np.uint8)


def _at(*landmarks: int) -> tuple[int, int]:
    u, v = topology().uv[list(landmarks)].mean(0) * SIZE
    return round(float(u)), round(float(v))


def _drawn(draw: ImageArray) -> FloatArray:
    """How much darker, in logarithms, each texel of a drawing on plain skin is after it was calmed."""
    return np.log(TONE.mean()) - np.log(calmed(draw, TONE, depth(TONE)).astype(np.float32).mean(-1) + 1)


def _with_lips(colour: tuple[int, int, int]) -> ImageArray:
    picture = _plain()
    outline = np.round(topology().uv[list(OUTER_LIPS)] * SIZE).astype(np.int32)
    cv2.fillConvexPoly(picture, cv2.convexHull(outline), colour, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def _redness(picture: ImageArray, tone: FloatArray) -> float:
    """How much redder than skin the lower lip is: red less green, in logarithms."""
    u, v = (np.array(_at(14, 17)) * picture.shape[0] / SIZE).astype(int)
    lip = np.median(picture[v - 3 : v + 4, u - 12 : u + 13].reshape(-1, 3), 0)
    _, green, red = np.log(lip + FLOOR) - np.log(tone + FLOOR)
    return float(red - green)


def test_shade_beneath_a_nose_goes_and_its_nostrils_stay() -> None:
    nostrils, base, picture = (_at(99), _at(328)), _at(2), _plain()
    cv2.ellipse(picture, base, (34, 20), 0, 0, 360, (70, 82, 102), -1, cv2.LINE_AA)
    for place in nostrils:
        cv2.circle(picture, place, 5, (28, 33, 41), -1, cv2.LINE_AA)
    after = _drawn(picture)
    assert after[base[1], base[0]] < 0.75 * np.log(2), "the underside"
    for u, v in nostrils:
        assert after[v, u] > 0.7


def _with_moustache() -> tuple[ImageArray, tuple[int, int]]:
    """Between nose and lips, and in the shade of the nose nothing parts it from the nostrils."""
    picture, (u, top), (_, low) = _plain(), _at(2), _at(0)
    cv2.ellipse(picture, (u, (top + low) // 2 + 4), (36, (low - top) // 2), 0, 0, 360, (28, 32, 38), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (u - 22, top - 12), (u + 22, top + 6), (28, 32, 38), -1)
    return picture, (u, (top + low) // 2 + 3)


def test_nostrils_stay_two_above_a_moustache() -> None:
    """In shade they were one black line with it."""
    picture, (u, v) = _with_moustache()
    after, nose = _drawn(picture), _at(2)[1] - 5
    assert after[nose, u - 1 : u + 2].max() < 0.6, "what parts them is skin"
    assert after[v, u] > 1.0, "the moustache is no shade"


def test_a_moustache_that_touches_nose_and_lips_is_shaved_off() -> None:
    """There is hardly any skin there that it is seen on."""
    picture, (u, v) = _with_moustache()
    before, after = (float(each[v, u - 12 : u + 13].mean()) for each in (picture, shaved(picture, TONE)))
    assert before < 0.3 * TONE.mean()
    assert after > 0.65 * TONE.mean()


def test_shade_on_one_side_of_a_nose_goes_and_that_on_both_stays() -> None:
    """A blot beside the nose where the photo's light came from the other side."""
    dark = {}
    for sides in (1, 2):
        picture = _plain()
        (u, v), (other, _) = _at(49, 129), _at(279, 358)
        for place in (u, other)[:sides]:
            cv2.ellipse(picture, (place, v), (9, 22), 0, 0, 360, (70, 82, 102), -1, cv2.LINE_AA)
        dark[sides] = float(_drawn(cv2.GaussianBlur(picture, (0, 0), 3))[v, u])
    assert dark[2] > 0.4
    assert dark[1] < 0.85 * dark[2]


@pytest.mark.parametrize("colour", [(142, 148, 182), (150, 146, 180), (112, 128, 160)])
def test_pale_and_lilac_lips_get_a_living_red(colour: tuple[int, int, int]) -> None:
    picture = _with_lips(colour)
    assert _redness(picture, TONE) < 0.02
    assert 0.05 < _redness(calmed(picture, TONE, depth(TONE)), TONE) < 0.2


def test_lips_that_are_red_stay_as_they_are() -> None:
    picture = _with_lips((110, 112, 180))
    before, after = (_redness(each, TONE) for each in (picture, calmed(picture, TONE, depth(TONE))))
    assert before > 0.2
    assert after == pytest.approx(before, abs=0.03)


def test_lips_of_a_real_face_under_greenish_light_are_red() -> None:
    """Such light leaves them as pale as skin."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    faded = np.clip(image.astype(np.float32) @ (np.eye(3) * 0.25 + 0.25), 0, 255) * np.array([0.8, 1.0, 0.85])
    assert face.embedding is not None
    atlas = build_atlas(Identity((SourcePhoto(faded.astype(np.uint8), face),), face.embedding))
    assert _redness(atlas.levels[0], atlas.tone) > 0.05


def test_a_beard_is_no_brown_shade() -> None:
    """It is dark by its hair, which has no skin's hue: on pale skin it looked like dirt."""
    place = cv2.resize(topology().beard, (SIZE, SIZE))[..., None]
    tone = np.array([98, 139, 171], np.float32)
    bearded = (tone * np.exp(place * (depth(tone) * -0.8 - 0.5))).astype(np.uint8)
    (u, v), brown = _at(17, 152), {}
    for name, picture in (("photo", bearded), ("carried", calmed(bearded, tone, depth(tone)))):
        logs = np.log(picture[v, u] + FLOOR) - np.log(tone + FLOOR)
        assert logs.mean() < -0.3
        brown[name] = float(logs[2] - logs[0])
    assert 0.3 < brown["carried"] / brown["photo"] < 0.65


def test_the_underside_of_a_chin_is_no_beard() -> None:
    """It is as dark, and does not reach the mouth."""
    rows = np.arange(96)[:, None]
    _, end = topology().uv[152] * 96
    chin = topology().beard * (rows > end - 7)
    assert growth(np.asarray(-0.6 * chin, np.float32)).max() < 0.05
    assert growth(np.asarray(-0.6 * topology().beard, np.float32))[chin > 0.9].mean() > 0.9


def test_a_dark_chin_underside_is_not_carried_over() -> None:
    """Einstein's was two dark spots on a chin seen from the front."""
    picture, (u, v) = _plain(), _at(152)
    cv2.ellipse(picture, (u, v - 16), (30, 12), 0, 0, 360, (80, 94, 118), -1, cv2.LINE_AA)
    assert _drawn(cv2.GaussianBlur(picture, (0, 0), 5))[v - 18 : v - 12, u - 10 : u + 10].mean() < 0.14
