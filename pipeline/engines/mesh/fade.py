"""How a new face ends: softly, within its outline, and so that no brow is half the target's."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from pipeline.mesh import FaceView, topology
from pipeline.mesh.maps import ramp, rise
from pipeline.mesh.topology import ZONES
from pipeline.types import FloatArray, ImageArray

FADE = 2.5
"""Width of the faded border in pixels of the coarse map."""
BROW_FADE, FOREHEAD_FADE = 2.2, 3.8
"""The same beside a brow, and on the forehead."""
STEPS, OVER = 1.2, 0.1
"""Blur (sigma) that takes the steps of the coarse map's pixels from a border, which would be seen on a large face; and
how much farther out a brow fades, as the blur has rounded the corners that a brow lies in."""


FAR = (0.15, 0.24)
"""How far it is from an eye's outer corner to the outline beyond it, in distances of both corners, up to which lashes
reach that on a turned head, and from which on they do not. Ahead it is 0.3 to 0.4."""
SIDES = ((33, (127, 34, 162, 139)), (263, (356, 264, 389, 368)))
"""Outer corners of the eyes, and what lies beside them at the outline."""


def fade(view: FaceView) -> FloatArray:
    """Fade the face out towards its silhouette, inside it only; within a pixel or two where a brow reaches that far, so
    that no brow is half the target's, or lashes do, which were left as specks beside the new eye; over more of a
    forehead, which goes on beyond the face."""
    distance, places = fade_depth((view.seen > 0.5).astype(np.uint8)), _places()
    for share, beside in zip(_far(view.landmarks), _beside_eyes(), strict=True):
        if share > 0:
            places = cv2.max(places, beside * np.float32(share))
    place = view.fold_on(places)
    brows, forehead = np.maximum(place, 0), np.maximum(-place, 0)
    width = FADE + (BROW_FADE - FADE) * brows + (FOREHEAD_FADE - FADE) * forehead
    t = np.clip((distance - 1 + brows * (BROW_FADE + OVER)) / width, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _far(landmarks: FloatArray) -> list[float]:
    """For the right and the left side, 0 to 1: how far the head is turned away there."""
    (right, *beyond_right), (left, *beyond_left) = (landmarks[[corner, *edge], :2].tolist() for corner, edge in SIDES)
    span = max(math.dist(right, left), 1e-3) ** 2
    x, y = (left[0] - right[0]) / span, (left[1] - right[1]) / span
    reach = (
        max(sign * ((there[0] - corner[0]) * x + (there[1] - corner[1]) * y) for there in beyond)
        for sign, corner, beyond in ((-1, right, beyond_right), (1, left, beyond_left))
    )
    return [1 - rise(each, *FAR) for each in reach]


@cache
def _beside_eyes() -> tuple[FloatArray, FloatArray]:
    """``(96, 96)`` float32 each over the atlas: 1 between the outer corner of an eye and the outline."""
    uv, zones = topology().uv, []
    for corner, edge in SIDES:
        zone = np.zeros((ZONES, ZONES), np.float32)
        (low, high), (top, bottom) = (
            np.sort(each) * ZONES for each in (uv[[corner, edge[0]], 0], uv[[edge[2], corner], 1])
        )
        zone[round(top) : round(2 * bottom - top), round(low) : round(high)] = 1
        zones.append(cv2.GaussianBlur(zone, (0, 0), 1.0))
    return zones[0], zones[1]


@cache
def _places() -> FloatArray:
    """``(96, 96)`` float32 over the atlas: 1 on the brows, -1 on the forehead above them, 0 elsewhere."""
    mesh = topology()
    top = float(mesh.uv[[105, 334], 1].min()) * ZONES
    forehead = ramp(top - np.arange(ZONES, dtype=np.float32), 0, 6)[:, None]
    return np.asarray(mesh.brows - forehead * (1 - mesh.brows), np.float32)


def fade_depth(seen: ImageArray) -> FloatArray:
    """How far within a mask each pixel lies, less than 0 beyond it; its border without steps. Where the mask meets the
    border of the picture it goes on.

    Args:
        seen: ``(h, w)`` uint8, 0 or 1.
    """
    wide = cv2.copyMakeBorder(seen, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    within, beyond = (cv2.distanceTransform(mask, cv2.DIST_L2, 5)[1:-1, 1:-1] for mask in (wide, 1 - wide))
    return cv2.GaussianBlur(within - beyond, (0, 0), STEPS)
