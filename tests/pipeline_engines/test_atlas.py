"""The atlas: what of a photo comes along, and what does not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.beard import dense, thinned
from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.evening import evened
from pipeline.engines.mesh.grain import quieted
from pipeline.engines.mesh.irises import iris_colour
from pipeline.engines.mesh.looks import Carried
from pipeline.engines.mesh.smile import FOLD
from pipeline.mesh import FaceView, topology
from pipeline.mesh.hue import depth
from pipeline.mesh.skin import read_skin
from pipeline.models.face_mesh import LEFT_BROW, OUTER_LIPS, RIGHT_BROW
from pipeline.types import Crop, Face, FloatArray, Identity, ImageArray, SourcePhoto
from tests import faces, media

TONE = np.array([140, 165, 205], np.float32)


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_the_sides_of_the_face_are_plain_skin_where_the_photo_only_grazes_them(name: str) -> None:
    """No collar, no hair and no smeared ear: they end up on the cheek of a turned head."""
    atlas = build_atlas(faces.identity(name))
    small = cv2.resize(atlas.levels[0], (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    zones = topology()
    sides = (zones.brim * zones.face > 0.9) & (zones.beard < 0.1) & (zones.sides > 0.9)
    assert np.count_nonzero(sides) > 50
    assert np.abs(small[sides] - atlas.tone).mean(-1).max() < 40


def _drawn(draw: ImageArray) -> FloatArray:
    """How much darker, in logarithms, each texel of a drawing on plain skin is after it was calmed."""
    return np.log(TONE.mean()) - np.log(calmed(draw, TONE, depth(TONE)).astype(np.float32).mean(-1) + 1)


def test_a_deep_fold_becomes_shallower_and_a_moustache_stays() -> None:
    size, v = 384, int(topology().uv[164, 1] * 384)
    fold = np.full((size, size, 3), TONE, np.uint8)
    u = int(topology().uv[205, 0] * size)
    cv2.line(fold, (u, v - 30), (u, v + 30), (40, 45, 60), 3, cv2.LINE_AA)
    before = np.log(TONE.mean()) - np.log(fold[v, u].mean() + 1)
    assert 0.15 < _drawn(fold)[v, u] < 0.6 * before

    moustache = np.full((size, size, 3), TONE, np.uint8)
    middle = int(topology().uv[164, 0] * size)
    cv2.ellipse(moustache, (middle, v), (52, 14), 0, 0, 360, (40, 45, 60), -1, cv2.LINE_AA)
    assert _drawn(moustache)[v - 2 : v + 10, middle - 40 : middle + 40].mean() > 0.75 * before


def test_a_real_deep_fold_stays_soft_and_broad() -> None:
    """Grace Hopper's: under hard light nearly black in the photo, and soft. It becomes shallower, and no thinner."""
    atlas, size = build_atlas(faces.identity("hopper")), 512
    zone = np.zeros((size, size), np.uint8)
    for line in FOLD:
        cv2.polylines(zone, [np.round(topology().uv[list(line)] * size).astype(np.int32)], False, 1, 26)
    zone *= cv2.resize((topology().skin > 0.5).astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
    photo, carried = (_darkness(picture, atlas.tone)[zone > 0] for picture in (_unfolded("hopper"), atlas.levels[0]))
    assert photo.max() > 1.0
    assert 0.35 < carried.max() < 0.63
    assert (carried > carried.max() / 2).mean() > (photo > photo.max() / 2).mean()


def _unfolded(name: str) -> ImageArray:
    face = faces.portrait_face(name)
    assert face.landmarks is not None and face.pose is not None
    crop = Crop(media.portrait(name), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose)
    return FaceView(crop).unfold(crop.image, 512)


def _darkness(picture: ImageArray, tone: FloatArray) -> FloatArray:
    """``(n, n)``: how much darker than the skin, in logarithms."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), picture.shape[0] / 512)
    return np.asarray(np.log(tone.mean() + 12) - np.log(grey.astype(np.float32) + 12), np.float32)


def _identity(image: ImageArray, face: Face) -> Identity:
    return Identity((SourcePhoto(image, face),), faces.identity("hopper").embedding)


def _at(level: ImageArray, landmark: int) -> FloatArray:
    u, v = (topology().uv[landmark] * level.shape[0]).astype(int)
    return np.asarray(level[v - 3 : v + 4, u - 6 : u + 7].mean((0, 1)), np.float32)


def test_a_moustache_is_carried_over_or_shaved_off() -> None:
    image, face = media.portrait("hopper").copy(), faces.portrait_face("hopper")
    assert face.landmarks is not None
    bare = _at(build_atlas(_identity(image, face)).levels[0], 164)
    left, right, nose, lip = (face.landmarks[i, :2] for i in (61, 291, 2, 0))
    centre, size = (nose + lip) / 2, ((right[0] - left[0]) * 0.55, (lip[1] - nose[1]) * 0.42)
    cv2.ellipse(image, (centre, (2 * size[0], 2 * size[1]), 0.0), (28, 32, 40), -1, cv2.LINE_AA)
    looks = build_atlas(_identity(image, face)).looks
    with_it, without = (_at(looks.levels(Carried(beard=beard))[0], 164).mean() for beard in (True, False))
    assert with_it < 0.5 * bare.mean()
    assert without > 0.65 * bare.mean()


def test_a_beard_thins_out_along_the_jaw() -> None:
    """A target without one has none beyond, and a beard that ended there would be painted on."""
    size = 384
    picture = np.full((size, size, 3), TONE, np.uint8)
    everywhere = topology().beard.copy()
    dark = cv2.resize(everywhere, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    thin = thinned((picture * (1 - 0.5 * dark)).astype(np.uint8), everywhere, TONE).mean(-1)
    column, chin = size // 2, int(topology().uv[152, 1] * size)
    lip = int(topology().uv[17, 1] * size)
    down = thin[lip + 12 : chin - 2, column]
    assert down[:6].mean() < 0.6 * TONE.mean() and down[-4:].mean() > 0.85 * TONE.mean()
    assert np.diff(down).max() < 0.06 * TONE.mean(), "no edge"
    left = dense(everywhere)
    assert left[int(topology().uv[17, 1] * 96) + 3, 48] > 0.8 and left[int(topology().uv[152, 1] * 96) - 1, 48] < 0.1


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_who_wears_no_beard_is_not_shaved(name: str) -> None:
    atlas = build_atlas(faces.identity(name))
    assert (atlas.levels[0] == atlas.looks.levels(Carried(beard=False))[0]).mean() > 0.99


def test_lips_that_shine_are_no_lighter_than_skin_may_be_and_keep_its_hue() -> None:
    size = 384
    picture = np.full((size, size, 3), TONE, np.uint8)
    outline = np.round(topology().uv[list(OUTER_LIPS)] * size).astype(np.int32)
    cv2.fillPoly(picture, [outline], (225, 215, 250))
    lips = np.zeros((size, size), np.uint8)
    cv2.fillPoly(lips, [outline], 1)
    lips = cv2.erode(lips, np.ones((9, 9), np.uint8))
    before, after = (
        np.log(each[lips > 0].astype(np.float32).mean(0) / TONE)
        for each in (picture, calmed(picture, TONE, depth(TONE)))
    )
    assert before.mean() > 0.3 and after.mean() < 0.12
    assert np.ptp(after) < 0.6 * np.ptp(before)


def test_a_lid_does_not_glitter() -> None:
    """A photo's white specks below an eye are stretched when the target's eyes are wider."""
    size = 384
    picture = np.full((size, size, 3), TONE * 0.7, np.uint8)
    u, v = (topology().uv[23] * size).astype(int)
    cv2.circle(picture, (int(u), int(v)), 1, (215, 225, 235), -1)
    speck, beside = (_drawn(picture)[v, column] for column in (u, u - 9))
    drawn = np.log(picture[v, u].mean()) - np.log(picture[v, u - 9].mean())
    assert drawn > 0.5 and 0 <= beside - speck < 0.5 * drawn


def test_a_dark_upper_lid_is_no_more_violet_than_skin_in_shade() -> None:
    size, warm = 384, np.array([98, 139, 171], np.float32)
    picture = np.full((size, size, 3), warm, np.uint8)
    u, v = (topology().uv[[27, 28, 52, 53, 159]].mean(0) * size).astype(int)
    cv2.circle(picture, (int(u), int(v)), 16, (52, 44, 58), -1)
    lid = calmed(picture, warm, depth(warm))[v, u].astype(np.float32)
    assert picture[v, u, 0] > picture[v, u, 1], "violet"
    assert lid[0] < lid[1] < lid[2]


def test_a_dark_upper_lid_beneath_hairy_brows_has_no_hue_of_hair() -> None:
    """Else it was violet on somebody pale: lids of a painted child."""
    size, warm = 384, np.array([98, 139, 171], np.float32)
    picture = np.full((size, size, 3), warm, np.uint8)
    for brow in (LEFT_BROW, RIGHT_BROW):
        cv2.fillPoly(picture, [np.round(topology().uv[list(brow)] * size).astype(np.int32)], (30, 35, 45))
    u, v = (topology().uv[[27, 28, 52, 53, 159]].mean(0) * size).astype(int)
    cv2.circle(picture, (int(u), int(v)), 8, (62, 54, 68), -1)
    lid = calmed(picture, warm, depth(warm))[v, u].astype(np.float32)
    assert lid[0] / lid[1] < warm[0] / warm[1]


def test_painted_lips_are_carried_over_or_not() -> None:
    image, face = media.portrait("hopper").copy(), faces.portrait_face("hopper")
    assert face.landmarks is not None
    lips = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(lips, cv2.convexHull(np.round(face.landmarks[list(OUTER_LIPS), :2]).astype(np.int32)), 1)
    image[lips > 0] = image[lips > 0] * 0.3 + np.array([60, 10, 180]) * 0.7
    looks = build_atlas(_identity(image, face)).looks

    def redness(makeup: bool) -> float:
        _, green, red = _at(looks.levels(Carried(makeup=makeup))[0], 17)
        return float(red / green)

    assert redness(makeup=True) > 1.3 * redness(makeup=False)


def test_irises_keep_their_colour_under_warm_light() -> None:
    image, landmarks = media.portrait("astronaut"), faces.portrait_face("astronaut").landmarks
    assert landmarks is not None
    warm = np.clip(image * np.array([0.6, 0.85, 1.1]), 0, 255).astype(np.uint8)
    neutral, found = iris_colour(image, landmarks), iris_colour(warm, landmarks)
    assert neutral is not None and found is not None

    violet = np.clip(image * np.array([1.1, 0.6, 1.0]), 0, 255).astype(np.uint8)
    seen = iris_colour(violet, landmarks)
    assert seen is not None and seen[1] >= min(seen[0], seen[2]), "no iris is violet"

    def warmth(colour: FloatArray) -> float:
        return float(colour[2] / colour[0])

    assert warmth(found) / warmth(neutral) < 1.3 < 1.1 / 0.6


def test_shine_on_a_sallow_face_is_not_taken_for_paint() -> None:
    """It is as far from such skin's hue as paint is; on a pale face it would be lilac."""
    sallow = np.array([60, 110, 150], np.float32)
    x, y = (int(side * 384) for side in topology().uv[108])
    drawn = {}
    for name, colour in (("shine", (225, 228, 232)), ("paint", (200, 90, 40))):
        picture = np.full((384, 384, 3), sallow, np.uint8)
        cv2.circle(picture, (x, y), 12, colour, -1, cv2.LINE_AA)
        result = calmed(picture, sallow, depth(sallow))[y, x].astype(np.float32)
        logs = np.log((result + 12) / (sallow + 12))
        drawn[name] = np.abs(logs - logs.mean()).max()
    assert drawn["shine"] < 0.15
    assert drawn["paint"] > 0.4


def test_the_rim_of_a_cheek_is_not_grey() -> None:
    """Where the face turns away, near the hair, a photo is darker than its light explains; the nose's shade stays."""
    size, mesh = 384, topology()
    dark = {}
    for name, landmark in (("rim", 234), ("nose", 203)):
        picture = np.full((size, size, 3), TONE, np.uint8)
        u, v = (int(side * size) for side in mesh.uv[landmark])
        u += 24 if name == "rim" else 0
        # On both sides: on one of them it were a shadow.
        for side in (u, size - 1 - u):
            cv2.circle(picture, (side, v), 30, (98, 116, 143), -1, cv2.LINE_AA)
        dark[name] = _drawn(cv2.GaussianBlur(picture, (0, 0), 4))[v, u]
    assert dark["rim"] < 0.5 * dark["nose"]
    assert dark["nose"] > 0.15


def test_the_side_of_a_cheek_has_no_pale_wedge() -> None:
    """A narrow strip that shines in the photo is a broad one on a head that is turned the other way."""
    size, mesh = 384, topology()
    light = {}
    for name, landmark in (("rim", 234), ("cheek", 205)):
        picture = np.full((size, size, 3), TONE, np.uint8)
        u, v = (int(side * size) for side in mesh.uv[landmark])
        u += 24 if name == "rim" else 0
        for side in (u, size - 1 - u):
            cv2.circle(picture, (side, v), 30, (178, 208, 253), -1, cv2.LINE_AA)
        light[name] = -_drawn(cv2.GaussianBlur(picture, (0, 0), 4))[v, u]
    assert light["rim"] < 0.9 * light["cheek"]
    assert light["cheek"] > 0.12


def test_what_is_seen_at_the_outline_of_a_photo_is_not_the_faces() -> None:
    """Its hair and the shade beneath its jaw became dark, jagged lines on another face that ends in a shade, too."""
    depth_in = cv2.distanceTransform((topology().face > 0).astype(np.uint8), cv2.DIST_L2, 5)
    image = faces.test_photo("yaoming")
    found = faces.faces(image)[0]
    relief = build_atlas(Identity((SourcePhoto(image, found),), np.zeros(128, np.float32))).looks.relief(Carried())
    assert relief is not None
    taken = np.abs(relief[1]).max(-1)
    assert taken[(depth_in > 0) & (depth_in < 1.1)].max() < 0.1
    assert taken[depth_in > 6].max() > 0.3


def _evened(image: ImageArray, face: Face) -> FloatArray:
    """``(96, 96, 3)``: nose and cheeks without their light, in logarithms."""
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose, face.points))
    flat = evened(view.unfold(image, 256), read_skin(view.unfolded, view.facing), TONE)
    small = cv2.resize(np.clip(flat, 0, 255), (96, 96), interpolation=cv2.INTER_AREA)
    return np.asarray(np.log(cv2.GaussianBlur(small, (0, 0), 0.8) + 10), np.float32)


@pytest.mark.parametrize("shade", [0.6, 0.5])
def test_a_hard_shadow_on_a_cheek_is_taken_off_with_its_edge(shade: float) -> None:
    """Else a dark line stays on one side of the edge, and a bright one on the other."""
    image = faces.test_photo("yaoming")
    face = faces.faces(image)[0]
    assert face.landmarks is not None
    light = np.ones(image.shape, np.float32)
    light[:, : round(float(face.landmarks[205, 0]))] = shade
    shaded = (image * cv2.GaussianBlur(light, (0, 0), 1.0)).astype(np.uint8)
    trace = np.abs(_evened(shaded, face) - _evened(image, face))[topology().inner > 0.5]
    assert np.percentile(trace, 95) < 0.13


def test_light_that_falls_off_softly_leaves_dark_hairs_as_they_are() -> None:
    """It has no border that could lie on one of them: moved there, hairs were lifted, and what is beside was not."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(media.portrait("astronaut"), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    fall = np.exp(-0.8 / (1 + np.exp(-(np.arange(96, dtype=np.float32) - 30) / 2.5)))[None, :, None]
    light = np.broadcast_to(TONE * fall, (96, 96, 3)).astype(np.float32)
    nowhere = np.zeros((96, 96), np.float32)
    skin = replace(read_skin(view.unfolded, view.facing), light=light, trust=nowhere)
    hairs = np.where(np.random.default_rng(1).random((256, 128)) < 0.3, 0.35, 1.0).repeat(2, 1)
    picture = (cv2.resize(light, (256, 256)) * hairs[..., None]).astype(np.uint8)
    gain = np.log(evened(picture, skin, TONE) / picture).mean(-1)
    wanted = cv2.resize(np.log((TONE + 2) / light).mean(-1), (256, 256))
    assert np.abs(gain - wanted).max() < 0.01


def test_grain_on_one_side_of_a_photo_goes_and_a_mole_stays() -> None:
    """What was dark on a photo is made lighter with its grain, which looks like a rash on a clean face."""
    image = faces.test_photo("yaoming")
    face = faces.faces(image)[0]
    assert face.landmarks is not None
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal(image.shape[:2]).astype(np.float32), (0, 0), 0.8)
    noise[:, round(float(face.landmarks[4, 0])) :] = 0
    spotted = image.copy()
    x, y = np.round(face.landmarks[434, :2]).astype(int)
    cv2.circle(spotted, (int(x), int(y)), 2, (40, 45, 60), -1, cv2.LINE_AA)
    rough = np.clip(spotted + 24 * noise[..., None], 0, 255).astype(np.uint8)
    fine = {}
    for name, picture in (("spotted", spotted), ("rough", rough)):
        logs = np.log(build_atlas(_identity(picture, face)).levels[0].astype(np.float32).mean(-1) + 10)
        fine[name] = logs - cv2.GaussianBlur(logs, (0, 0), 4)
    size = fine["rough"].shape[0]
    (u, v), (mole_u, mole_v) = (topology().uv[[50, 434]] * size).astype(int)
    cheek = {name: float(each[v - 8 : v + 9, u - 8 : u + 9].std()) for name, each in fine.items()}
    assert cheek["rough"] < 2.6 * cheek["spotted"]
    for each in fine.values():
        assert each[mole_v - 3 : mole_v + 4, mole_u - 3 : mole_u + 4].min() < -0.25


def test_a_cheek_in_shade_is_shown_by_the_other_one() -> None:
    """The astronaut with one half in shade, in which the photo has grain: none of that comes along."""
    image, face = media.portrait("astronaut").astype(np.float32), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    columns = np.arange(image.shape[1], dtype=np.float32) - face.landmarks[4, 0]
    shade = 1 / (1 + np.exp(-columns / 4))[None, :, None]
    noise = np.random.default_rng(1).normal(0, 9, image.shape).astype(np.float32)
    dark = np.clip(image * (1 - 0.6 * shade) + noise * shade, 0, 255).astype(np.uint8)
    bare, shaded = (build_atlas(_identity(each, face)).levels[0] for each in (image.astype(np.uint8), dark))
    u, v = (topology().uv[425] * bare.shape[0]).astype(int)
    grain = [
        float((piece - cv2.GaussianBlur(piece, (0, 0), 2.0)).std())
        for level in (bare, shaded)
        for piece in (level[v - 12 : v + 12, u - 12 : u + 12].astype(np.float32),)
    ]
    assert grain[1] < 1.3 * grain[0]


def test_the_hair_of_a_moustache_is_no_grain() -> None:
    """Its two sides are never alike: neither is smoothed."""
    size, v = 384, int(topology().uv[164, 1] * 384)
    middle = int(topology().uv[164, 0] * size)
    picture = np.full((size, size, 3), TONE, np.float32)
    cv2.ellipse(picture, (middle, v), (52, 14), 0, 0, 360, (40, 45, 60), -1, cv2.LINE_AA)
    hair = np.random.default_rng(0).normal(0, 25, (size, size, 1)).astype(np.float32)
    picture[v - 8 : v + 8, middle - 40 : middle] += hair[v - 8 : v + 8, middle - 40 : middle]
    picture = np.clip(picture, 5, 255)
    after = quieted(picture, np.ones((96, 96), np.float32), TONE)
    one_side = slice(v - 6, v + 6), slice(middle - 36, middle - 4)
    assert after[one_side].std() > 0.95 * picture[one_side].std()
