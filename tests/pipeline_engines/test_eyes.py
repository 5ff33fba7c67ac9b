"""The photo's own eyes, which look where the target looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.eyes import EYES
from pipeline.engines.mesh.gaze import shares
from pipeline.engines.mesh.looks import Carried
from pipeline.options import Options
from pipeline.types import FloatArray, Identity, ImageArray, SourcePhoto
from tests import faces, media


def _photo(image: ImageArray) -> Identity:
    face = faces.faces(image)[0]
    assert face.embedding is not None
    return Identity((SourcePhoto(image, face),), face.embedding)


def _painted(image: ImageArray, landmarks: FloatArray, aside: float, colour: tuple[int, int, int]) -> ImageArray:
    """Eyes painted over: white, with an iris of this colour, so many eye widths to the right of where it was."""
    result = image.copy()
    for lids, ring in EYES:
        outline, centre = landmarks[list(lids), :2], landmarks[ring[0], :2]
        width = float(np.linalg.norm(outline[0] - outline[8]))
        eye = np.full_like(image, 225)
        at = np.rint((centre + [aside * width, 0]) * 16).astype(int)
        cv2.circle(eye, (int(at[0]), int(at[1])), round(0.22 * width * 16), colour, -1, cv2.LINE_AA, 4)
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        result = np.where(mask[..., None] > 127, eye, result)
    return np.asarray(result, np.uint8)


@pytest.mark.parametrize("aside", [-0.12, 0.12])
def test_eyes_are_the_photos_and_look_where_the_target_looks(aside: float) -> None:
    """A photo with green eyes that look ahead, a target whose eyes are grey and look aside."""
    plain = cv2.resize(media.portrait("astronaut"), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    known = faces.faces(plain)[0].landmarks
    assert known is not None
    target = _painted(plain, known, aside, (70, 70, 70))
    result = faces.recast(target, _photo(_painted(plain, known, 0.0, (60, 150, 60))), Options(likeness=0.0))
    for lids, ring in EYES:
        mask = np.zeros(result.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.rint(known[list(lids), :2]).astype(np.int32)], 1)
        values = result.astype(np.float32)
        green = (values[..., 1] - (values[..., 0] + values[..., 2]) / 2) * mask
        place = float((np.nonzero(green > 25)[1]).mean())
        width = float(np.linalg.norm(known[lids[0], :2] - known[lids[8], :2]))
        assert (green > 25).sum() > 0.1 * mask.sum()
        assert (place - known[ring[0], 0]) / width == pytest.approx(aside, abs=0.04)


def test_a_small_photo_leaves_the_targets_eyes() -> None:
    known = faces.portrait_face("astronaut").landmarks
    irises = build_atlas(faces.identity("astronaut")).looks.irises(Carried())
    assert known is not None and irises is not None
    assert shares(known, irises) == (1.0, 1.0)
    assert max(shares(3 * known, irises)) == 0.0


def test_an_eye_of_few_pixels_has_a_pupil() -> None:
    plain, known = media.portrait("astronaut"), faces.portrait_face("astronaut").landmarks
    assert known is not None
    source = _photo(_painted(plain, known, 0.0, (120, 150, 140)))
    irises = build_atlas(source).looks.irises(Carried())
    assert irises is not None
    for iris in irises:
        luma = iris.levels[0][..., :3].mean(-1)
        assert luma[32, 32] < 0.75 * luma[32, 14]


def test_eyes_behind_dark_glasses_are_not_taken() -> None:
    image, known = media.portrait("astronaut").copy(), faces.portrait_face("astronaut").landmarks
    assert known is not None
    for lids, _ in EYES:
        (x, y), radius = known[list(lids), :2].mean(0), np.ptp(known[list(lids), 0])
        cv2.ellipse(image, ((float(x), float(y)), (2.2 * float(radius), 1.5 * float(radius)), 0), (12, 12, 12), -1)
    face = faces.portrait_face("astronaut")
    assert face.embedding is not None
    assert build_atlas(Identity((SourcePhoto(image, face),), face.embedding)).looks.irises(Carried()) is None


def test_eyes_in_deep_shade_are_not_taken() -> None:
    image, known = media.portrait("astronaut").copy(), faces.portrait_face("astronaut").landmarks
    assert known is not None
    shade = np.zeros(image.shape[:2], np.float32)
    for lids, _ in EYES:
        (x, y), radius = known[list(lids), :2].mean(0), np.ptp(known[list(lids), 0])
        cv2.ellipse(shade, ((float(x), float(y)), (2.0 * float(radius), 1.4 * float(radius)), 0), 1.0, -1)
    image = (image * (1 - 0.55 * cv2.GaussianBlur(shade, (0, 0), 3))[..., None]).astype(np.uint8)
    face = faces.portrait_face("astronaut")
    assert face.embedding is not None
    assert build_atlas(Identity((SourcePhoto(image, face),), face.embedding)).looks.irises(Carried()) is None
