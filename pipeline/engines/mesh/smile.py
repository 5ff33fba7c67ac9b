"""A smile in the photo leaves its folds in the atlas: between nose and mouth, where cheeks are pushed up.

A face that does not smile would look years older with them. How far a face smiles is seen in its shape (the mouth is
wider, its corners higher); the folds are lifted from the photo by as much as it smiles more than the target.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache

import cv2
import numpy as np

from pipeline.engines.mesh.canonical import canonical
from pipeline.mesh import FaceView
from pipeline.mesh.hue import FLOOR
from pipeline.mesh.skin import spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

WIDTH, LIFT = (0.61, 0.69), (0.03, 0.08)
"""The mouth's width, and how much its corners lie above its middle, in parts of the distance of the outer corners of
the eyes, at which a smile begins and is a broad one. Ten faces at rest: 0.44 to 0.61, and -0.02 to 0.03."""
_TOLD = (33, 263, 61, 291, 0, 17)
"""Landmarks that tell: outer corners of the eyes, corners of the mouth, the middle of its upper and its lower edge."""
Lines = tuple[tuple[int, ...], ...]
FOLD: Lines = ((129, 203, 206, 216, 212, 57), (358, 423, 426, 436, 432, 287))
"""Landmarks along the folds, from the wings of the nose to beside the corners of the mouth."""
BROAD = 5.0
"""How far from that line they lie at most, in texels of the 96 map."""
FINE = 4 * ZONES
"""Side of the map of the folds: a fold is as narrow as a line."""
SIGMA = 1.2
BESIDE = 0.075
"""Blur radii (sigma): of the folds themselves, in texels, and of the skin that they are told from, in parts of the
atlas' side. What is finer is pores."""
LOWERED, LIFTED = 0.16, 0.55
"""How much the ridge beside a fold is darkened, and a fold is lifted, at most, in logarithms."""
SMILES = 0.05
"""A smile that is no broader leaves no folds."""


def smile(shape: FloatArray) -> float:
    """How broadly a face smiles, 0 to 1.

    Args:
        shape: ``(468, 3)`` float32 vertices in the canonical frame, y up, any unit.
    """
    parts = _parts(shape[list(_TOLD)].tolist())
    return sum(parts) / len(parts)


def sure_smile(shape: FloatArray) -> float:
    """The same, as far as its corners say so as well as its width: some mouths are wide."""
    return min(_parts(shape[list(_TOLD)].tolist()))


def smile_of(landmarks: FloatArray, pose: FloatArray) -> float:
    """The same of ``(478, 3)`` landmarks in a picture, see `Face.pose`."""
    parts = _parts(canonical(landmarks[list(_TOLD)], pose).tolist())
    return sum(parts) / len(parts)


def _parts(points: list[list[float]]) -> tuple[float, float]:
    """How broad a smile is by a mouth's width, and by its corners, 0 to 1 each."""
    right, left, corner, other, upper, lower = points
    eyes = math.dist(right, left) + 1e-6
    width = math.dist(corner, other) / eyes
    lift = (corner[1] + other[1] - upper[1] - lower[1]) / 2 / eyes
    by_width, by_corners = (
        min(max((value - low) / (high - low), 0.0), 1.0) for value, (low, high) in ((width, WIDTH), (lift, LIFT))
    )
    return by_width, by_corners


def folds(picture: ImageArray) -> ImageArray:
    """What lifts the folds of a smile, see `lifting`."""
    return lifting(picture, FOLD)


def lifting(picture: ImageArray, lines: Lines) -> ImageArray:
    """What lifts folds to the skin beside them: ``(384, 384, 3)`` uint8 BGR over the atlas, from `LOWERED` (0) to
    `LIFTED` (255), in logarithms.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        lines: landmarks along the folds.
    """
    logs = cv2.GaussianBlur(_logarithms(picture, FINE), (0, 0), SIGMA)
    coarse, along, skin = _logarithms(picture, ZONES), band(lines), topology().skin
    level = spread_colour(coarse, skin * (1 - along), BESIDE * ZONES, coarse, 0.02)
    # Soft, as an edge of it beside a fold were a line of its own.
    within = cv2.GaussianBlur(along * skin, (0, 0), 0.8) * along
    level, within = (cv2.resize(each, (FINE, FINE), interpolation=cv2.INTER_LINEAR) for each in (level, within))
    lift = np.clip(level - logs, -LOWERED, LIFTED) * within[..., None]
    return np.clip((lift + LOWERED) * (255 / (LOWERED + LIFTED)) + 0.5, 0, 255).astype(np.uint8)


def without_folds(image: ImageArray, view: FaceView, lift: ImageArray, more: float, lines: Lines = FOLD) -> ImageArray:
    """`image` with folds lifted. It is changed in place.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, the new face in the view.
        lift: see `lifting`.
        more: how much of them goes, 0 to 1: by how much the photo's face smiles more than the target.
        lines: landmarks along the folds.
    """
    if more <= SMILES:
        return image
    part = _around(view, lines)
    gain = cv2.LUT(view.fold_fine(lift, part), _gains(round(more * FINE)))
    image[part] = cv2.multiply(image[part], gain, dtype=cv2.CV_8U)
    return image


@lru_cache(maxsize=FINE + 1)
def _gains(more: int) -> FloatArray:
    """``(256,)`` float32, what the values of `folds` multiply by."""
    gains = np.exp(np.linspace(-LOWERED, LIFTED, 256, dtype=np.float32) * np.float32(more / FINE))
    # The scale has no step at nought, but nothing beside the folds may change.
    gains[round(LOWERED / (LOWERED + LIFTED) * 255)] = 1
    return gains


def _around(view: FaceView, lines: Lines) -> tuple[slice, slice]:
    """Rows and columns of the crop that folds lie in."""
    points = view.landmarks[[point for line in lines for point in line], :2]
    reach = 0.15 * float(np.linalg.norm(view.landmarks[10, :2] - view.landmarks[152, :2]))
    x0, y0 = np.clip(np.floor(points.min(0) - reach), 0, view.size).astype(int)
    x1, y1 = np.clip(np.ceil(points.max(0) + reach) + 1, 0, view.size).astype(int)
    return slice(int(y0), int(y1)), slice(int(x0), int(x1))


def _logarithms(picture: ImageArray, side: int) -> FloatArray:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.log(small + np.float32(FLOOR)), np.float32)


@cache
def band(lines: Lines) -> FloatArray:
    """``(96, 96)``: 1 along the folds."""
    zone = np.zeros((ZONES, ZONES), np.uint8)
    for line in lines:
        cv2.polylines(zone, [np.round(topology().uv[list(line)] * ZONES).astype(np.int32)], False, 1, 3)
    distance = cv2.distanceTransform(1 - zone, cv2.DIST_L2, 5)
    return np.clip(1 - distance / BROAD, 0, 1).astype(np.float32)
