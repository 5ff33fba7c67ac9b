"""The rims of a pair of lenses as two closed lines.

Taken texel by texel a rim is hard to tell from a wrinkle beside it, and has gaps where it is as light as the skin. As a
whole it is a closed line about the eye, well outside of it: the one along which most of a line is seen. It is found by
dynamic programming over rays from the eye (Amini, Weymouth & Jain 1990), walking round twice so that it closes.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.topology import topology
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray

RAYS, STEPS = 96, 32
"""Directions from the eye, and places along each."""
INNERMOST, OUTERMOST = (0.72, 0.60, 0.30, 0.50), (1.15, 0.85, 0.95, 1.10)
"""Where a rim may be: outwards, towards the nose, above and below the middle of the eye, in widths of the eye."""
BEND = 2
"""Most places that it moves in or out from one ray to the next."""
STRAIGHT, WIDE = 0.10, 0.25
"""What it costs to move by one place, and to lie innermost rather than outermost: the lines of a lid are strong."""


def rims(lines: FloatArray) -> tuple[NDArray[np.float32], ...]:
    """The two closed lines, ``(96, 2)`` float32 x and y in texels each.

    Args:
        lines: ``(n, n)`` float32 over the atlas, 0 to 1, how much of a line there is.
    """
    return tuple(_rim(lines, *places) for places in _places(lines.shape[0]))


def _rim(lines: FloatArray, x: FloatArray, y: FloatArray) -> NDArray[np.float32]:
    found = cv2.remap(lines, x, y, cv2.INTER_LINEAR)
    best = _closed(found - WIDE * np.linspace(1, 0, STEPS, dtype=np.float32))
    rays = np.arange(RAYS)
    return np.stack([x[rays, best], y[rays, best]], 1).astype(np.float32)


def _closed(gain: FloatArray) -> NDArray[np.intp]:
    """``(rays,)``: the place on each ray, such that the sum of the gains is largest."""
    moves, places = np.arange(-BEND, BEND + 1), np.arange(STEPS)
    cost = (STRAIGHT * np.abs(moves))[:, None]
    twice = np.concatenate([gain, gain, gain])
    total, origin = twice[0], np.zeros((len(twice), STEPS), np.intp)
    for ray in range(1, len(twice)):
        padded = np.pad(total, BEND, constant_values=-np.inf)
        before = np.stack([padded[BEND + move : BEND + move + STEPS] for move in moves]) - cost
        choice = before.argmax(0)
        origin[ray] = np.clip(places + moves[choice], 0, STEPS - 1)
        total = before.max(0) + twice[ray]
    path = np.zeros(len(twice), np.intp)
    path[-1] = total.argmax()
    for ray in range(len(twice) - 1, 0, -1):
        path[ray - 1] = origin[ray, path[ray]]
    return path[RAYS : 2 * RAYS]


@cache
def _places(size: int) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Of either eye, ``(96, 32)`` x and y of all places."""
    return tuple(_fan(eye, side, size) for eye, side in ((RIGHT_EYE, -1), (LEFT_EYE, 1)))


def _fan(eye: tuple[int, ...], side: int, size: int) -> tuple[FloatArray, FloatArray]:
    corners = topology().uv[list(eye)] * size - 0.5
    middle, width = (corners.min(0) + corners.max(0)) / 2, np.ptp(corners[:, 0])
    angle = np.arange(RAYS) * 2 * np.pi / RAYS
    cosine, sine = np.cos(angle), np.sin(angle)
    first, last = (
        width / np.hypot(cosine / np.where(cosine * side > 0, outwards, nose), sine / np.where(sine < 0, above, below))
        for outwards, nose, above, below in (INNERMOST, OUTERMOST)
    )
    reach = first[:, None] + (last - first)[:, None] * np.linspace(0, 1, STEPS)
    x, y = middle[0] + reach * cosine[:, None], middle[1] + reach * sine[:, None]
    return x.astype(np.float32), y.astype(np.float32)
