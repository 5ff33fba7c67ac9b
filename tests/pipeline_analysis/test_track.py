"""Faces followed through clips whose truth is known: nobody is swapped, merged, or noticed late."""

from __future__ import annotations

import math
from collections import defaultdict

import cv2
import numpy as np
import pytest

from pipeline.analysis import FaceFinder, Tracker
from pipeline.analysis.watch import Watch
from pipeline.types import Face, Frame
from tests import media
from tests.frames import ArrayFrame
from tests.media import Clip

Done = list[tuple[Frame, tuple[Face, ...]]]


def shown(clip: Clip, done: Done, known: dict[str, Face]) -> dict[int, dict[str, list[int]]]:
    """By track: frames in which it lies on each portrait's face (mean error under 15 % of its width)."""
    result: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for frame, faces in done:
        for face in faces:
            on = "nobody"
            for name, place in clip.places[frame.index].items():
                truth = known[name].landmarks[:468, :2] @ place[:, :2].T + place[:, 2]
                if np.linalg.norm(face.landmarks[:468, :2] - truth, axis=1).mean() < 0.15 * face.box.width:
                    on = name
            result[face.track][on].append(frame.index)
    return {track: dict(names) for track, names in result.items()}


def test_frames_come_out_in_order_and_few_are_held(finder: FaceFinder) -> None:
    frames = [ArrayFrame(media.background(320, 180), index) for index in range(40)]
    tracker, done = Tracker(finder), []
    for count, frame in enumerate(frames, 1):
        done += tracker.push(frame)
        assert count - len(done) <= 16
    done += tracker.flush()
    assert [frame for frame, _ in done] == frames
    assert all(faces == () for _, faces in done)
    assert tracker.flush() == []


def test_a_camera_move(track, known) -> None:
    clip = media.camera()
    done = track(clip)
    assert shown(clip, done, known) == {1: {"hopper": list(range(48))}}
    assert all(4 < faces[0].motion[0] < 6 for _, faces in done)
    face = done[20][1][0]
    assert face.embedding @ known["hopper"].embedding > 0.9
    assert face.points.shape == (5, 2) and face.pose.shape == (4, 4) and 0 < face.score <= 1


def test_a_full_turn(track, known) -> None:
    clip = media.rotation()
    assert shown(clip, track(clip), known) == {1: {"hopper": list(range(72))}}


def test_a_clip_that_begins_askew(track, known) -> None:
    clip = media.rotation(turn=120)
    clip = Clip(clip.frames[28:48], clip.places[28:48])
    assert shown(clip, track(clip), known) == {1: {"hopper": list(range(20))}}


@pytest.mark.parametrize("count", [36, 60, 90])
def test_two_people_who_cross_keep_their_tracks(track, known, count: int) -> None:
    clip = media.crossing(count)
    seen = shown(clip, track(clip), known)
    assert len(seen) == 2
    (front,) = [names for names in seen.values() if "hopper" in names]
    (behind,) = [names for names in seen.values() if "astronaut" in names]
    assert front == {"hopper": list(range(count))}
    assert set(behind) == {"astronaut"}
    # Before and after, but for the moment that she is hidden.
    assert len(behind["astronaut"]) > 0.7 * count
    assert behind["astronaut"][0] == 0 and behind["astronaut"][-1] == count - 1


def test_who_is_in_front_is_told_by_how_large_faces_are_apart(track) -> None:
    """The mesh of the one who is half hidden grows over the other face."""
    for frame, faces in track(media.crossing()):
        front = max(faces, key=lambda face: face.nearness)
        if len(faces) == 2:
            assert abs(front.box.centre[0] - (100 + 440 * frame.index / 60)) < 12, frame.index


def test_a_cut_ends_a_track(track, known) -> None:
    clip = media.cut(40, 21)
    assert shown(clip, track(clip), known) == {
        1: {"hopper": list(range(21))},
        2: {"astronaut": list(range(21, 40))},
    }


@pytest.mark.parametrize("last", [21, 32])
def test_a_track_is_split_where_the_face_becomes_another(track, known, last: int) -> None:
    clip = media.dissolve(60, 20, last)
    seen = shown(clip, track(clip), known)
    assert len(seen) == 2
    old, new = (sorted(index for indices in names.values() for index in indices) for names in seen.values())
    assert 18 <= old[-1] < new[0] <= 40
    assert new[-1] == 59 and set(old + new) == set(range(60))


def test_a_flash_is_no_cut(track, known) -> None:
    clip = media.camera(30)
    clip.frames[14] = np.full_like(clip.frames[14], 255)
    clip.frames[15] = np.clip(clip.frames[15].astype(np.int16) + 60, 0, 255).astype(np.uint8)
    seen = shown(clip, track(clip), known)
    assert list(seen) == [1] and set(range(30)) - set(seen[1]["hopper"]) <= {14}


def test_somebody_who_comes_back_is_the_same_track_and_seen_from_the_first_frame(track, known) -> None:
    clip = media.leaving()
    seen = shown(clip, track(clip), known)
    assert list(seen) == [1] and set(seen[1]) == {"hopper"}
    there = set(seen[1]["hopper"])
    assert {i for i in range(84) if clip.places[i] and clip.centre(i, "hopper")[0] < 590} <= there
    assert not there & set(range(28, 56))


@pytest.mark.parametrize("to", [1, -1], ids=["right", "left"])
def test_a_face_keeps_its_track_beyond_the_border_until_it_is_gone(track, known, to: int) -> None:
    """It slips out until a cheek is left, stays, goes, and comes back: it is where it is seen, without a leap."""
    x = np.interp(range(72), [0, 16, 36, 42, 48, 64], [260, 335, 335, 430, 430, 260])
    clip = media.scene(72, {"hopper": lambda i: media.placed("hopper", (320 + to * x[i], 180), 100)})
    done = track(clip)
    seen = shown(clip, done, known)
    assert list(seen) == [1] and set(seen[1]) == {"hopper"}
    assert {i for i in range(72) if x[i] < 345} <= set(seen[1]["hopper"])
    assert not {i for i in range(72) if x[i] > 400} & set(seen[1]["hopper"])
    off = []
    for frame, faces in done:
        for face in faces:
            place = clip.places[frame.index]["hopper"]
            truth = known["hopper"].landmarks[:468, :2] @ place[:, :2].T + place[:, 2]
            inside = (truth[:, 0] > 0) & (truth[:, 0] < 639)
            off.append(np.linalg.norm(face.landmarks[:468, :2] - truth, axis=1)[inside].mean())
    assert max(off) < 5


def test_something_else_at_the_border_is_not_taken_for_the_face_that_went(track, known) -> None:
    """A wall comes before what is left of a face: the face is not painted on it."""
    x = np.interp(range(40), [0, 16], [260, 335])
    clip = media.scene(40, {"hopper": lambda i: media.placed("hopper", (320 + x[i], 180), 100)})
    wall = media.background(640, 360, 9)
    for i in range(24, 40):
        clip.frames[i][:, 640 - 12 * (i - 23) :] = wall[:, : 12 * (i - 23)]
    there = {frame.index for frame, faces in track(clip) for _ in faces}
    assert set(range(24)) <= there and not there & set(range(32, 40))


def test_somebody_who_comes_in_between_detections_does_not_pop_in(track, known) -> None:
    clip = media.scene(30, {"hopper": lambda i: media.placed("hopper", (320, 180), 90) if i >= 5 else None})
    assert shown(clip, track(clip), known) == {1: {"hopper": list(range(5, 30))}}


def test_a_hand_in_front_does_not_end_a_track(track, known) -> None:
    clip = media.occluded()
    seen = shown(clip, track(clip), known)
    assert list(seen) == [1] and len(seen[1]["hopper"]) >= 54


def test_a_small_face(track, known) -> None:
    clip = media.small_face()
    assert shown(clip, track(clip), known) == {1: {"hopper": list(range(30))}}


def test_a_part_of_a_clip_gives_the_same_faces(track) -> None:
    clip = media.crossing(72)
    whole, part = track(clip), track(clip, 30, 72)
    for (frame, faces), (again, others) in zip(whole[54:], part[24:], strict=True):
        assert frame.index == again.index and len(faces) == len(others)
        for face, other in zip(faces, others, strict=True):
            difference = np.linalg.norm(face.landmarks[:, :2] - other.landmarks[:, :2], axis=1)
            assert difference.mean() < 0.003 * face.box.width
            assert face.embedding @ other.embedding > 0.97


def test_six_people_before_a_shaking_blurring_camera(finder: FaceFinder, group_photo) -> None:
    photo = group_photo("t1.jpg")
    tracker, done = Tracker(finder), []
    for i in range(44, 62):
        move = cv2.getRotationMatrix2D((640, 440), 6 * math.sin(i / 6), 0.75 + 0.15 * math.sin(i / 9))
        move[:, 2] += [30 * math.sin(i / 4) + 15 * math.sin(i * 1.3), 12 * math.cos(i / 5) - 80]
        image = cv2.warpAffine(photo, move, (1280, 720))
        done += tracker.push(ArrayFrame(cv2.blur(image, (13, 1)) if i % 11 == 5 else image, i, i / 30))
    tracks = [{face.track for face in faces} for _, faces in done + tracker.flush()]
    assert tracks == [{1, 2, 3, 4, 5, 6}] * 18


@pytest.mark.parametrize("first", [3, 14, 29])
def test_somebody_who_comes_into_an_empty_picture_is_seen_at_the_next_look(finder: FaceFinder, first: int) -> None:
    """Also where the camera's grain is all that moved before, and where the face is small and as bright as the wall."""
    wall = np.full((360, 640, 3), 150, np.uint8)
    grain = np.random.default_rng(2)
    tracker, done = Tracker(finder), []
    for index in range(48):
        image = media.paste(wall, "hopper", media.placed("hopper", (200, 120), 32)) if index >= first else wall
        noisy = np.clip(image + grain.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        done += tracker.push(ArrayFrame(noisy, index, index / 30))
    seen = [frame.index for frame, faces in done + tracker.flush() if faces]
    assert seen == list(range(first, 48))


def test_a_small_face_that_comes_into_an_empty_picture_is_found_at_the_next_thorough_look(finder: FaceFinder) -> None:
    """A face a fiftieth of the picture's width wide, before a wall as bright as it is."""
    wall = np.full((720, 1280, 3), 150, np.uint8)
    somebody = media.paste(wall, "hopper", media.placed("hopper", (500, 300), 26))
    tracker, done = Tracker(finder), []
    for index in range(120, 150):
        done += tracker.push(ArrayFrame(somebody if index >= 134 else wall, index, index / 30))
    assert [frame.index for frame, faces in done + tracker.flush() if faces] == list(range(134, 150))


def test_a_picture_in_which_nothing_moves_is_hardly_searched() -> None:
    """But for its first frame, and once in 360."""
    watch, searched = Watch(12), []
    wall, grain = media.background(640, 360), np.random.default_rng(2)
    for index in range(0, 732, 12):
        frame = ArrayFrame(np.clip(wall + grain.normal(0, 3, wall.shape), 0, 255).astype(np.uint8), index)
        if index == 0 or watch.due(frame, followed=False):
            searched.append(index)
            watch.saw(frame, anyone=False, starts=index == 0)
    assert searched == [0, 360, 720]
