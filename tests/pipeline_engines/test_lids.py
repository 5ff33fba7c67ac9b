"""Shut eyes of a face that only has open ones."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.lids import own_lids
from pipeline.engines.mesh.openings import LEFT_SOCKET, RIGHT_SOCKET, shut_lids
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.options import Options
from pipeline.types import FloatArray, ImageArray
from tests import faces, media


def zone(landmarks: FloatArray, groups: tuple[tuple[int, ...], ...], shape: tuple[int, ...]) -> ImageArray:
    mask = np.zeros(shape[:2], np.uint8)
    for group in groups:
        cv2.fillPoly(mask, [np.round(landmarks[list(group), :2]).astype(np.int32)], 1)
    return mask


def test_paint_on_shut_lids_is_hardly_carried_over() -> None:
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    shut = media.grimace(media.portrait("astronaut"), face.landmarks, 0.0, 1.0)
    there = faces.faces(shut)[0]
    assert there.landmarks is not None
    lids = zone(there.landmarks, (RIGHT_SOCKET, LEFT_SOCKET), shut.shape)
    soft = cv2.GaussianBlur(lids.astype(np.float32), (0, 0), 2)[..., None]
    painted = (shut * (1 - soft * (1 - np.array([1.0, 0.75, 0.6], np.float32)))).astype(np.uint8)
    plain, blue = (faces.recast(image, faces.identity("hopper"), Options(), there) for image in (shut, painted))

    def hue(image: ImageArray) -> FloatArray:
        logs = np.log(image[cv2.erode(lids, np.ones((3, 3), np.uint8)) > 0].astype(np.float32) + 8).mean(0)
        return logs - logs.mean()

    assert np.abs(hue(blue) - hue(plain)).max() < 0.75 * np.abs(hue(painted) - hue(shut)).max()


def test_what_is_between_shut_lids_stays_as_it_is() -> None:
    face = faces.portrait_face("hopper")
    assert face.landmarks is not None
    image = media.portrait("hopper")
    shut = media.grimace(image, face.landmarks, 0.0, 0.7)
    landmarks = faces.faces(shut)[0].landmarks
    assert landmarks is not None
    lids = shut_lids(landmarks, shut.shape[1::-1])
    assert len(lids) == 2
    grey = np.full_like(shut, 140)
    changed = own_lids(shut, grey, lids)
    difference = np.abs(changed.astype(int) - shut).max(-1)
    assert difference[zone(landmarks, (RIGHT_EYE, LEFT_EYE), shut.shape) > 0].mean() < 2
    assert difference.max() > 10


def test_open_eyes_are_left_alone() -> None:
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    assert shut_lids(face.landmarks, media.portrait("astronaut").shape[1::-1]) == ()
