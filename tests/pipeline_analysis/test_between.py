"""Meshes of the frames between two that the network has seen: as exact as its own, and never through a blink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.analysis import FaceFinder, Tracker
from pipeline.analysis.between import Between, patch_of
from pipeline.analysis.landmarks import Landmarker, Region
from pipeline.types import FloatArray, Frame
from tests import media
from tests.frames import ArrayFrame
from tests.media import Clip

ENDS = 0, 4


def gap(clip: Clip, finder: FaceFinder) -> tuple[list[ArrayFrame], list[FloatArray]]:
    """The first five frames, and the network's meshes in them."""
    frames = [ArrayFrame(image, index) for index, image in enumerate(clip.frames[:5])]
    return frames, [finder.faces(frame)[0].landmarks for frame in frames]


def between(frames: list[ArrayFrame], meshes: list[FloatArray]) -> Between:
    first, last = (patch_of(frames[end], meshes[end]) for end in ENDS)
    return Between(first, last)


def size(mesh: FloatArray) -> float:
    return float(np.sqrt(np.prod(np.ptp(mesh[:468, :2], axis=0))))


@pytest.mark.parametrize("share", [1, 2, 3])
def test_a_face_that_only_moves_is_found_where_the_network_has_it(finder: FaceFinder, share: int) -> None:
    clip = media.scene(
        5, {"hopper": lambda i: media.placed("hopper", (300 + 1.7 * i, 180 + 0.8 * i), 130 + 0.4 * i, 0.7 * i)}
    )
    frames, meshes = gap(clip, finder)
    found = between(frames, meshes)
    assert found.alike and found.calm
    mesh = found.mesh(frames[share], share / 4)
    assert mesh is not None
    off = np.linalg.norm((mesh - meshes[share])[:, :2], axis=1) / size(mesh)
    assert off.mean() < 0.006


def test_a_jerk_of_the_head_is_measured_rather_than_interpolated(finder: FaceFinder) -> None:
    clip = media.still(5, "hopper", 110, noise=0)
    frames, meshes = gap(clip, finder)
    frames[2] = replace(frames[2], pixels=np.roll(frames[2].pixels, 3, axis=1))
    mesh = between(frames, meshes).mesh(frames[2], 0.5)
    assert mesh is not None
    moved = (mesh - (meshes[0] + meshes[4]) / 2)[:, :2].mean(0)
    assert np.abs(moved - [3, 0]).max() < 0.15


@pytest.mark.parametrize(("mouth", "eyes"), [(0.0, 0.5), (0.0, 1.0), (0.35, 0.0)])
def test_a_blink_or_a_word_between_is_the_networks_business(
    finder: FaceFinder, known, mouth: float, eyes: float
) -> None:
    still = media.portrait("hopper")
    place = media.placed("hopper", (320, 190), 150)
    looks = [
        media.paste(media.background(640, 360), "hopper", place, media.grimace(still, known["hopper"].landmarks, *look))
        for look in ((0.0, 0.0), (mouth, eyes))
    ]
    frames = [ArrayFrame(looks[index == 2], index) for index in range(5)]
    meshes = [finder.faces(frame)[0].landmarks for frame in frames]
    found = between(frames, meshes)
    assert found.alike and found.calm
    assert found.mesh(frames[1], 0.25) is not None
    assert found.mesh(frames[2], 0.5) is None


def test_another_face_is_not_alike(finder: FaceFinder) -> None:
    frames, meshes = gap(media.still(5, "hopper"), finder)
    other, theirs = gap(media.still(5, "astronaut"), finder)
    assert not Between(patch_of(frames[0], meshes[0]), patch_of(other[4], theirs[4])).alike


def test_a_talking_face_opens_its_mouth_and_shuts_its_eyes_as_far_as_ever(finder: FaceFinder, known) -> None:
    clip = media.talking(known["hopper"].landmarks, 48, motion=6.0)
    tracker, done = Tracker(finder), []
    for index, image in enumerate(clip.frames):
        done += tracker.push(ArrayFrame(image, index, index / 30))
    meshes = [faces[0].landmarks for _, faces in done + tracker.flush()]
    mouth = [np.linalg.norm(mesh[13, :2] - mesh[14, :2]) / size(mesh) for mesh in meshes]
    eyes = [np.linalg.norm(mesh[159, :2] - mesh[145, :2]) / size(mesh) for mesh in meshes]
    assert np.corrcoef(mouth, [media.opening(i) for i in range(48)])[0, 1] > 0.97
    assert np.corrcoef(eyes, [1 - media.closing(i) for i in range(48)])[0, 1] > 0.9


def test_a_face_at_rest_is_seldom_looked_at_and_its_blink_is_not_missed(known) -> None:
    """A blink of three frames, from the second to the fourth after one that is looked at."""
    shut, random = {80: 0.5, 81: 1.0, 82: 0.5}, np.random.default_rng(1)
    look = {
        eyes: media.grimace(media.portrait("hopper"), known["hopper"].landmarks, 0.0, eyes) for eyes in (0.0, 0.5, 1.0)
    }
    room, place = media.background(640, 360), media.placed("hopper", (320, 190), 150)
    finder = FaceFinder()
    finder.landmarker = counted = Counted()
    tracker, done, looks, frames = Tracker(finder), [], [], []
    for index in range(90):
        image = media.paste(room, "hopper", place, look[shut.get(index, 0.0)])
        image = np.clip(image + random.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        frames.append(ArrayFrame(image, index, index / 30))
        done += tracker.push(frames[-1])
        looks.append(counted.calls)
    followed = [faces[0].landmarks for _, faces in done + tracker.flush()]
    assert looks[78] - looks[60] == 3
    for index in range(78, 85):
        mesh, own = followed[index], finder.faces(frames[index])[0].landmarks
        assert eye(mesh) == pytest.approx(eye(own), abs=0.1 * eye(followed[78]))
    assert eye(followed[81]) < 0.75 * eye(followed[78])


def eye(mesh: FloatArray) -> float:
    """How far an eye is open, in sizes of the face."""
    return float(np.linalg.norm(mesh[159, :2] - mesh[145, :2])) / size(mesh)


class Counted(Landmarker):
    """Counts the frames that the network looks at."""

    calls = 0

    def __call__(self, frame: Frame, region: Region) -> tuple[FloatArray, float]:
        self.calls += 1
        return super().__call__(frame, region)
