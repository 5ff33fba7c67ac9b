"""The constant part: the face mesh with a margin around it, its atlas, and where on the atlas what is expected.

The *atlas* is MediaPipe's own unfolding of the canonical face into a square. What is measured or masked there does not
depend on pose, so it is steady from frame to frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.maps import ramp
from pipeline.mesh.raster import scan
from pipeline.models.face_mesh import (
    FACE_OVAL,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    VERTICES,
    face_mesh,
)
from pipeline.types import FloatArray

MARGIN = 0.14
"""How far the margin reaches beyond the outline, in parts of the distance to the centre."""
ZONES = 96
"""Side of the zone maps, and of everything that is measured on the atlas."""
NOSTRILS = (98, 97, 2, 326, 327, 94, 240, 460, 64, 294)


@dataclass(frozen=True, eq=False)
class Topology:
    """The mesh: 468 vertices of the face, then 36 of the margin. Maps are ``(96, 96)`` float32 over the atlas.

    Attributes:
        uv: ``(504, 2)`` float32 atlas coordinates in the unit square.
        triangles: ``(970, 3)`` int32, the 72 of the margin first so that the face is drawn over it.
        margins: how many triangles belong to the margin.
        mirror: ``(504,)`` int32, the vertex on the other side of the face.
        face: 1 inside the outline.
        skin: 1 where bare skin is expected (no brows, eyes, lips, nostrils).
        features: 1 on brows, eyes, lips and nostrils, with a little around them.
        brows: 1 on the brows, falling off softly around them.
        inner: 1 on nose and cheeks, where neither hair nor beard grows.
        rim: 1 where hair may hang into the face (forehead, temples, sides), falling off towards the middle.
        lips: 1 on the lips, and on the mouth between them.
        lids: 1 on the eyes and the skin that moves with them, falling off softly around; not on the brows.
        beard: 1 where a beard or moustache may grow.
        sides: 1 on temples, outer cheeks and along the jaw, which a photo from the front hardly shows, falling off
            inwards; and outside of the outline.
        brim: 1 on the outline itself, where a photo's background begins, and outside, falling off within a few texels.
    """

    uv: FloatArray
    triangles: NDArray[np.int32]
    margins: int
    mirror: NDArray[np.int32]
    face: FloatArray
    skin: FloatArray
    features: FloatArray
    brows: FloatArray
    inner: FloatArray
    rim: FloatArray
    lips: FloatArray
    lids: FloatArray
    beard: FloatArray
    sides: FloatArray
    brim: FloatArray


@cache
def topology() -> Topology:
    """Built once from the canonical mesh."""
    mesh = face_mesh()
    oval = np.array(FACE_OVAL)
    # The atlas leaves room for the margin on all sides.
    uv = ((with_margin(mesh.uv) - 0.5) / (1 + 2.2 * MARGIN) + 0.5).astype(np.float32)
    ring = VERTICES + np.arange(len(oval))
    following, ring_following = np.roll(oval, -1), np.roll(ring, -1)
    margin = np.concatenate([np.stack([oval, ring, following], 1), np.stack([following, ring, ring_following], 1)])
    # Every triangle turns the same way in the atlas, so that a negative area means "facing away".
    triangles = np.concatenate([_turned(margin, uv), _turned(mesh.triangles, uv)]).astype(np.int32)
    flipped = uv * [-1, 1] + [1, 0]
    mirror = np.argmin(((flipped[:, None] - uv[None]) ** 2).sum(2), axis=1).astype(np.int32)
    face, features = _face_zone(uv), _feature_zone(uv)
    skin = cv2.erode(face, np.ones((3, 3), np.uint8)) * (features < 0.5)
    x, y = _grid(uv)
    inner = skin * _ellipse(x, y, 0.0, 0.28, 0.95, 0.50)
    beard = face * ramp(y, 0.38, 0.55) * np.maximum(_ellipse(x, y, 0.0, 0.75, 0.62, 0.42), ramp(y, 0.85, 1.0))
    rim = face * np.clip(ramp(-y, 0.26, 0.42) + ramp(np.abs(x), 0.85, 1.15) * ramp(-y, -1.25, -0.95), 0, 1)
    depth = cv2.distanceTransform((face > 0).astype(np.uint8), cv2.DIST_L2, 5) / ZONES
    sides = np.maximum(ramp(np.abs(x), 0.85, 1.1), ramp(-depth, -0.10, -0.04)) * ramp(y, -0.5, -0.3)
    return Topology(
        uv, triangles, len(margin), mirror, face, skin, features, _brow_zone(uv), inner, rim,
        _lip_zone(uv), _lid_zone(uv), beard.astype(np.float32), sides.astype(np.float32), ramp(-depth, -0.055, -0.02),
    )  # fmt: skip


@cache
def texels(size: int) -> tuple[NDArray[np.int32], FloatArray, NDArray[np.bool_]]:
    """For each texel of a `size` × `size` atlas the three vertices around it, ``(n, n, 3)`` int32, their weights
    ``(n, n, 3)`` float32, and whether it lies on the mesh or its margin, ``(n, n)`` bool."""
    mesh = topology()
    corner = np.zeros((size, size, 3), np.int32)
    weight = np.zeros((size, size, 3), np.float32)
    covered = np.zeros((size, size), bool)
    hits = scan(mesh.uv * size - 0.5, mesh.triangles, (size, size))
    corner[hits.y, hits.x] = hits.triangles[hits.which]
    weight[hits.y, hits.x] = np.stack([1 - hits.s - hits.t, hits.s, hits.t], 1)
    covered[hits.y, hits.x] = True
    return corner, weight, covered


def with_margin(points: FloatArray) -> FloatArray:
    """``(>=468, d)`` points of a mesh to ``(504, d)``: the face's and, continued outwards, the margin's."""
    skin = points[:VERTICES]
    oval = skin.take(FACE_OVAL, 0)
    ring = oval + MARGIN * (oval - oval.sum(0) / oval.dtype.type(len(oval)))
    return np.concatenate([skin, ring]).astype(np.float32)


def _turned(triangles: NDArray[np.int32], uv: FloatArray) -> NDArray[np.int32]:
    a, b, c = uv[triangles[:, 0]], uv[triangles[:, 1]], uv[triangles[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where(area[:, None] < 0, triangles[:, [0, 2, 1]], triangles)


def _face_zone(uv: FloatArray) -> FloatArray:
    zone = np.zeros((ZONES, ZONES), np.float32)
    cv2.fillPoly(zone, [np.round(uv[list(FACE_OVAL)] * ZONES).astype(np.int32)], 1.0)
    return zone


def _feature_zone(uv: FloatArray) -> FloatArray:
    zone = np.zeros((ZONES, ZONES), np.uint8)
    for group in (RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW, OUTER_LIPS, NOSTRILS):
        cv2.fillConvexPoly(zone, cv2.convexHull(np.round(uv[list(group)] * ZONES).astype(np.int32)), 1)
    zone = cv2.dilate(zone, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return zone.astype(np.float32)


def _lip_zone(uv: FloatArray) -> FloatArray:
    zone = np.zeros((ZONES, ZONES), np.float32)
    cv2.fillConvexPoly(zone, cv2.convexHull(np.round(uv[list(OUTER_LIPS)] * ZONES).astype(np.int32)), 1.0)
    return zone


def _lid_zone(uv: FloatArray) -> FloatArray:
    zone = np.zeros((ZONES, ZONES), np.uint8)
    for group in (RIGHT_EYE, LEFT_EYE):
        cv2.fillConvexPoly(zone, cv2.convexHull(np.round(uv[list(group)] * ZONES).astype(np.int32)), 1)
    zone = cv2.dilate(zone, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 9)))
    return (cv2.GaussianBlur(zone.astype(np.float32), (0, 0), 1.0) * (1 - _brow_zone(uv))).astype(np.float32)


def _brow_zone(uv: FloatArray) -> FloatArray:
    zone = np.zeros((ZONES, ZONES), np.float32)
    for group in (RIGHT_BROW, LEFT_BROW):
        cv2.fillConvexPoly(zone, cv2.convexHull(np.round(uv[list(group)] * ZONES).astype(np.int32)), 1)
    wide = cv2.dilate(zone, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return np.minimum(cv2.GaussianBlur(wide, (0, 0), 1.5) * 1.6, 1).astype(np.float32)


def _grid(uv: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates of the texels in face units: x is 0 on the middle line and 1 at the outer corner of the left eye, y
    is 0 at the height of the eyes and 1 at the lower lip's edge, -1 as far above the eyes."""
    eyes, lip = uv[[33, 263]].mean(0), uv[17]
    u, v = np.meshgrid((np.arange(ZONES) + 0.5) / ZONES, (np.arange(ZONES) + 0.5) / ZONES)
    x = (u - uv[168, 0]) / (uv[263, 0] - uv[168, 0])
    y = (v - eyes[1]) / (lip[1] - eyes[1])
    return x.astype(np.float32), y.astype(np.float32)


def _ellipse(x: FloatArray, y: FloatArray, cx: float, cy: float, rx: float, ry: float) -> FloatArray:
    return ramp(-np.hypot((x - cx) / rx, (y - cy) / ry), -1.15, -0.9)
