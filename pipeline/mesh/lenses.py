"""The two lenses that rims enclose, drawn on the atlas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.mesh.maps import ramp
from pipeline.mesh.seats import SIZE
from pipeline.types import FloatArray, ImageArray

SURE = (0.22, 0.40)
"""How much of a line is seen along the whole of a rim for it to be a rim where none is seen, too."""
NEAR_RIM, BESIDE_RIM = (4.0, 3.0), (2.5, 0.5)
"""How far beyond a rim's thin line its own edges and its shadow are seen, in texels, and how far the rim itself is:
where that ends, and begins to."""


@dataclass(frozen=True, eq=False)
class Lenses:
    """``(192, 192)`` float32 each: the lenses, their rims as thin lines, the same where a line is seen, and as slim as
    can be, what lies near these, and what lies close beside them."""

    glass: FloatArray
    thin: FloatArray
    sure: FloatArray
    slim: FloatArray
    near: FloatArray
    beside: FloatArray


def lenses(closed: tuple[FloatArray, ...]) -> Lenses:
    """Those that two closed lines go around, each as `pipeline.mesh.rims.closed` gives it."""
    glass, line, sure, slim = (np.zeros((SIZE, SIZE), np.uint8) for _ in range(4))
    corners = [np.round(rim[:, :2]).astype(np.int32) for rim in closed]
    cv2.fillPoly(glass, corners, 1)
    cv2.polylines(line, corners, True, 1, 3)
    # One rim is like the other; a reflection on a lens may hide most of it.
    share = float(ramp(max(rim[:, 2].mean() for rim in closed), *SURE))
    cv2.polylines(sure, corners, True, round(255 * share), 2)
    cv2.polylines(slim, corners, True, round(255 * share), 1)
    near, beside = _about(line)
    broad, thin = (each.astype(np.float32) / np.float32(255) for each in (sure, slim))
    return Lenses(glass.astype(np.float32), line.astype(np.float32), broad, thin, near, beside)


def _about(line: ImageArray) -> tuple[FloatArray, ...]:
    """What lies within `NEAR_RIM` and within `BESIDE_RIM` of a line; farther out nothing is measured."""
    reach = math.ceil(NEAR_RIM[0]) + 1
    part, distance = around(line, reach), np.full(line.shape, reach, np.float32)
    distance[part] = cv2.distanceTransform(1 - line[part], cv2.DIST_L2, 5)
    return tuple(ramp(-distance, -end, -begin) for end, begin in (NEAR_RIM, BESIDE_RIM))


def around(zone: FloatArray | ImageArray, reach: int) -> tuple[slice, slice]:
    """Rows and columns of what is not 0, and of so many texels about it."""
    x, y, width, height = cv2.boundingRect((zone > 0).view(np.uint8))
    return slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach)
