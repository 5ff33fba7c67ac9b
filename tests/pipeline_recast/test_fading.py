"""Turned faces that stay, and edges that are soft: on a real portrait, whose pose is turned further than it is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline import Cast, Options, Recaster
from pipeline.analysis.landmarks import pose_angles
from pipeline.fading import TURNED, TURNING, WIDEST, faded, shown
from pipeline.marking import Marking
from pipeline.types import Face, FloatArray, ImageArray
from tests import media
from tests.faces import portrait_face


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    """The watermark would change every pixel a little."""
    return Recaster(marking=Marking(frozenset()))


@pytest.fixture(scope="module")
def cast(recaster: Recaster, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return Cast(everyone=recaster.identify([media.portrait_file("astronaut", tmp_path_factory.mktemp("source"))]))


@pytest.fixture(scope="module")
def target() -> ImageArray:
    return np.asarray(media.portrait("hopper"))


def turned(face: Face, degrees: float) -> Face:
    """The face as if its head were turned so far; where it is in the picture stays."""
    assert face.pose is not None
    turn = np.radians(degrees - pose_angles(face.pose)[0])
    about: FloatArray = np.eye(4, dtype=np.float32)
    about[0, 0] = about[2, 2] = np.cos(turn)
    about[0, 2], about[2, 0] = np.sin(turn), -np.sin(turn)
    pose = face.pose.copy()
    pose[:3, :3] = about[:3, :3] @ pose[:3, :3]
    return replace(face, pose=pose)


def test_the_share_of_a_turned_face_falls_without_a_jump() -> None:
    face, keep = portrait_face("hopper"), Options(turned="keep")
    angles = [0.0, 30.0, TURNING, 50.0, 55.0, TURNED, 80.0]
    shares = [shown(turned(face, angle), keep) for angle in angles]
    assert [round(pose_angles(turned(face, angle).pose)[0]) for angle in angles] == [round(angle) for angle in angles]  # type: ignore[arg-type]
    assert shares[:2] == [1.0, 1.0] and shares[2] > 0.99 and shares[-2] < 0.01 and shares[-1] == 0.0
    assert 0.1 < shares[4] < shares[3] < 0.9
    assert [shown(turned(face, -angle), keep) for angle in angles] == pytest.approx(shares, abs=0.02)
    assert shown(turned(face, 80), Options()) == 1.0


def test_a_turned_face_stays_where_it_is_asked_for(recaster: Recaster, cast: Cast, target: ImageArray) -> None:
    (face,) = recaster.faces(target)
    keep = Options(turned="keep")
    assert np.array_equal(recaster.recast_frame(target, cast, keep, [turned(face, 75)]), target)
    usual = recaster.recast_frame(target, cast, Options(), [face])
    assert np.array_equal(recaster.recast_frame(target, cast, keep, [face]), usual)
    assert np.abs(usual.astype(int) - target).max() > 40


def test_soft_edges_change_less_at_the_edge_and_the_same_inside(
    recaster: Recaster, cast: Cast, target: ImageArray
) -> None:
    (face,) = recaster.faces(target)
    hard, soft = (recaster.recast_frame(target, cast, Options(edge_softness=s), [face]) for s in (0.0, 1.0))
    change = [np.abs(image.astype(int) - target).max(axis=2) for image in (hard, soft)]
    changed = cv2.morphologyEx((change[0] > 1).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    inside = cv2.distanceTransform(cv2.drawContours(changed, outlines, -1, 1, cv2.FILLED), cv2.DIST_L2, 5)
    reach = WIDEST * face.box.width
    rim, deep = (inside > 0) & (inside < reach / 3), inside > 1.5 * reach
    assert change[1][rim].mean() < 0.4 * change[0][rim].mean()
    assert deep.any() and np.abs(hard.astype(int) - soft)[deep].max() <= 1
    assert (change[1][changed == 0] <= 1).all()


def test_nothing_asked_for_is_nothing_done(target: ImageArray) -> None:
    after = cv2.add(target, 30)
    assert faded(target, after, 1.0, 0.0, 200.0) is after
    assert np.abs(faded(target, after, 0.5, 0.0, 200.0).astype(int) - target).max() <= 16
