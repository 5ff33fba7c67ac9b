"""How much of a new face is shown: all of it, but where it was asked to give way."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.analysis.landmarks import pose_angles
from pipeline.options import Options
from pipeline.types import Face, FloatArray, ImageArray

TURNING, TURNED = 45.0, 60.0
"""Degrees of yaw between which a face that is to stay when it is turned away becomes its own again: over so many that
nothing pops while a head turns."""
WIDEST = 0.12
"""How far the softest edge reaches into the face, in widths of it."""
_NOTHING = 1
"""Grey levels of a change that nobody sees."""


def shown(face: Face, options: Options) -> float:
    """The share of a new face that is seen, 0 to 1."""
    if options.turned == "recast" or face.pose is None:
        return 1.0
    away = (abs(pose_angles(face.pose)[0]) - TURNING) / (TURNED - TURNING)
    share = 1.0 - min(1.0, max(0.0, away))
    return share * share * (3.0 - 2.0 * share)


def faded(before: ImageArray, after: ImageArray, share: float, softness: float, width: float) -> ImageArray:
    """``(height, width, 3)`` uint8: `after` where it gives way to `before`.

    Args:
        share: of `after` everywhere.
        softness: 0 leaves edges as they are, 1 is softest.
        width: of the face in pixels.
    """
    reach = softness * WIDEST * width
    if share >= 1.0 and reach < 1.0:
        return after
    weight = np.full(before.shape[:2], share, np.float32)
    if reach >= 1.0:
        weight *= _towards_the_edge(before, after, reach)
    mixed = before + (after.astype(np.float32) - before) * weight[..., None]
    return np.asarray(np.rint(mixed), np.uint8)


def _towards_the_edge(before: ImageArray, after: ImageArray, reach: float) -> FloatArray:
    """``(height, width)`` float32: 0 where the change ends, 1 from `reach` pixels inside of it on."""
    changed = (cv2.absdiff(before, after).max(axis=2) > _NOTHING).astype(np.uint8)
    side = 2 * max(1, round(reach / 4)) + 1
    changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    # What lies within, as glasses do, or happens to be alike, is no edge of the face.
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(changed, outlines, -1, 1, cv2.FILLED)
    inside = cv2.distanceTransform(cv2.copyMakeBorder(changed, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)
    share = np.minimum(inside[1:-1, 1:-1] / np.float32(reach), 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float32)
