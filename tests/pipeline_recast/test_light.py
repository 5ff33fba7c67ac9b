"""The target's light on a new face."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from pipeline.compositor.colour import match_light
from pipeline.compositor.fringe import fringe_shade
from pipeline.mesh import FaceView, topology
from pipeline.mesh.side_shade import SideShade, on_features
from pipeline.mesh.skin import read_skin
from pipeline.models.face_mesh import LEFT_BROW, RIGHT_BROW
from pipeline.types import Crop, FloatArray, Rendering
from tests import faces, media

TONE = np.array([142, 169, 201], np.float32)


def test_skin_too_light_for_the_picture_keeps_its_hue() -> None:
    """Cut off channel by channel it lost that: there was a white band on a forehead in glaring light."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(media.portrait("astronaut"), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    height, width = view.crop.image.shape[:2]
    glare = np.broadcast_to(np.array([190, 230, 252], np.float32), (96, 96, 3)).copy()
    skin = replace(read_skin(view.unfolded, view.facing), light=glare, cast=glare, trust=np.ones((96, 96), np.float32))
    lightness = []
    for times in (1.0, 1.06, 1.12):
        picture = np.broadcast_to(np.round(TONE * times).astype(np.uint8), (height, width, 3)).copy()
        lit = match_light(Rendering(picture, np.ones(view.grid[::-1], np.float32), tone=TONE), view, skin, 1.0)
        blue, green, red = lit[height // 2, width // 2].astype(float)
        assert abs(blue / red - 190 / 252) < 0.02 and abs(green / red - 230 / 252) < 0.02
        lightness.append(red)
    assert lightness == sorted(set(lightness)), "and is still lighter than what is not quite as light"


def _brows(down: int) -> FloatArray:
    """``(96, 96, 3)``: skin with brows, one of them lower by so many texels."""
    face = np.full((96, 96, 3), TONE, np.float32)
    for group, lower in ((RIGHT_BROW, 0), (LEFT_BROW, down)):
        outline = cv2.convexHull(np.round(topology().uv[list(group)] * 96).astype(np.int32) + np.array([0, lower]))
        cv2.fillConvexPoly(face, outline, (30, 36, 45))
    return face


def test_a_brow_that_sits_lower_than_the_other_one_is_no_shade() -> None:
    """By how much a single place is darker is a matter of the brows' shapes; it left a grey streak on another face."""
    everywhere, light = np.ones((96, 96), np.float32), np.full((96, 96, 3), TONE, np.float32)
    side = SideShade(slice(48, 96), 1.0, everywhere)
    lower = on_features(side, _brows(3), light, everywhere)
    shaded = on_features(side, _brows(0) * np.where(np.arange(96) < 48, 1, 0.5)[None, :, None], light, everywhere)
    brow = np.round(topology().uv[list(LEFT_BROW)] * 96).astype(int)
    assert lower.min() > 0.75
    assert shaded[brow[:, 1], brow[:, 0]].mean() < 0.6


def test_a_face_fades_to_black_with_its_frame() -> None:
    """It went on shining in the last frames of a fade, and in the first ones of the next scene."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    cheeks = [np.round(face.landmarks[place, :2]).astype(int) for place in (205, 425)]
    before = media.portrait("astronaut")
    after = faces.recast(before, faces.identity("hopper"), face=face)
    for left in (0.1, 0.04, 0.02):
        dark = np.round(before * left).astype(np.uint8)
        result = faces.recast(dark, faces.identity("hopper"), face=face)
        for x, y in cheeks:
            there = slice(y - 4, y + 5), slice(x - 4, x + 5)
            assert abs(float(result[there].mean()) - left * float(after[there].mean())) < 1.0


def test_a_brow_under_a_dark_fringe_lies_in_its_shade() -> None:
    """Lit as bare skin is, the place of a brow was a pale island in the hair around."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(media.portrait("astronaut"), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    nothing, brows = np.zeros((96, 96), np.float32), topology().brows
    bare = replace(read_skin(view.unfolded, view.facing), hair=nothing)
    assert fringe_shade(bare) is None
    hair, dark = nothing.copy(), np.full((96, 96, 3), -0.8, np.float32)
    hair[: int(np.flatnonzero(brows[:, 30] > 0.5)[0]), :48] = 1
    shade = fringe_shade(replace(bare, hair=hair, relief=dark))
    assert shade is not None
    top = shade[np.flatnonzero(brows[:, 30] > 0.5)[0], 30].mean()
    assert -0.5 < top < -0.15, "beside the hair"
    assert shade[:, 52:].min() > -0.02 and np.abs(shade[brows < 0.01]).max() < 0.02, "and nowhere else"
