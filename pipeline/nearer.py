"""A face behind another ends where that begins: of the two the larger one is in front."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.compositor.paste import blend
from pipeline.mesh.maps import ramp
from pipeline.models.face_mesh import FACE_OVAL
from pipeline.types import Face, FloatArray, ImageArray

SOFT = 0.01
"""Blur (sigma) of the border between them, in widths of the one in front."""
WIDER = 1.02
"""How much larger than its mesh that is taken to be: skin goes on beyond it."""
CROWN, TEMPLES = 0.3, 1.12
"""How far above a face its hair is, in heights of the face, and how much wider than the face."""
HIDDEN = (0.06, 0.18)
"""Share of a face that lies behind the other face, at which it begins to lie, and lies, behind that one's hair, too."""


def behind(
    before: ImageArray, after: ImageArray, corner: tuple[int, int], face: Face, nearer: Sequence[Face]
) -> ImageArray:
    """``(h, w, 3)`` uint8: `after`, and `before` where a nearer face is, and its hair.

    Args:
        corner: top-left of both in the frame.
        face: the one that is changed, with landmarks.
        nearer: faces that may lie before it, with landmarks.
    """
    own = _soft(before, _points(face, corner)[list(FACE_OVAL)], 0.5) if nearer else np.zeros((1, 1), np.float32)
    for other in nearer:
        points = _points(other, corner)
        oval = points[list(FACE_OVAL)]
        middle, sigma = oval.mean(0), max(0.5, SOFT * other.box.width)
        kept = _soft(before, middle + np.float32(WIDER) * (oval - middle), sigma)
        hidden = float(ramp(np.float32(float((own * kept).sum()) / max(float(own.sum()), 1.0)), *HIDDEN))
        if hidden > 0:
            up = points[10] - points[152]
            high = oval[(oval - middle) @ up > 0]
            crown = high.mean(0) + np.float32(TEMPLES) * (high - high.mean(0)) + np.float32(CROWN) * up
            kept = np.maximum(kept, np.float32(hidden) * _soft(before, np.concatenate([high, crown]), 2 * sigma))
        if kept.max() > 0:
            after = blend(after, before, kept)
    return after


def _points(face: Face, corner: tuple[int, int]) -> FloatArray:
    assert face.landmarks is not None
    return np.asarray(face.landmarks[:, :2] - np.array(corner, np.float32), np.float32)


def _soft(picture: ImageArray, points: FloatArray, sigma: float) -> FloatArray:
    """``(h, w)`` float32, 1 within the hull of some points."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32) / 255
