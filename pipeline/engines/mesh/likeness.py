"""Moving the target's features to where, and as wide as, the source has them.

The two faces are compared in the canonical frame. Eyes, brows, nose and mouth are moved as wholes, so that expression
stays the target's: where a part goes is measured only at points of it that expression hardly moves. Eyes get the
source's width and slant, with their lids as far apart as the target's in proportion; the nose, which no expression
changes much, and the skin between parts get the source's form; brows ride on their eyes and get most of the source's
arch, mouths three quarters of its width and half of the fullness of its lips. The outline does not move.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.engines.mesh.canonical import canonical
from pipeline.engines.mesh.mouth import fuller, wider
from pipeline.mesh import topology
from pipeline.mesh.maps import ramp
from pipeline.models.face_mesh import (
    FACE_OVAL,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
    VERTICES,
    face_mesh,
)
from pipeline.types import FloatArray

NOSE = (
    168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 129, 358, 49, 279, 64, 294, 48, 278, 45, 275, 220, 440, 115,
    344, 131, 360, 198, 420, 236, 456, 51, 281, 3, 248,
)  # fmt: skip
"""Landmarks of the nose, after MediaPipe's published face mesh map."""
MOUTH_AT = (61, 291, 0)
"""Corners of the mouth and the middle of the upper lip: where a mouth is, however it moves."""
EYE_REACH, BROW_REACH, NOSE_REACH, MOUTH_REACH = 0.7, 0.7, 0.6, 0.8
"""How far (sigma) about them parts take skin along, in centimetres."""
SKIN_REACH, JAW = 3.0, (-2.0, 0.0)
"""How far (sigma) from the nose skin lies where the source has it, where no other part takes it along: a face is known
by where its features lie on it. And between which heights, beneath the mouth's corners, less and less of it does, as a
jaw moves. Both in centimetres."""
REST = 0.02
"""Weight of skin that stays: what no part reaches with more than this moves less than they do."""
DEPTH = 0.08
"""How far within the outline, in parts of the atlas' side, parts move all the way."""
LIMIT = 0.9
"""Nothing moves farther than this, in centimetres."""
WIDER = (0.8, 1.25)
"""How much narrower or wider an eye becomes at most."""
ARCH = 0.8
"""How much of the source's arch a brow gets: the rest is the target's own, frowning or raised."""
TURNED = (0.25, 0.55)
"""Cosines to the line of sight between which a place stays and moves: the far brow of a turned head lies at the
silhouette, and would be moved across it, over hair."""
INWARDS = 0.5
"""How much of a move towards or away from the viewer is made: depth is known least."""

_BROWS = np.array(RIGHT_BROW), np.array(LEFT_BROW)


def move_towards(
    landmarks: FloatArray, pose: FloatArray, shape: FloatArray, amount: float, form: FloatArray | None = None
) -> FloatArray:
    """`landmarks` ``(478, 3)`` with features moved by `amount` (0 to 1) towards the proportions of `shape`.

    Args:
        pose: ``(4, 4)`` of the landmarks, see `Face.pose`.
        shape: ``(468, 3)`` canonical shape of the source, centimetres.
        form: the same of the target where it is known from more than these landmarks, whose noise, blinks and frowns
            would move its features to and fro.
    """
    if amount <= 0:
        return landmarks
    own = canonical(landmarks, pose) if form is None else form
    wanted = _wanted(own, shape, _towards(pose))
    wanted[:, 2] *= INWARDS
    wanted /= np.sqrt(1 + (wanted * wanted).sum(1, keepdims=True) / LIMIT**2)
    flip = np.array([1, 1, -1], np.float32)
    moved = (wanted * amount) @ pose[:3, :3].T * flip
    result = landmarks.copy()
    result[:VERTICES] += moved
    for iris, lids in ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE)):
        result[list(iris)] += moved.take(lids, 0).sum(0) / np.float32(len(lids))
    return result.astype(np.float32)


def _towards(pose: FloatArray) -> FloatArray:
    """``(468,)``: 0 for vertices that are turned away in this pose, to 1."""
    sight = pose[2, :3]
    return ramp(_normals() @ (sight / np.linalg.norm(sight)).astype(np.float32), *TURNED)


@cache
def _normals() -> FloatArray:
    """``(468, 3)`` of the canonical face, of length 1."""
    mesh = face_mesh()
    a, b, c = mesh.vertices[mesh.triangles].transpose(1, 0, 2)
    outwards = np.zeros_like(mesh.vertices)
    for corner in mesh.triangles.T:
        np.add.at(outwards, corner, np.cross(b - a, c - a))
    # Triangles may turn either way: a nose points to the camera.
    outwards *= np.sign(outwards[4, 2])
    return np.asarray(outwards / np.linalg.norm(outwards, axis=1, keepdims=True), np.float32)


def _wanted(own: FloatArray, shape: FloatArray, towards: FloatArray) -> FloatArray:
    """``(468, 3)``: how far each vertex has to go, from both canonical shapes, brows as far as they are turned towards
    the viewer."""
    difference, shares = shape - own, _shares()
    mouth = difference.take(MOUTH_AT, 0).sum(0) / np.float32(len(MOUTH_AT))
    wanted = shares[:, 0:1] * (mouth + wider(own, shape)) + shares[:, 1:2] * difference + fuller(own, shape)
    for place, lids, brow in ((2, RIGHT_EYE, _BROWS[0]), (4, LEFT_EYE, _BROWS[1])):
        eye = _as_wide(own, shape, lids)
        wanted += shares[:, place : place + 1] * eye
        wanted += (shares[:, place + 1] * towards)[:, None] * _along(eye, difference, brow)
    return np.asarray(wanted, np.float32)


def _as_wide(own: FloatArray, shape: FloatArray, lids: tuple[int, ...]) -> FloatArray:
    """``(468, 3)``: how far each vertex goes with an eye that gets the other one's place, width and slant."""
    corners = [lids[0], lids[len(lids) // 2]]
    (a, b), (c, d) = own[corners], shape[corners]
    before, after = b - a, d - c
    scale = min(max(math.dist(c, d) / max(math.dist(a, b), 1e-3), WIDER[0]), WIDER[1])
    turn = math.atan2(after[1], after[0]) - math.atan2(before[1], before[0])
    x, y = math.cos(turn) * scale, math.sin(turn) * scale
    turned = np.array([[x, -y, 0], [y, x, 0], [0, 0, scale]], np.float32)
    return np.asarray((own - (a + b) / 2) @ turned.T + (c + d) / 2 - own, np.float32)


def _along(eye: FloatArray, difference: FloatArray, brow: NDArray[np.intp]) -> FloatArray:
    """``(468, 3)``: how far each vertex goes with a brow. How high it is raised above its eye is expression."""
    # Plain sums: `mean` takes longer than all of this.
    raised, high = (each[:, 1].take(brow).sum() / np.float32(len(brow)) for each in (difference, eye))
    moved = difference.copy()
    moved[:, 1] = high + ARCH * (difference[:, 1] - raised)
    return moved


@cache
def _shares() -> FloatArray:
    """``(468, 6)``: how much each vertex follows the mouth, the nose (or, as skin between parts, itself), and each eye
    and its brow; 0 on the outline."""
    mesh = face_mesh()
    parts = (
        (OUTER_LIPS + INNER_LIPS, MOUTH_REACH),
        (NOSE, NOSE_REACH),
        (RIGHT_EYE, EYE_REACH),
        (RIGHT_BROW, BROW_REACH),
        (LEFT_EYE, EYE_REACH),
        (LEFT_BROW, BROW_REACH),
    )
    flat = mesh.vertices[:, :2]
    reach = [np.linalg.norm(flat[:, None] - flat[list(part)], axis=2).min(1) / sigma for part, sigma in parts]
    weights = np.exp(-0.5 * np.stack(reach, 1) ** 2)
    # Where no other part takes it along, skin goes where the source has it.
    between = (1 - np.delete(weights, 1, 1).max(1)) * np.exp(-0.5 * (reach[1] * NOSE_REACH / SKIN_REACH) ** 2)
    between *= ramp(flat[:, 1] - flat[MOUTH_AT[0], 1], *JAW)
    weights[:, 1] = np.maximum(weights[:, 1], between)
    shares = weights / (weights.sum(1, keepdims=True) + REST)
    return (shares * _inside()[:, None]).astype(np.float32)


def _inside() -> FloatArray:
    """``(468,)``: 0 on the outline, 1 well within it."""
    uv = topology().uv[:VERTICES]
    outline = uv[list(FACE_OVAL)].astype(np.float32)
    inside = np.array([cv2.pointPolygonTest(outline, (float(u), float(v)), True) for u, v in uv])
    depth = np.clip(inside / DEPTH, 0, 1)
    return np.asarray(depth * depth * (3 - 2 * depth), np.float32)
