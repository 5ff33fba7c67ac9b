"""How wide a mouth is, and how full its lips are: in part as the source has them, for the rest is expression.

A smile makes a mouth wider, and lips that are pursed are narrow and full; both are the target's, so mouths are compared
as they would be at rest. What is between the lips stays as it is; each lip grows or shrinks away from there.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from pipeline.engines.mesh.smile import sure_smile
from pipeline.mesh.maps import rise
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS, face_mesh
from pipeline.types import FloatArray

CORNERS = (61, 291)
WIDTH, WIDER = 0.75, (0.85, 1.18)
"""How much of the difference in width is made up for, and how much narrower or wider a mouth would become at most."""
SMILING = 0.2
"""How much narrower a mouth that smiles broadly would be at rest."""
PURSED, PLUMP = 0.14, 0.3
"""How much wider a pursed mouth would be at rest, and how much thinner its lips."""
ROUND, FORWARD = (0.44, 0.53), (0.38, 0.48)
"""Lips' height in parts of the mouth's width, and how far they stand out before nose and chin, in centimetres, from
which on a mouth may be pursed, and is. Twelve mouths at rest have up to 0.44 and 0.38, the narrow one of a child among
them; open ones stand out as far, but are not as high."""
FULLNESS, FULLER = 0.5, (0.7, 1.4)
"""The same of the lips' fullness, which speech changes more."""
REACH, REST = 0.25, 0.02
"""How far (sigma) about a lip's edge skin goes along, in centimetres, and the weight of skin that stays."""
_OUTER = [*OUTER_LIPS[1:10], *OUTER_LIPS[:10:-1]]
_INNER = [*INNER_LIPS[1:10], *INNER_LIPS[:10:-1]]
_SHARES = np.array([[1], [2 / 3], [1 / 3]], np.float32)
_BETWEEN = (
    ((184, 74, 73, 72, 11, 302, 303, 304, 408), (183, 42, 41, 38, 12, 268, 271, 272, 407)),
    ((77, 90, 180, 85, 16, 315, 404, 320, 307), (96, 89, 179, 86, 15, 316, 403, 319, 325)),
)
"""Landmarks of the upper and the lower lip from the right to the left, after MediaPipe's published face mesh map: the
outer and the inner edge, and the two rows between them, at two thirds and at one third of the way."""
_TOLD = (0, 17, 13, 14, 2, 199, *CORNERS)
"""Outer and inner edges of both lips in the middle, what is above and below them, and the mouth's corners."""
_AROUND = (*CORNERS, 78, 308, 2, 164, 94, 326, 97, 98, 327, 199, 200, 175, 152)
"""Corners, nose and chin, which stay."""


def wider(own: FloatArray, shape: FloatArray) -> FloatArray:
    """``(468, 3)``: how far each vertex goes with a mouth that gets nearer to the other one's width.

    Args:
        own, shape: ``(468, 3)`` float32 in the canonical frame, the target's and the source's.
    """
    right, left = own[list(CORNERS)]
    ratio = min(max(_at_rest(shape) / max(_at_rest(own), 1e-3), WIDER[0]), WIDER[1])
    moved = np.zeros_like(own)
    moved[:, 0] = (own[:, 0] - (right[0] + left[0]) / 2) * (WIDTH * (ratio - 1))
    return moved


def sure_pursed(shape: FloatArray) -> float:
    """0 to 1: how sure it is that the lips of ``(468, 3)`` canonical landmarks are pursed, as in an "oo"."""
    upper, lower, *inner, nose, chin, right, left = shape[list(_TOLD)].tolist()
    lips = sum(abs(outer[1] - edge[1]) for outer, edge in zip((upper, lower), inner, strict=True))
    forward = (upper[2] + lower[2] - nose[2] - chin[2]) / 2
    return rise(lips / math.dist(right, left), *ROUND) * rise(forward, *FORWARD)


def _at_rest(shape: FloatArray) -> float:
    """The mouth's width, were there no smile and were it not pursed."""
    width = math.dist(*shape[list(CORNERS)].tolist())
    return width * (1 - SMILING * sure_smile(shape)) * (1 + PURSED * sure_pursed(shape))


def fuller(own: FloatArray, shape: FloatArray) -> FloatArray:
    """``(468, 3)``: how far each vertex goes with lips that get nearer to the fullness of the other ones, and to the
    line of their edges. Arguments as for `wider`."""
    before, after = (np.reshape(each[_OUTER, 1] - each[_INNER, 1], (2, -1)) for each in (own, shape))
    count = np.float32(before.shape[1])
    thin, full = (np.maximum(np.abs(each).sum(1, keepdims=True) / count, 1e-3) for each in (before, after))
    at_rest = (1 - PLUMP * sure_pursed(shape)) / (1 - PLUMP * sure_pursed(own))
    ratio = np.minimum(np.maximum(full / thin * at_rest, FULLER[0]), FULLER[1])
    moved = FULLNESS * (after * (ratio * thin / full) - before)
    result = np.zeros_like(own)
    result[:, 1] = _weights() @ (_SHARES * moved[:, None]).ravel()
    return result


@cache
def _weights() -> FloatArray:
    """``(468, 54)``: how much each vertex follows each point of the lips that moves; the rest stays."""
    flat = face_mesh().vertices[:, :2]
    upper, lower = (_OUTER[:9], *_BETWEEN[0]), (_OUTER[9:], *_BETWEEN[1])
    moving = [landmark for row in (*upper, *lower) for landmark in row]
    staying = [*_INNER, *_AROUND]
    apart = np.linalg.norm(flat[:, None] - flat[moving + staying], axis=2) / REACH
    weights = np.exp(-0.5 * apart**2)
    return np.asarray((weights / (weights.sum(1, keepdims=True) + REST))[:, : len(moving)], np.float32)
