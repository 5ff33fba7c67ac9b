"""A face in light so glaring that the picture shows it white."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.compositor.glare import unclipped
from pipeline.types import ImageArray
from tests import faces, media


def _lit(image: ImageArray, times: float) -> ImageArray:
    return np.clip(image * times, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("times", [1.8, 2.2])
def test_shades_of_a_new_face_keep_their_hue_in_glaring_light(times: float) -> None:
    """White light was taken for the light: the new face's brows, lips and folds were grey, as on a drawing."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    result = faces.recast(_lit(image, times), faces.identity("hopper"), face=face)
    inside = np.zeros(image.shape[:2], np.uint8)
    hull = cv2.convexHull(np.round(face.landmarks[:468, :2]).astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1)
    colour = result[cv2.erode(inside, np.ones((15, 15), np.uint8)) > 0].astype(np.float32)
    shade = colour[(colour.mean(1) > 60) & (colour.mean(1) < 225)]
    assert len(shade) > 100
    assert float(np.median(shade[:, 2] / shade[:, 0])) > 1.15, "redder than blue, as skin is"


def test_glare_in_black_and_white_stays_grey() -> None:
    face = faces.portrait_face("astronaut")
    grey = cv2.cvtColor(cv2.cvtColor(media.portrait("astronaut"), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    target = _lit(np.asarray(grey, np.uint8), 1.8)
    result = faces.recast(target, faces.identity("hopper"), face=face).astype(int)
    assert np.ptp(result, axis=2).max() < 12


def test_light_that_is_not_cut_off_stays_as_it_is() -> None:
    light = np.full((96, 96, 3), (180, 200, 230), np.float32)
    cast, share = unclipped(light, light, np.ones((96, 96), np.float32), np.array([140, 170, 200], np.float32))
    assert cast is light
    assert share.max() == 0
