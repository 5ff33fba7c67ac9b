"""The bench's metrics on pictures whose answer is known."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from benchmarks.quality.metrics.curves import curve
from benchmarks.quality.metrics.detail import detail
from benchmarks.quality.metrics.expression import (
    BLINK_LEFT,
    BLINK_RIGHT,
    JAW_OPEN,
    angle_between,
    blendshapes,
    landmark_distance,
)
from benchmarks.quality.metrics.flicker import Flows
from benchmarks.quality.metrics.gaze import gaze
from benchmarks.quality.metrics.geometry import eye_distance, face_size, hull, mouth_opening
from benchmarks.quality.metrics.identity import arcface, identity
from benchmarks.quality.metrics.jitter import jitter
from benchmarks.quality.metrics.outside import outside
from benchmarks.quality.metrics.seam import seam
from benchmarks.quality.metrics.selfswap import selfswap
from benchmarks.quality.metrics.skin import read as read_skin
from benchmarks.quality.metrics.skin import skin
from benchmarks.quality.metrics.tone import bare_skin, tone
from benchmarks.quality.page import write as write_page
from benchmarks.quality.report import markdown
from benchmarks.quality.scale import SCALES, fault
from pipeline.types import FloatArray, ImageArray
from tests import faces, media

NAME = "hopper"


@cache
def mesh() -> FloatArray:
    landmarks = faces.portrait_face(NAME).landmarks
    assert landmarks is not None
    return landmarks


def picture() -> ImageArray:
    return media.portrait(NAME)


def patched(grow: float, shift: float, soft: float = 0.0) -> ImageArray:
    """The portrait with its face (outline grown by so many sizes) brighter by `shift`, its edge softened."""
    mask = hull(mesh(), picture().shape, grow).astype(np.float32)
    if soft:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return np.clip(picture() + shift * mask[..., None] + 0.5, 0, 255).astype(np.uint8)


def changed(difference: int) -> ImageArray:
    """The face changed by a texture of so many grey levels that has no edge."""
    noise = np.random.default_rng(1).integers(-difference, difference + 1, picture().shape).astype(np.float32)
    mask = cv2.GaussianBlur(hull(mesh(), picture().shape, -0.05).astype(np.float32), (0, 0), 3)[..., None]
    return np.clip(picture() + noise * mask, 0, 255).astype(np.uint8)


def turned(degrees: float) -> FloatArray:
    angle = np.radians(degrees)
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = 20 * np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32
    )
    return pose


def test_identity_knows_the_same_face_again_and_ranks_sources() -> None:
    face = faces.portrait_face(NAME)
    gallery = {name: arcface(media.portrait(name), faces.portrait_face(name)) for name in ("hopper", "astronaut")}
    brighter = arcface(np.clip(picture() * 1.15, 0, 255).astype(np.uint8), face)
    numbers = identity(brighter, "hopper", gallery["astronaut"], gallery)
    assert numbers["identity.source"] > 0.9
    assert numbers["identity.target"] < 0.3
    assert numbers["identity.rank"] == 1
    assert identity(brighter, "astronaut", gallery["hopper"], gallery)["identity.rank"] == 2


def test_landmarks_are_compared_after_alignment() -> None:
    landmarks = mesh()
    moved = landmarks.copy()
    moved[:, :2] = landmarks[:, :2] * 1.3 + [40, -10]
    assert landmark_distance(landmarks, moved) == pytest.approx(0, abs=1e-3)
    noise = np.random.default_rng(0).normal(0, 0.05 * eye_distance(landmarks), (478, 2))
    moved[:, :2] = landmarks[:, :2] + noise
    assert landmark_distance(landmarks, moved) == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.1)


def test_blendshapes_see_an_open_jaw_and_shut_eyes() -> None:
    calm = blendshapes(mesh())
    image = media.grimace(picture(), mesh(), 1.0, 1.0)
    landmarks = faces.faces(image)[0].landmarks
    assert landmarks is not None
    grimace = blendshapes(landmarks)
    assert grimace[JAW_OPEN] > calm[JAW_OPEN] + 0.3
    assert min(grimace[[BLINK_LEFT, BLINK_RIGHT]] - calm[[BLINK_LEFT, BLINK_RIGHT]]) > 0.1


def test_blendshapes_do_not_depend_on_place_and_size() -> None:
    assert np.abs(blendshapes(mesh() * 2.5 + 100) - blendshapes(mesh())).max() < 0.02


def test_the_angle_between_poses() -> None:
    assert angle_between(turned(0), turned(12)) == pytest.approx(12, abs=0.01)
    assert angle_between(turned(5), turned(5)) == pytest.approx(0, abs=0.05)


def test_gain_of_a_curve() -> None:
    target = 0.2 + 0.15 * np.sin(np.arange(40) / 3)
    numbers = curve("mouth", target, 0.05 + 0.7 * target)
    assert numbers["mouth.gain"] == pytest.approx(0.7)
    assert numbers["mouth.correlation"] == pytest.approx(1)
    late = curve("mouth", target, np.roll(target, 4))
    assert late["mouth.correlation"] < 0.8
    assert curve("eyes", np.full(40, 0.3), np.full(40, 0.2)) == {}


def test_an_open_mouth_is_measured_in_eye_distances() -> None:
    landmarks = mesh().copy()
    landmarks[14] = landmarks[13] + [0, 0.4 * eye_distance(landmarks), 0]
    assert mouth_opening(landmarks) == pytest.approx(0.4)


def test_gaze_is_measured_in_eye_widths() -> None:
    landmarks = mesh().copy()
    assert gaze(mesh(), landmarks)["gaze.shift"] == 0
    for iris, one, other in ((468, 33, 133), (473, 362, 263)):
        landmarks[iris, :2] += 0.1 * (landmarks[other, :2] - landmarks[one, :2])
    assert gaze(mesh(), landmarks)["gaze.shift"] == pytest.approx(0.1, abs=1e-4)
    assert gaze(mesh() * 0.02, landmarks * 0.02) == {}


def test_a_pasted_patch_has_a_seam_and_a_soft_change_has_none() -> None:
    assert seam(picture(), picture(), mesh()) is None
    calm = seam(picture(), changed(6), mesh())
    pasted = seam(picture(), patched(-0.08, 45), mesh())
    faded = seam(picture(), patched(-0.08, 45, soft=14), mesh())
    assert calm is not None and pasted is not None and faded is not None
    assert calm.numbers["seam.excess"] < 2
    assert calm.numbers["seam.ratio"] == pytest.approx(1, abs=0.1)
    assert pasted.numbers["seam.excess"] > 8
    assert pasted.numbers["seam.ratio"] > calm.numbers["seam.ratio"]
    assert faded.numbers["seam.excess"] < 0.5 * pasted.numbers["seam.excess"]


def test_the_worst_place_of_a_seam_lies_on_the_patch() -> None:
    x, y = (int(v) for v in mesh()[50, :2])
    image = changed(6)
    image[y - 30 : y + 30, x - 60 : x] = np.clip(image[y - 30 : y + 30, x - 60 : x].astype(int) + 70, 0, 255)
    found = seam(picture(), image, mesh())
    assert found is not None
    assert abs(found.worst[1] - y) < 45
    assert found.worst[0] < x + 30


def test_skin_of_another_tone_than_the_neck() -> None:
    same, redder = tone(picture(), picture(), mesh()), tone(picture(), patched(0.0, 40), mesh())
    assert same["tone.light"] == 0
    assert same.get("tone.gap", 0) == 0
    assert redder["tone.light"] > 5
    if "tone.gap" in same:
        assert redder["tone.gap"] > 3
    assert bare_skin(mesh(), picture().shape).any()


def test_spots_and_colour_patches_on_one_cheek() -> None:
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    own = read_skin(image, face.landmarks, face.pose)
    assert all(value <= 0 for value in skin(own, own, own).values())
    dot = np.zeros(image.shape, np.float32)
    x, y = (int(v) for v in face.landmarks[50, :2])
    cv2.circle(dot, (x, y), 14, (1.0, 1.0, 1.0), -1)
    dark, lilac = (
        read_skin(np.clip(image + dot * shift, 0, 255).astype(np.uint8), face.landmarks, face.pose)
        for shift in (np.full(3, -80.0), np.array([40.0, -50.0, 0.0]))
    )
    assert skin(own, own, dark)["skin.spots"] > 0.5
    assert skin(own, own, dark)["skin.lopsided"] > 3
    assert skin(own, own, lilac)["skin.colour"] > 3
    assert skin(dark, own, dark)["skin.spots"] <= 0


def test_lines_drawn_on_the_skin() -> None:
    image, face = media.portrait("astronaut").copy(), faces.portrait_face("astronaut")
    assert face.landmarks is not None and face.pose is not None
    own = read_skin(image, face.landmarks, face.pose)
    for cheek in (50, 280):
        x, y = (int(v) for v in face.landmarks[cheek, :2])
        cv2.circle(image, (x, y), 9, (30, 30, 60), 2, cv2.LINE_AA)
    assert skin(own, own, read_skin(image, face.landmarks, face.pose))["skin.lines"] > 5


def frames(noise: float, seed: int = 0) -> list[ImageArray]:
    random = np.random.default_rng(seed)
    return [np.clip(picture() + random.normal(0, noise, picture().shape), 0, 255).astype(np.uint8) for _ in range(4)]


def test_a_still_does_not_flicker() -> None:
    clip = frames(4)
    flows = Flows(clip, [mesh()] * 4)
    numbers = flows.against(clip)
    assert numbers["flicker.ratio"] == pytest.approx(1)
    assert numbers["flicker.slow"] == pytest.approx(1)
    assert numbers["flicker.worst"] == 0


def test_a_face_that_pulsates_flickers() -> None:
    clip = frames(2)
    pulse = [np.clip(frame.astype(np.int16) + 8 * (i % 2), 0, 255).astype(np.uint8) for i, frame in enumerate(clip)]
    numbers = Flows(clip, [mesh()] * 4).against(pulse)
    assert numbers["flicker.ratio"] > 2
    assert numbers["flicker.slow"] > 5
    assert numbers["flicker.worst"] > 4


def test_frames_that_repeat_are_left_out() -> None:
    one, other = frames(4)[:2]
    assert len(Flows([one, one, other, other], [mesh()] * 4).steps) == 1
    assert Flows([one] * 4, [mesh()] * 4).against([one] * 4) == {}


def test_jitter_is_not_an_offset() -> None:
    still = [mesh()] * 6
    assert jitter(still, [mesh() + 3] * 6)["jitter.landmarks"] == pytest.approx(0, abs=1e-3)
    swing = [mesh() + np.array([0.02 * eye_distance(mesh()) * (i % 2), 0, 0], np.float32) for i in range(6)]
    assert jitter(still, swing)["jitter.landmarks"] == pytest.approx(20, rel=0.02)


def test_blur_lowers_detail_and_contrast_does_not() -> None:
    grainy = frames(3)[0]
    blurred = detail(grainy, cv2.GaussianBlur(grainy, (0, 0), 1.2), mesh())
    assert blurred["detail.sharpness"] < 0.85
    assert blurred["detail.grain"] < 0.5
    assert blurred["detail.texture"] < 0.8
    flat = detail(picture(), (picture() * 0.6 + 40).astype(np.uint8), mesh())
    assert flat["detail.sharpness"] == pytest.approx(1, abs=0.1)
    smooth = cv2.GaussianBlur(picture(), (0, 0), 1.5)
    grained = np.clip(smooth + np.random.default_rng(2).normal(0, 5, smooth.shape), 0, 255).astype(np.uint8)
    assert detail(smooth, grained, mesh())["detail.grain"] > 2


def test_one_changed_pixel_outside_is_found() -> None:
    image = picture().copy()
    assert outside(picture(), image, [mesh()])["outside.changed"] == 0
    image[3, 3] += 1
    numbers = outside(picture(), image, [mesh()])
    assert numbers["outside.changed"] == 1
    assert numbers["outside.reach"] > 0.5
    assert outside(picture(), patched(-0.02, 20), [mesh()])["outside.changed"] == 0


def test_what_a_turned_head_shows_beyond_its_outline_is_no_outside() -> None:
    middle = mesh().mean(0)
    profile = ((mesh() - middle) @ turned(60)[:3, :3].T / 20 + middle).astype(np.float32)
    tip, image = profile[4, :2].round().astype(int), picture().copy()
    away = cv2.distanceTransform((~hull(profile, image.shape)).astype(np.uint8), cv2.DIST_L2, 5)
    assert away[tip[1], tip[0]] > 0.1 * face_size(profile)
    image[tip[1], tip[0]] += 1
    assert outside(picture(), image, [profile]) == {"outside.changed": 0, "outside.reach": 0}


def test_psnr_of_a_known_error() -> None:
    image = np.clip(picture().astype(np.int16) + 8, 0, 255).astype(np.uint8)
    numbers = selfswap(picture(), image, mesh())
    assert numbers["self.psnr"] == pytest.approx(20 * np.log10(255 / 8), abs=0.2)
    assert numbers["self.ssim"] > 0.98
    assert selfswap(picture(), cv2.GaussianBlur(picture(), (0, 0), 4), mesh())["self.ssim"] < 0.9


def test_penalties_grow_from_good_to_bad() -> None:
    likeness, gain = SCALES["identity.source"], SCALES["mouth.gain"]
    assert likeness.penalty(0.6) == 0 and likeness.penalty(0.25) == pytest.approx(1) and likeness.penalty(-1) == 2
    assert gain.penalty(1.05) == 0 == gain.penalty(0.95)
    assert gain.penalty(0.5) == gain.penalty(2.0) > 1
    assert fault({"identity.source": 0.25, "unknown": 5.0}) == pytest.approx(likeness.weight)


def test_table_and_page_name_every_pair(tmp_path) -> None:  # type: ignore[no-untyped-def]
    pairs = {"a-on-b": {"identity.source": 0.2, "identity.margin": -0.1}, "b-on-a": {"identity.source": 0.7}}
    text = markdown(pairs, "mesh", 1.0)
    assert "a-on-b" in text and "0% of 1" in text
    page = write_page(tmp_path, pairs, "mesh", {"a-on-b"}).read_text()
    assert page.index("a-on-b") < page.index("b-on-a")
    assert "http" not in page
    assert face_size(mesh()) > 100
