"""Landmarks are held to the skin in the picture: the network's own noise goes, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.analysis.smooth import REACH
from pipeline.analysis.steady import Steady, sight, slip
from pipeline.types import Face, FloatArray
from tests import media
from tests.frames import ArrayFrame

COUNT = 14
CHEEKS = [50, 280, 205, 425, 101, 330, 5, 151]


def moved(face: Face, place: FloatArray) -> FloatArray:
    """The portrait's landmarks where it is placed."""
    assert face.landmarks is not None
    mesh = face.landmarks * np.float32(math.sqrt(abs(np.linalg.det(place[:, :2]))))
    mesh[:, :2] = face.landmarks[:, :2] @ place[:, :2].T + place[:, 2]
    return mesh.astype(np.float32)


def swaying(known: dict[str, Face], width: float) -> tuple[list[ArrayFrame], list[FloatArray]]:
    """A head that sways and turns, and where its landmarks truly are."""
    places = [
        media.placed("hopper", (320 + 9 * math.sin(i / 3), 190 + 4 * math.sin(i / 2)), width, 3 * math.sin(i / 4))
        for i in range(COUNT)
    ]
    frames = [ArrayFrame(media.paste(media.background(640, 360), "hopper", p), i) for i, p in enumerate(places)]
    return frames, [moved(known["hopper"], place) for place in places]


def held(frames: list[ArrayFrame], meshes: list[FloatArray]) -> list[FloatArray]:
    steady = Steady()
    for position, (frame, mesh) in enumerate(zip(frames, meshes, strict=True)):
        steady.see(position, frame, mesh)
    return [steady.held(position, REACH) for position in range(len(meshes))]


def trembling(meshes: list[FloatArray], truth: list[FloatArray]) -> float:
    """Mean change of the error from frame to frame on cheeks, nose and forehead, in pixels."""
    error = np.array([mesh[CHEEKS, :2] - sure[CHEEKS, :2] for mesh, sure in zip(meshes, truth, strict=True)])
    return float(np.abs(np.diff(error[2:-2], axis=0)).mean())


@pytest.mark.parametrize("width", [60.0, 110.0, 250.0])
def test_a_mesh_that_trembles_is_held_to_the_skin(known: dict[str, Face], width: float) -> None:
    frames, truth = swaying(known, width)
    noise = np.random.default_rng(3).normal(0, 0.003 * width, (COUNT, 1, 2))
    shaken = [
        np.concatenate([mesh[:, :2] + shift, mesh[:, 2:]], 1).astype(np.float32)
        for mesh, shift in zip(truth, noise, strict=True)
    ]
    assert trembling(held(frames, shaken), truth) < 0.35 * trembling(shaken, truth)


def test_a_mesh_that_is_right_stays_as_it_is(known: dict[str, Face]) -> None:
    frames, truth = swaying(known, 110.0)
    for mesh, after in zip(truth, held(frames, truth), strict=True):
        assert np.abs(mesh[:, :2] - after[:, :2]).max() < 0.25
        assert (mesh[:, 2] == after[:, 2]).all()


def test_a_constant_offset_is_no_noise(known: dict[str, Face]) -> None:
    frames, truth = swaying(known, 110.0)
    apart = [mesh + np.array([1.5, -1.0, 0], np.float32) for mesh in truth]
    assert np.mean([np.abs(mesh - after).mean() for mesh, after in zip(apart, held(frames, apart), strict=True)]) < 0.05


def test_what_a_frame_gets_depends_on_the_frames_around_it_only(known: dict[str, Face]) -> None:
    """Segments of a video begin elsewhere, and give the same."""
    frames, truth = swaying(known, 110.0)
    late = Steady()
    for position in range(3, COUNT):
        late.see(position, frames[position], truth[position])
    assert (late.held(8, REACH) == held(frames, truth)[8]).all()


def test_where_no_skin_is_seen_nothing_is_moved(known: dict[str, Face]) -> None:
    frames, truth = swaying(known, 110.0)
    away = [mesh + np.array([5000, 0, 0], np.float32) for mesh in truth[:2]]
    one, other = (sight(frame, mesh) for frame, mesh in zip(frames[:2], away, strict=True))
    assert (slip(one, other) == 0).all()
    plain = [ArrayFrame(np.full((360, 640, 3), 128, np.uint8), i) for i in range(COUNT)]
    assert (held(plain, truth)[5] == truth[5]).all()
