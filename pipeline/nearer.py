"""A face behind another ends where that begins: of the two the larger one is in front."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.models.face_mesh import FACE_OVAL
from pipeline.types import Face, ImageArray

SOFT = 0.01
"""Blur (sigma) of the border between them, in widths of the one in front."""
WIDER = 1.02
"""How much larger than its mesh that is taken to be: skin goes on beyond it."""


def behind(before: ImageArray, after: ImageArray, corner: tuple[int, int], nearer: Sequence[Face]) -> ImageArray:
    """``(h, w, 3)`` uint8: `after`, and `before` where a nearer face is.

    Args:
        corner: top-left of both in the frame.
        nearer: faces that may lie there, with landmarks.
    """
    for face in nearer:
        assert face.landmarks is not None
        oval = face.landmarks[list(FACE_OVAL), :2] - np.array(corner, np.float32)
        middle = oval.mean(0)
        hull = cv2.convexHull(np.rint((middle + WIDER * (oval - middle)) * 16).astype(np.int32))
        mask = np.zeros(before.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, 4)
        if mask.any():
            kept = cv2.GaussianBlur(mask, (0, 0), max(0.5, SOFT * face.box.width)).astype(np.float32) / 255
            after = np.asarray(cv2.blendLinear(before, after, kept, 1 - kept), np.uint8)
    return after
