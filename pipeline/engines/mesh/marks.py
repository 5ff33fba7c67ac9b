"""Moles and the like: what a face has on one side only, and would have on both when that side is mirrored."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.front import logarithms
from pipeline.mesh.maps import thrice
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

SIZE = 2 * ZONES
WIDE = 13
"""Texels of the map of `SIZE`, of which a mark fills less than half."""
DARK = (0.10, 0.20)
"""How much darker than around a mark is, in logarithms, where it begins to be one, and is."""
SMALLEST, LARGEST, MOST = 3, 40, 6
"""Texels of a mark, and how many a face has: freckles and stubble are many, and alike on both sides."""
BESIDE = 3.0
"""Blur radius (sigma), in texels, within which skin lends its colour."""


def marks(small: ImageArray, near: FloatArray) -> FloatArray:
    """``(192, 192)`` float32, 1 on the marks of a face.

    Args:
        small: ``(192, 192, 3)`` uint8 BGR, a face on the atlas.
        near: ``(96, 96)`` float32, 1 where they are looked for.
    """
    luma = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    darker = cv2.subtract(logarithms(cv2.medianBlur(luma, WIDE)), logarithms(luma))
    mesh = topology()
    bare = cv2.erode(mesh.skin, np.ones((5, 5), np.uint8)) * (1 - mesh.beard) * (1 - mesh.brim) * near
    darker = darker * cv2.resize(bare, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((darker > DARK[0]).astype(np.uint8))
    found = [
        label
        for label in range(1, count)
        if SMALLEST <= stats[label, cv2.CC_STAT_AREA] <= LARGEST and darker[labels == label].max() > DARK[1]
    ]
    if not 0 < len(found) <= MOST:
        return np.zeros((SIZE, SIZE), np.float32)
    here = cv2.dilate(np.isin(labels, found).astype(np.float32), np.ones((5, 5), np.uint8))
    return cv2.GaussianBlur(here, (0, 0), 1.0)


def unmarked(picture: FloatArray, where: FloatArray) -> FloatArray:
    """A face with the skin around its marks in their place; itself where it has none.

    Args:
        picture: ``(n, n, 3)`` float32 BGR.
        where: see `marks`.
    """
    if where.max() <= 0:
        return picture
    size = picture.shape[0]
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    free = 1 - np.minimum(2 * where, 1)
    total, mass = (cv2.GaussianBlur(each, (0, 0), BESIDE) for each in (cv2.multiply(small, thrice(free)), free))
    filled = cv2.divide(total, thrice(mass + np.float32(1e-3)))
    share = np.minimum(2 * where, 1)
    share, filled = (cv2.resize(each, (size, size), interpolation=cv2.INTER_LINEAR) for each in (share, filled))
    return np.asarray(picture + cv2.multiply(filled - picture, thrice(share)), np.float32)
