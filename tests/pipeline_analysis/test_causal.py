"""A face before a camera: followed without looking ahead, held still where it is still, late nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis import CausalTracker, FaceFinder
from pipeline.types import Face, ImageArray
from tests import media
from tests.frames import ArrayFrame
from tests.movement import gain, gap

RATE = 20.0


def follow(finder: FaceFinder, frames: list[ImageArray], smooth: float, rate: float = RATE) -> list[tuple[Face, ...]]:
    tracker = CausalTracker(finder, smooth=smooth)
    return [tracker(ArrayFrame(image, index, index / rate)) for index, image in enumerate(frames)]


def meshes(found: list[tuple[Face, ...]]) -> np.ndarray:
    return np.stack([faces[0].landmarks for faces in found])


@pytest.mark.parametrize("noise", [2.0, 8.0])
def test_a_still_face_is_still(finder: FaceFinder, noise: float) -> None:
    frames = media.still(24, noise=noise).frames
    raw, smooth = meshes(follow(finder, frames, 0.0)), meshes(follow(finder, frames, 0.5))
    assert np.abs(np.diff(smooth[6:, :, :2], axis=0)).mean() < 0.5 * np.abs(np.diff(raw[6:, :, :2], axis=0)).mean()


def test_blinks_and_words_are_left_alone(finder: FaceFinder, known: dict[str, Face]) -> None:
    frames = media.talking(known["hopper"].landmarks, 36, motion=30.0).frames
    raw, smooth = meshes(follow(finder, frames, 0.0)), meshes(follow(finder, frames, 0.5))
    mouth, after = gap(raw, 13, 14), gap(smooth, 13, 14)
    assert np.corrcoef(mouth, [media.opening(i) for i in range(36)])[0, 1] > 0.95
    assert 0.97 < gain(mouth, after) < 1.03
    assert 0.95 < np.ptp(gap(smooth, 159, 145)) / np.ptp(gap(raw, 159, 145)) < 1.05


def test_what_begins_to_move_and_stops_lags_by_no_frame(finder: FaceFinder) -> None:
    def motion(i: int):
        return media.placed("hopper", (320 + 2.0 * min(max(0, i - 12), 12), 180), 110)

    frames = media.scene(36, {"hopper": motion}).frames
    raw, smooth = meshes(follow(finder, frames, 0.0)), meshes(follow(finder, frames, 0.5))
    late = np.abs((smooth - raw)[:, :468, 0].mean(1))
    assert late.max() < 0.6  # a frame late would be 2 pixels


def test_how_fast_a_face_moves_is_told(finder: FaceFinder) -> None:
    found = follow(finder, media.camera(48).frames[:24], 0.5)
    assert found[0][0].motion == (0.0, 0.0)
    assert all(4 < faces[0].motion[0] < 6 for faces in found[2:])


def test_who_leaves_is_gone_at_once_and_found_when_they_come_back(finder: FaceFinder) -> None:
    clip = media.leaving(60)
    found = follow(finder, clip.frames, 0.5, rate=30.0)
    inside = [where and clip.centre(index, "hopper")[0] < 560 for index, where in enumerate(clip.places)]
    back = next(index for index in range(30, 60) if inside[index])
    assert all(found[index] for index in range(back) if inside[index])
    assert not any(found[index] for index in range(20, 40))
    assert all(found[index] for index in range(back + 6, 60))


def test_a_camera_may_stop_for_a_while_and_change_its_size(finder: FaceFinder) -> None:
    tracker = CausalTracker(finder)
    images = media.scene(2, {"hopper": lambda i: media.placed("hopper", (200 + 240 * i, 180), 110)}).frames
    assert tracker(ArrayFrame(images[0], 0, 0.0))[0].box.centre[0] == pytest.approx(200, abs=20)
    later = tracker(ArrayFrame(images[1], 1, 60.0))
    assert [face.box.centre[0] for face in later] == [pytest.approx(440, abs=20)]
    small = tracker(ArrayFrame(images[1][::2, ::2].copy(), 2, 60.05))
    assert [face.box.centre[0] for face in small] == [pytest.approx(220, abs=10)]


def test_landmarks_keep_to_the_skin_of_a_moving_head(finder: FaceFinder, known: dict[str, Face]) -> None:
    """What the past alone says of a movement trembles as each frame does; the picture says where the skin went."""
    clip = media.talking(known["hopper"].landmarks, 30, motion=12.0)
    skin = [50, 280, 101, 330, 117, 346, 6, 197]
    own = np.column_stack([known["hopper"].landmarks[skin, :2], np.ones(len(skin))])
    truth = np.stack([own @ np.asarray(place["hopper"]).T for place in clip.places])

    def trembling(smooth: float) -> float:
        off = meshes(follow(finder, clip.frames, smooth))[:, skin, :2] - truth
        return float(np.linalg.norm(np.diff(off[6:], axis=0), axis=2).mean())

    assert trembling(0.5) < 0.7 * trembling(0.0)
