"""Lips in an open mouth. Landmarks have lips a little farther apart than they are, the more so on a crooked smile: what
is seen through the gap there is the target's own lip, a rim of another colour around the teeth.

Lips are told from teeth, and from what is dark between them, by the colour that the target's have beside the gap. What
is lip goes from the gap's edge inwards without a break, and not far: a tongue is none.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.maps import blurred
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, ImageArray

CORNERS = (61, 291)
SIZE = (96, 48)
"""Width and height of the upright map on which lips are told."""
SPAN = 0.8
"""Size of the mouth in parts of the map's, at most."""
SMALLEST = 10.0
"""Mouths narrower than this many pixels are left as they are."""
PALE = (0.12, 0.32)
"""Share of the lips' redness that something lacks which may be, and is, no lip."""
RED = (0.06, 0.12)
"""Redness of lips (logarithm of red over green and blue) that begins to tell, and tells, them from teeth."""
DARK, LIGHT = (0.25, 0.6), (0.12, 0.35)
"""How much darker, and where redness does not tell, how much lighter than the lips it is, in logarithms."""
DIM = 0.6
"""How much darker than the lightest tenth of what is beside the gap something is that is no lip there."""
BESIDE = 8.0
"""Blur radius (sigma), in columns of the map, within which lips tell their colour."""
DEEP = (0.07, 0.11)
"""How far from the edge of the gap lips reach at most, in widths of the mouth."""
SOFT = 0.8
"""Blur (sigma) of the border, in pixels of the map."""
FLOOR = 8.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""
_SUBPIXEL = 4
_TOLD = np.array([[1 / 3, 1 / 3, 1 / 3], [-0.5, -0.5, 1]], np.float32)
"""From logarithms of BGR to lightness and redness."""


def without_lips(shown: FloatArray, through: ImageArray, landmarks: FloatArray) -> FloatArray:
    """`shown` without the lips of the target that lie in its mouth. It is changed in place.

    Args:
        shown: ``(h, w)`` float32, 1 where the target is seen, see `openings`.
        through: ``(h, w, 3)`` uint8 BGR, the target.
        landmarks: ``(478, 3)`` pixels of both.
    """
    inner, outer = landmarks[list(INNER_LIPS), :2], landmarks[list(OUTER_LIPS), :2]
    right, left = landmarks[list(CORNERS), :2]
    width = math.dist(right, left)
    part = _around(inner, shown.shape)
    if width < SMALLEST or shown[part].size == 0 or not shown[part].any():
        return shown
    to_map = _upright(outer, left - right)
    gap, mouth = (_filled(cv2.transform(ring[None], to_map)) for ring in (inner, outer))
    picture = cv2.warpAffine(through, to_map, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.distanceTransform(cv2.threshold(gap, 127, 1, cv2.THRESH_BINARY)[1], cv2.DIST_L2, 3)
    low, high = (share * width * float(np.linalg.norm(to_map[0, :2])) for share in DEEP)
    found = blurred(_lips(picture, gap, mouth) * (1 - _share(inside, low, high)), SOFT)
    to_map[:, 2] += to_map[:, :2] @ (part[1].start, part[0].start)
    size = shown[part].shape[::-1]
    shown[part] *= 1 - cv2.warpAffine(found, to_map, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return shown


def _lips(picture: ImageArray, gap: ImageArray, mouth: ImageArray) -> FloatArray:
    """``(h, w)`` float32: 1 where lips go on from the gap's edge."""
    logs = cv2.log(cv2.blur(picture, (3, 3)).astype(np.float32) + np.float32(FLOOR))
    luma, red = cv2.split(cv2.transform(logs, _TOLD))
    upper = _upper(gap)
    beside = cv2.erode(mouth, _square(3)) & ~cv2.dilate(gap, _square(5))
    # Where a mouth is open wider than its landmarks, there is no lip beside the gap.
    seen = luma[beside > 0]
    if len(seen) > 0:
        beside[luma < np.partition(seen, -1 - len(seen) // 10)[-1 - len(seen) // 10] - DIM] = 0
    own, redness = (_beside(each, beside, upper) for each in (luma, red))
    told = _share(redness, *RED)
    pale = _share((redness - red) / cv2.max(redness, RED[1]), *PALE) * told
    light = _share(luma - own, *LIGHT) * (1 - told)
    other = cv2.dilate(cv2.max(cv2.max(pale, light), _share(own - luma, *DARK)), _line(3))
    lip = cv2.max(1 - other, (255 - gap) / np.float32(255))
    # Without a break from above, and from below.
    down = np.minimum.accumulate(np.where(upper, lip, 1), 0)
    up = np.minimum.accumulate(np.where(upper, 1, lip)[::-1], 0)[::-1]
    return np.asarray(np.where(upper, down, up), np.float32)


def _upper(gap: ImageArray) -> NDArray[np.bool_]:
    """``(h, w)``: what lies nearer to the upper lip."""
    rows, wide = np.arange(SIZE[1], dtype=np.float32), gap.astype(np.float32)
    middle = (rows @ wide + SIZE[1]) / (wide.sum(0) + 2)
    return np.asarray(rows[:, None] <= middle)


def _beside(values: FloatArray, weight: ImageArray, upper: NDArray[np.bool_]) -> FloatArray:
    """``(h, w)`` float32: what the lip that is nearer has beside each column (normalised convolution)."""
    sides = [np.where(side, weight, 0).astype(np.float32) for side in (upper, ~upper)]
    rows = np.stack([part for side in sides for part in ((values * side).sum(0), side.sum(0))])
    (over, more, under, less) = cv2.GaussianBlur(rows, (0, 0), sigmaX=BESIDE, sigmaY=1e-3)
    return np.where(upper, over / (more + 1e-3), under / (less + 1e-3))


def _share(values: FloatArray, low: float, high: float) -> FloatArray:
    """0 up to `low`, 1 from `high` on, straight between."""
    return np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)


def _upright(mouth: FloatArray, across: FloatArray) -> FloatArray:
    """``(2, 3)`` from pixels to the map, in which the outline of a mouth is upright and has room."""
    ahead = across / np.float32(np.linalg.norm(across))
    turn = np.array([ahead, [-ahead[1], ahead[0]]], np.float64)
    placed = mouth @ turn.T
    low, high = placed.min(0), placed.max(0)
    scale = float((SPAN * np.array(SIZE) / np.maximum(high - low, 1)).min())
    return np.column_stack([turn * scale, np.array(SIZE) / 2 - (low + high) / 2 * scale])


def _filled(outline: FloatArray) -> ImageArray:
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * (1 << _SUBPIXEL)).astype(np.int32)], 255, cv2.LINE_AA, _SUBPIXEL)
    return mask


def _around(outline: FloatArray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture that an outline lies in."""
    left, top, wide, high = cv2.boundingRect(outline)
    reach = 2 + wide // 10
    rows, columns = (
        slice(max(low - reach, 0), max(min(low + length + reach, most), 0))
        for low, length, most in ((top, high, shape[0]), (left, wide, shape[1]))
    )
    return rows, columns


@cache
def _line(length: int) -> ImageArray:
    return np.ones((1, length), np.uint8)


@cache
def _square(side: int) -> ImageArray:
    return np.ones((side, side), np.uint8)
