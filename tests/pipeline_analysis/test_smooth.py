"""Smoothing takes jitter away, and nothing that moves."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.smooth import smooth_landmarks
from pipeline.types import Face
from tests import media
from tests.movement import gain, gap


def meshes(done) -> np.ndarray:
    return np.stack([faces[0].landmarks for _, faces in done])


@pytest.mark.parametrize("noise", [2.0, 8.0])
def test_a_still_face_is_still(track, noise: float) -> None:
    clip = media.still(30, noise=noise)
    raw, smooth = meshes(track(clip, smooth=0.0)), meshes(track(clip, smooth=0.5))
    assert smooth[6:-6, :, :2].std(0).mean() < 0.5 * raw[6:-6, :, :2].std(0).mean()
    assert np.abs(np.diff(smooth, axis=0)).mean() < 0.5 * np.abs(np.diff(raw, axis=0)).mean()


@pytest.mark.parametrize("motion", [0.0, 30.0])
def test_a_talking_blinking_face_is_as_lively_as_before(track, known: dict[str, Face], motion: float) -> None:
    clip = media.talking(known["hopper"].landmarks, 48, motion=motion)
    raw, smooth = meshes(track(clip, smooth=0.0)), meshes(track(clip, smooth=0.5))
    mouth, mouth_after = gap(raw, 13, 14), gap(smooth, 13, 14)
    assert np.corrcoef(mouth, [media.opening(i) for i in range(48)])[0, 1] > 0.95
    assert 0.97 < gain(mouth, mouth_after) < 1.03
    assert 0.97 < np.ptp(mouth_after) / np.ptp(mouth) < 1.03
    assert 0.9 < gain(gap(raw, 159, 145), gap(smooth, 159, 145)) < 1.1


def test_nothing_lags(track) -> None:
    clip = media.scene(36, {"hopper": lambda i: media.placed("hopper", (320 + 25 * np.sin(i * 0.63), 180), 110)})
    raw, smooth = meshes(track(clip, smooth=0.0)), meshes(track(clip, smooth=0.5))
    x, after = raw[4:-4, :468, 0].mean(1), smooth[4:-4, :468, 0].mean(1)
    assert 0.98 < gain(x, after) < 1.02
    assert np.abs(x - after).max() < 1.5


def test_strength_nought_and_short_runs_change_nothing(known: dict[str, Face]) -> None:
    face = known["hopper"]
    run = [face.landmarks + i for i in range(9)]
    assert smooth_landmarks(run, [face.pose] * 9, 4, 0.0) is run[4]
    assert smooth_landmarks(run[:2], [face.pose] * 2, 1, 0.5) is run[1]
