"""The rims of a pair of lenses as two closed lines.

Taken texel by texel a rim is hard to tell from a wrinkle beside it, and has gaps where it is as light as the skin. As a
whole it is a closed line about the eye, well outside of it: the one along which most of a line is seen. It is found by
dynamic programming over rays from the eye (Amini, Weymouth & Jain 1990), walking round once, with half a round before
that and after it: by then a way can have come from everywhere, so it closes. Both lenses are of one form, so each is
also where the other one, mirrored, says.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.mesh.topology import topology
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray

RAYS, STEPS = 96, 32
"""Directions from the eye, and places along each."""
LEAD = RAYS // 2
"""Rays that are walked before and after the round that counts: three times what it takes to cross all places."""
INNERMOST, OUTERMOST = (0.72, 0.60, 0.30, 0.50), (1.15, 0.85, 0.95, 1.10)
"""Where a rim may be: outwards, towards the nose, above and below the middle of the eye, in widths of the eye."""
BEND = 2
"""Most places that it moves in or out from one ray to the next."""
STRAIGHT, WIDE = 0.10, 0.25
"""What it costs to move by one place, and to lie innermost rather than outermost: the lines of a lid are strong."""
ALIKE, SHIFTED = 0.5, 1.2
"""How much the other lens counts beside a lens' own line, and its blur (sigma) in places along a ray: glasses stand off
the face, so that on a turned head both lenses lie a little to the same side of it."""
_MIRRORED = (RAYS // 2 - np.arange(RAYS)) % RAYS
_COST = np.float32(STRAIGHT) * np.abs(np.arange(-BEND, BEND + 1, dtype=np.float32))


def rims(lines: FloatArray) -> tuple[NDArray[np.float32], ...]:
    """The two closed lines, ``(96, 3)`` float32 each: x and y in texels, and how much of a line there is.

    Args:
        lines: ``(n, n)`` float32 over the atlas, 0 to 1, how much of a line there is.
    """
    return closed(along_rays(lines), lines.shape[0])


def along_rays(lines: FloatArray) -> FloatArray:
    """``(2, 96, 32)`` float32: how much of a line there is along the rays from either eye."""
    x, y = _places(lines.shape[0])
    return cv2.remap(lines, x, y, cv2.INTER_LINEAR).reshape(2, RAYS, STEPS)


def closed(found: FloatArray, size: int) -> tuple[NDArray[np.float32], ...]:
    """As `rims`, from what `along_rays` found on an atlas of that size."""
    other = np.ascontiguousarray(found[::-1, _MIRRORED]).reshape(-1, STEPS)
    other = cv2.GaussianBlur(other, (0, 0), sigmaX=SHIFTED, sigmaY=1e-3).reshape(found.shape)
    both = cv2.addWeighted(found, 1 / (1 + ALIKE), other, ALIKE / (1 + ALIKE), 0)
    best = _closed(both - WIDE * np.linspace(1, 0, STEPS, dtype=np.float32))
    x, y = (axis.reshape(2, RAYS, STEPS) for axis in _places(size))
    rays = np.arange(RAYS)
    return tuple(
        np.stack([each[eye, rays, best[eye]] for each in (x, y, found)], 1).astype(np.float32) for eye in (0, 1)
    )


def _closed(gain: FloatArray) -> NDArray[np.intp]:
    """``(2, rays)``: the place on each ray of both eyes, such that the sum of the gains is largest."""
    rounds = np.concatenate([gain[:, -LEAD:], gain, gain[:, :LEAD]], 1)
    # Both eyes in one row, with places about each that nothing comes from: one long row takes half as long as two.
    own = np.full((rounds.shape[1], 2 * STEPS + BEND), -np.inf, np.float32)
    own[:, :STEPS], own[:, -STEPS:] = rounds
    totals = np.full((len(own), own.shape[1] + 2 * BEND), -np.inf, np.float32)
    within = totals[:, BEND:-BEND]
    within[0] = own[0]
    # For each ray what can be come from, ``(moves, places)``.
    near = sliding_window_view(totals, own.shape[1], axis=1)
    cost = _COST[:, None]
    reached = np.empty((len(cost), own.shape[1]), np.float32)
    for before, total, there in zip(near, within[1:], own[1:], strict=False):
        np.subtract(before, cost, reached)
        np.maximum.reduce(reached, 0, None, total)
        np.add(total, there, total)
    moves = _moves(near[LEAD:-1])
    eyes = slice(0, STEPS), slice(-STEPS, None)
    return np.array([_way_back(int(within[-1, eye].argmax()), moves[:, eye]) for eye in eyes], np.intp)


def _moves(near: FloatArray) -> NDArray[np.int8]:
    """``(rays, places)``: the move that leads best to each place, the first of equal ones.

    Args:
        near: ``(rays, moves, places)``, what it can be come from.
    """
    moves, best = np.zeros(near[:, 0].shape, np.int8), near[:, 0] - _COST[0]
    for number in range(1, len(_COST)):
        other = near[:, number] - _COST[number]
        np.maximum(moves, (other > best) * np.int8(number), out=moves)
        np.maximum(best, other, out=best)
    return moves


def _way_back(at: int, moves: NDArray[np.int8]) -> list[int]:
    """The place on each ray of the round, from where the way ends, through the lead after it."""
    path = []
    for row in reversed(moves.tolist()):
        at += row[at] - BEND
        path.append(at)
    return path[: -RAYS - 1 : -1]


@cache
def _places(size: int) -> tuple[FloatArray, FloatArray]:
    """``(192, 32)`` x and y of all places, of the right eye and of the left one."""
    fans = [_fan(eye, side, size) for eye, side in ((RIGHT_EYE, -1), (LEFT_EYE, 1))]
    return np.concatenate([x for x, _ in fans]), np.concatenate([y for _, y in fans])


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
