"""Painted exclusions: places of a face that somebody has painted over, where the target stays as it is.

An exclusion is a grey map over the face's own atlas, so it follows the face through the film, however it turns.
"""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.painted import EXCLUSION_SIDE, read_exclusion
from pipeline.mesh.topology import ZONES, texels
from pipeline.mesh.view import FaceView
from pipeline.options import PaintedMask
from pipeline.types import Box, Crop, Face, FloatArray, ImageArray

TOWARDS = 0.04
"""Cosine to the line of sight above which a texel was painted on, and not merely lay behind what was."""
GROWN = 3
"""Texels by which an exclusion is grown before its border is softened: all that was painted stays."""
SOFT = 1.6
"""Blur (sigma) of its border, in texels."""
ROOM = 1.35
"""A face's box is enlarged by this for its mesh with the margin to lie within."""


def painted_over(strokes: ImageArray, face: Face) -> ImageArray:
    """What strokes over a frame are on the atlas of a face in it.

    Args:
        strokes: ``(h, w)`` uint8 of the frame's size, 255 where somebody has painted.
        face: with landmarks and pose; found in that frame.

    Returns:
        ``(192, 192)`` uint8, 255 where the target is to stay. Nothing is known of the side that is turned away: it
        counts as not painted.
    """
    view, (x, y) = _view(face, strokes.shape[:2])
    width, height = view.size
    unfolded = view.unfold(strokes[y : y + height, x : x + width], EXCLUSION_SIDE)
    side = (EXCLUSION_SIDE, EXCLUSION_SIDE)
    seen = cv2.resize(view.facing, side, interpolation=cv2.INTER_LINEAR) > TOWARDS
    return np.where(seen & _mesh(), unfolded, 0).astype(np.uint8)


def laid_on(exclusion: ImageArray, face: Face, size: tuple[int, int]) -> ImageArray:
    """The opposite: where in a frame an exclusion lies, ``(h, w)`` uint8.

    Args:
        exclusion: ``(192, 192)`` uint8.
        size: ``(width, height)`` of the frame.
    """
    view, (x, y) = _view(face, size[::-1])
    width, height = view.size
    laid = np.zeros(size[::-1], np.uint8)
    shown = view.enlarge(view.fold(exclusion.astype(np.float32)))
    laid[y : y + height, x : x + width] = np.clip(shown, 0, 255).astype(np.uint8)
    return laid


def left_alone(view: FaceView, painted: PaintedMask) -> FloatArray:
    """A middling map, 1 where a mask over the atlas wants the target to stay.

    What stays is the target's own, so it lies on the target's mesh, wherever the new face's features go.
    """
    own = FaceView(view.crop) if view.moved else view
    return own.to_middle(own.fold(_softened(painted)))


@cache
def _mesh() -> NDArray[np.bool_]:
    """Texels that lie on the mesh or its margin by a good measure; between it and nothing all sorts of things lie."""
    covered = texels(ZONES)[2].astype(np.float32)
    within = cv2.erode(covered, np.ones((3, 3), np.uint8), borderValue=0)
    side = (EXCLUSION_SIDE, EXCLUSION_SIDE)
    return np.asarray(cv2.resize(within, side, interpolation=cv2.INTER_LINEAR) > 0.99)


@lru_cache(maxsize=16)
def _softened(painted: PaintedMask) -> FloatArray:
    """``(192, 192)`` float32: an exclusion with a soft border around it."""
    grown = cv2.dilate(read_exclusion(painted), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GROWN + 1,) * 2))
    # Nothing reaches the atlas' own border: that is what lies beyond the mesh is folded to.
    grown[:2], grown[-2:], grown[:, :2], grown[:, -2:] = 0, 0, 0, 0
    soft = cv2.GaussianBlur(grown.astype(np.float32) / np.float32(255), (0, 0), SOFT)
    t = np.clip((soft - np.float32(0.1)) / np.float32(0.8), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _view(face: Face, shape: tuple[int, ...]) -> tuple[FaceView, tuple[int, int]]:
    """The view of a face in a frame of ``(height, width)``, and the top-left corner of its crop."""
    assert face.landmarks is not None and face.pose is not None
    points = face.landmarks[:, :2]
    (left, top), (right, bottom) = points.min(0), points.max(0)
    box = Box(float(left), float(top), float(right), float(bottom)).scaled(ROOM)
    x0, y0 = int(np.clip(box.x0, 0, shape[1] - 1)), int(np.clip(box.y0, 0, shape[0] - 1))
    x1, y1 = int(np.clip(box.x1, x0 + 1, shape[1])), int(np.clip(box.y1, y0 + 1, shape[0]))
    shift = np.array([x0, y0, 0], np.float32)
    # Only its size is asked for: no pixels are looked at.
    empty = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (y1 - y0, x1 - x0, 3))
    matrix = np.array([[1, 0, -x0], [0, 1, -y0]], np.float32)
    return FaceView(Crop(empty, face.landmarks - shift, matrix, face.pose)), (x0, y0)
