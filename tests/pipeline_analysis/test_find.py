"""Faces of single frames: all sizes, all turns, who they are, and what is no face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from pipeline.analysis import FaceFinder, pose_angles
from pipeline.analysis.detect import merge
from pipeline.types import Box, Face
from tests.frames import ArrayFrame
from tests.media import background, paste, placed, portrait


def expected(face: Face, place: np.ndarray) -> np.ndarray:
    assert face.landmarks is not None
    return face.landmarks[:468, :2] @ place[:, :2].T + place[:, 2]


def error(found: Face, known: Face, place: np.ndarray) -> float:
    """Mean distance from where the portrait's own mesh lies, in widths of the face."""
    assert found.landmarks is not None
    return float(np.linalg.norm(found.landmarks[:468, :2] - expected(known, place), axis=1).mean()) / found.box.width


@pytest.mark.parametrize("degrees", range(0, 360, 15))
@pytest.mark.parametrize("name", ["hopper", "astronaut"])
def test_every_turn(finder: FaceFinder, known: dict[str, Face], name: str, degrees: int) -> None:
    place = placed(name, (320, 180), 72, degrees)
    (face,) = finder.faces(ArrayFrame(paste(background(640, 360), name, place)))
    assert error(face, known[name], place) < 0.02
    assert face.embedding @ known[name].embedding > 0.9
    assert face.pose is not None and face.points is not None
    # Which way up is told to a few degrees, so nothing was found lying on its side.
    assert abs((pose_angles(face.pose)[2] - degrees + 180) % 360 - 180) < 8


@pytest.mark.parametrize(("size", "width"), [((1920, 1080), 24), ((1280, 720), 40), ((640, 360), 330)])
def test_every_size(finder: FaceFinder, known: dict[str, Face], size: tuple[int, int], width: int) -> None:
    place = placed("hopper", (size[0] * 0.5, size[1] * 0.5), width)
    (face,) = finder.faces(ArrayFrame(paste(background(*size), "hopper", place)))
    assert error(face, known["hopper"], place) < 0.04
    assert face.embedding @ known["hopper"].embedding > 0.6


def test_a_face_that_fills_a_4k_frame(finder: FaceFinder, known: dict[str, Face]) -> None:
    place = placed("hopper", (1920, 1080), 1900)
    image = cv2.warpAffine(portrait("hopper"), place, (3840, 2160), borderMode=cv2.BORDER_REPLICATE)
    face = finder.faces(ArrayFrame(image))[0]
    assert error(face, known["hopper"], place) < 0.02


def test_people_are_told_apart(finder: FaceFinder, known: dict[str, Face]) -> None:
    assert known["hopper"].embedding @ known["astronaut"].embedding < 0.3
    image = paste(background(640, 360), "hopper", placed("hopper", (160, 180), 90))
    image = paste(image, "astronaut", placed("astronaut", (480, 180), 60))
    large, small = finder.faces(ArrayFrame(image))
    assert large.embedding @ known["hopper"].embedding > 0.9
    assert small.embedding @ known["astronaut"].embedding > 0.9
    assert np.linalg.norm(large.embedding) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("name", "count"), [("t1.jpg", 6), ("gdp.jpg", 3), ("yaoming.jpg", 1)])
def test_group_photos(finder: FaceFinder, group_photo, name: str, count: int) -> None:
    faces = [face for face in finder.faces(ArrayFrame(group_photo(name))) if face.box.width > 30]
    assert len(faces) == count
    assert [face.box.area for face in faces] == sorted((face.box.area for face in faces), reverse=True)


@pytest.mark.parametrize("make", [skimage.data.coffee, skimage.data.chelsea, skimage.data.rocket])
def test_what_is_no_face(finder: FaceFinder, make) -> None:
    assert finder.faces(ArrayFrame(make()[:, :, ::-1].copy())) == ()


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 40), (360, 640)])
def test_empty_pictures(finder: FaceFinder, shape: tuple[int, int]) -> None:
    assert finder.faces(ArrayFrame(np.full((*shape, 3), 90, np.uint8))) == ()


def test_a_face_cut_off_by_the_border_is_no_fault(finder: FaceFinder) -> None:
    for x in (-40, 0, 40, 600, 660):
        found = finder.faces(ArrayFrame(paste(background(640, 360), "hopper", placed("hopper", (x, 180), 150))))
        # Of half a face and more, the whole box is known; of less there need not be one.
        assert len(found) == 1 or x in (-40, 660)
        assert all(face.box.x0 < 0 or face.box.x1 > 640 for face in found)
        assert all(face.landmarks is not None and np.isfinite(face.landmarks).all() for face in found)


def test_merging_keeps_the_surest() -> None:
    faces = [Face(Box(0, 0, 10, 10), 0.7), Face(Box(1, 1, 11, 11), 0.9), Face(Box(30, 0, 40, 10), 0.8)]
    assert [face.score for face in merge(faces)] == [0.9, 0.8]
