"""A face that goes beyond the border of the picture, led on by what is still seen of it.

The landmark network loses a face of which less than a half is seen, though an eye and a cheek of it are. From frame to
frame these move with the head as a whole, which is measured on their pixels (Lucas & Kanade 1981, pyramidal as in
Bouguet 2000). That drifts, so it is only done while the network sees no face, and where it does again, what had been
drifted is taken back.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.steady import Sight, followed, sight
from pipeline.models.face_mesh import FACE_OVAL, VERTICES
from pipeline.types import FloatArray, Frame

BEYOND = 0.2
"""Share of a face that lies beyond the border, from which on the network may lose what is seen all the same."""
FEWEST = 8
"""Points of the face that have to be seen in both frames."""
ASTRAY = 0.5
"""A point followed there and back may be so many pixels off."""
STRANGE = 28.0
"""Grey levels (median) by which what is seen of a face may have changed: more, and it is something else."""
STIFF = 0.02
"""What a turn and a growth of the head cost beside a shift: a narrow strip of a face says little about them."""


def beyond(mesh: FloatArray, frame: Frame) -> float:
    """The share of a mesh's vertices that lie beyond the border of a frame, 0 to 1."""
    return 1.0 - float(_inside(mesh, (frame.width, frame.height)).mean())


def led_on(before: Frame, mesh: FloatArray, now: Frame, guess: FloatArray) -> FloatArray | None:
    """``(478, 3)``: where a face partly beyond the border lies in the next frame, or in the one before; ``None`` where
    too little of it is seen, or something else.

    Args:
        before, mesh: a frame, and the face's landmarks in it.
        now, guess: the other frame, and about where they are in that.
    """
    one, other = sight(before, mesh), sight(now, guess)
    if one.step != other.step or min(*one.grey.shape, *other.grey.shape) < 2:
        return None
    within = _within()
    chosen = within[(_seen(one) & _seen(other))[within]]
    if len(chosen) < FEWEST:
        return None
    start, expected = one.points[chosen], other.points[chosen]
    found, there = followed(one.grey, other.grey, start, expected)
    back, again = followed(other.grey, one.grey, found, start)
    sure = there & again & (np.linalg.norm(back - start, axis=1) < ASTRAY)
    if np.count_nonzero(sure) < max(FEWEST, len(chosen) // 4):
        return None
    change = np.abs(_luma(one, start) - _luma(other, found))
    if float(np.median(change[sure])) > STRANGE:
        return None
    return _moved(guess, found[sure] - expected[sure], expected[sure], other)


def _moved(mesh: FloatArray, moves: FloatArray, points: FloatArray, seen: Sight) -> FloatArray:
    """The mesh moved by the similarity that the moves of some of its points (both in pixels of `seen`) speak for."""
    size = max(float(np.ptp(seen.points, axis=0).max()), 1.0)
    middle = points.mean(0)
    x, y = ((points - middle) / size).T
    none, one = np.zeros_like(x), np.ones_like(x)
    effects = np.concatenate([np.stack([one, none, x, -y], 1), np.stack([none, one, y, x], 1)])
    wanted, weight = moves.T.ravel(), np.ones(2 * len(x))
    stiff = np.diag([0, 0, 1, 1]) * STIFF * len(x)
    for _ in range(4):
        weighted = effects.T * weight
        moved = np.linalg.solve(weighted @ effects + stiff, weighted @ wanted)
        left = np.hypot(*(wanted - effects @ moved).reshape(2, -1))
        weight = np.tile(1 / (1 + np.square(left / (2 * np.median(left) + 0.05))), 2)
    u, v = (moved[2:] / size).tolist()
    result = mesh.copy()
    # Where the middle of the points lies in the frame: the sight is a part of it, reduced.
    corner = mesh[0, :2] - seen.step * (seen.points[0] + 0.5) + 0.5
    about = mesh[:, :2] - (corner + seen.step * (middle + 0.5) - 0.5)
    result[:, 0] += seen.step * moved[0] + about[:, 0] * u - about[:, 1] * v
    result[:, 1] += seen.step * moved[1] + about[:, 1] * u + about[:, 0] * v
    result[:, 2] *= 1 + u
    return result.astype(np.float32)


def _inside(points: FloatArray, size: tuple[int, int]) -> NDArray[np.bool_]:
    x, y = points[:VERTICES, 0], points[:VERTICES, 1]
    return (x >= 0) & (y >= 0) & (x <= size[0] - 1) & (y <= size[1] - 1)


def _seen(seen: Sight) -> NDArray[np.bool_]:
    height, width = seen.grey.shape
    return _inside(seen.points, (width, height))


def _luma(seen: Sight, points: FloatArray) -> FloatArray:
    return cv2.remap(seen.grey, points[:, None], None, cv2.INTER_LINEAR)[:, 0].astype(np.float32)


@cache
def _within() -> NDArray[np.intp]:
    """Vertices within the outline, where the background is not seen."""
    return np.setdiff1d(np.arange(VERTICES), FACE_OVAL)
