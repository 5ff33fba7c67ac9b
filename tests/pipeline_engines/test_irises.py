"""The colour of the eyes."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.irises import recolour
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.options import Options
from tests import faces, media


def test_whose_eyes_are_shown_changes_nothing_but_eyes() -> None:
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    green = faces.identity("hopper")
    own = faces.recast(image, green, Options(eyes="target", likeness=0.0))
    taken = faces.recast(image, green, Options(eyes="source", likeness=0.0))
    changed = (own != taken).any(axis=-1)
    ys, xs = np.nonzero(changed)
    assert len(xs) > 0
    centres = face.landmarks[[468, 473], :2]
    width = np.linalg.norm(face.landmarks[33, :2] - face.landmarks[133, :2])
    nearest = np.min([np.hypot(xs - cx, ys - cy) for cx, cy in centres], axis=0)
    assert nearest.max() < 0.75 * width


def test_who_smiles_with_narrow_eyes_keeps_the_colour_of_his_eyes() -> None:
    """And a shut lid is no iris."""
    image = cv2.resize(media.portrait("astronaut"), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    known = faces.portrait_face("astronaut").landmarks
    assert known is not None
    found = 2 * known
    radius = float(np.linalg.norm(found[469, :2] - found[468, :2]))
    blue = np.array([1.2, 0.7, 0.4], np.float32)

    def shift(gap: float) -> float:
        """How much bluer the middle of the irises becomes where the lids are so many of their radii apart."""
        landmarks = found.copy()
        for lids in (list(RIGHT_EYE), list(LEFT_EYE)):
            eye, area = found[lids, 1], float(cv2.contourArea(found[lids, :2]))
            landmarks[lids, 1] = eye.mean() + (eye - eye.mean()) * (gap * radius * np.ptp(found[lids, 0]) / area)
        changed = recolour(image, landmarks, blue).astype(np.float32) - image
        middles = np.round(found[[468, 473], :2]).astype(int)
        parts = [changed[y - 2 : y + 3, x - 5 : x + 6] for x, y in middles]
        return float(np.mean([part[..., 0] - part[..., 2] for part in parts]))

    assert shift(0.75) > 0.6 * shift(1.2) > 3
    assert abs(shift(0.3)) < 1
