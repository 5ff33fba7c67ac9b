"""What one half of a turned head does not show, taken from its other half.

On the atlas the far side of a turned face is smeared, and where its nose is before it there is nose. A face is nearly
the same on both sides, so the near one is mirrored there, under the light that the photo has on the far one as far as
that is seen. Everything that is read of a photo is read of the whole face then: smears look like hair, and a brow that
is compared with one would seem to lie in a shadow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.engines.mesh.eyes import eye_place
from pipeline.engines.mesh.marks import marks, unmarked
from pipeline.mesh import FaceView, topology
from pipeline.mesh.front import FLOOR, logarithms
from pipeline.mesh.maps import grey, ramp, thrice
from pipeline.mesh.raster import rasterise
from pipeline.mesh.skin import spread_colour
from pipeline.mesh.spread import spread
from pipeline.mesh.topology import ZONES
from pipeline.models.face_mesh import VERTICES
from pipeline.types import FloatArray, ImageArray

TURNED = 0.55
"""How much less of its far half than of its near one a face shows, as a share, from which on the far one is filled.
Up to there, some 22 degrees, what is seen of it is more like the person than the near one mirrored."""
GONE = (0.78, 0.87)
"""The same where nothing of the far half's own is used any more."""
BY_SIDES = (0.5, 0.75)
"""The same for the face's shape: where it begins to be that of the near half on both sides, and is."""
POOR = (0.18, 0.42)
"""Cosine to the line of sight at which nothing of a place's own is used, and all."""
BETTER = (0.1, 0.3)
"""By how much the other side's cosine is greater, for it to be begun with, and used."""
GRID = 160
"""Side of the picture in which it is found what lies before what."""
BEHIND = 0.05
"""How far behind what is drawn a place lies that is hidden, in widths of the face."""
SHADED, NEAR = (0.3, 0.55), 2.5
"""How much darker the far half is, in logarithms, where it begins to give way to the near one and does: it lies in the
shadow of its nose. Measured over so many texels (sigma)."""
EDGE, BROADEST = 0.03, 4
"""How near the silhouette the middle of a face has to be seen, in parts of the face's longer side, for the background
to be in it; and how broad that strip is at most, in texels."""
LIGHT, MOST = 0.12, 0.4
"""Blur radius (sigma), in parts of the atlas' side, of the light that both halves are compared by; and by how much it
changes the far one at most, in logarithms."""
FROM_THE_SIDE = 0.8
"""How much less a photo from the side counts than one from the front."""
SOFT = 1.6
"""Blur (sigma), in texels, of the border between own and mirrored."""


@dataclass(frozen=True, eq=False)
class Halves:
    """A photo's face on the atlas, whole.

    Attributes:
        picture: ``(n, n, 3)`` uint8 BGR.
        small: the same, ``(192, 192, 3)``.
        facing: ``(96, 96)`` float32, the cosine to the line of sight at which each place is seen, on either half.
        own: ``(96, 96)`` float32, 1 where it is the photo's own and 0 where it is mirrored.
        turned: 0 for a face from the front, to 1 for one of which one half is hardly seen.
    """

    picture: ImageArray
    small: ImageArray
    facing: FloatArray
    own: FloatArray
    turned: float


def both_halves(picture: ImageArray, view: FaceView) -> Halves:
    """Put the near half where the far one is not seen well. A face from the front stays as it is.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, the unfolded photo.
        view: the photo.
    """
    less = _less(view.facing)
    turned = float(ramp(np.float32(less), *BY_SIDES))
    if less < TURNED:
        return Halves(picture, view.unfolded, view.facing, np.ones((ZONES, ZONES), np.float32), turned)
    hidden, within = _drawn(view)
    facing = view.facing * (1 - hidden)
    strip = _strip(within, facing)
    picture, small = (_without_strip(each, strip, facing) for each in (picture, view.unfolded))
    other = np.ascontiguousarray(facing[:, ::-1])
    lacking = (1 - ramp(facing, *POOR)) * ramp(other - facing, *BETTER)
    darker = ramp(_darker(small, facing), *SHADED)
    gone = float(ramp(np.float32(less), *GONE))
    lacking = np.maximum(lacking, np.maximum(np.maximum(darker, _beside(strip)), gone) * _far(facing))
    lacking = _softened(_whole_eyes(cv2.dilate(lacking, np.ones((3, 3), np.uint8))))
    own = np.asarray(np.clip(1 - lacking, 0, 1), np.float32)
    gain = _light(small, facing)
    spots = np.ascontiguousarray(marks(small, 1 - _far(facing))[:, ::-1])
    facing = np.asarray(facing * own + other * (1 - own), np.float32)
    whole, small = (_mixed(each, own, gain, spots) for each in (picture, small))
    return Halves(whole, small, facing, own, turned)


def _less(facing: FloatArray) -> float:
    """How much less of one half is seen than of the other, as a share."""
    halves = (facing * topology().face).sum(0).reshape(2, -1).sum(1)
    return float(1 - halves.min() / max(halves.max(), 1e-6))


def alike(shapes: Sequence[FloatArray], turned: Sequence[float]) -> FloatArray:
    """One face's shape from those that its photos have it in.

    A photo from the front counts more. How deep and how broad the far side is, a photo from the side hardly tells: it
    is taken to be as the near one.

    Args:
        shapes: ``(468, 3)`` float32 vertices each, in the canonical frame.
        turned: see `Halves`.
    """
    mirror = topology().mirror[:VERTICES]
    total, mass = np.zeros_like(shapes[0]), 0.0
    for shape, share in zip(shapes, turned, strict=True):
        other = shape[mirror] * np.array([-1, 1, 1], np.float32)
        weight = 1 - FROM_THE_SIDE * share
        total += weight * (shape + np.float32(share / 2) * (other - shape))
        mass += weight
    return np.asarray(total / mass, np.float32)


def _drawn(view: FaceView) -> tuple[FloatArray, FloatArray]:
    """``(96, 96)`` float32 each: 1 where something of the face itself, as its nose, is before a place; and how far
    within the face's silhouette a place is seen, in parts of the face's longer side."""
    points = view.own
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    scale = (GRID - 1) / float((high - low).max())
    placed = (points[:, :2] - low) * scale
    mesh = topology()
    faces = mesh.triangles[mesh.margins :]
    far_first = faces[np.argsort(-points[faces, 2].sum(1))]
    (depth,), covered = rasterise(placed, far_first, points[:, 2:], (GRID, GRID))
    x, y, z = cv2.split(spread(np.column_stack([placed, points[:, 2]]).astype(np.float32), ZONES))
    before = cv2.remap(depth, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.remap(covered.astype(np.float32), x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    hidden = ((z - before) * scale > BEHIND * GRID) * there
    inside = cv2.distanceTransform(covered.astype(np.uint8), cv2.DIST_L2, 5) / np.float32(GRID)
    within = cv2.remap(inside, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return cv2.dilate(hidden.astype(np.float32), np.ones((3, 3), np.uint8)), within


def _strip(within: FloatArray, facing: FloatArray) -> FloatArray:
    """``(96,)`` float32: how broad the strip beside the middle of the near half is in each row that is so near the
    silhouette that the background is seen in it, as no mesh fits to the pixel; in texels."""
    near = within[:, ZONES // 2 :] if _far(facing)[0, 0] else within[:, : ZONES // 2][:, ::-1]
    breadth = np.cumprod(near < EDGE, axis=1)[:, :BROADEST].sum(1).astype(np.float32)
    return cv2.GaussianBlur(cv2.dilate(breadth, np.ones((5, 1), np.uint8)), (1, 0), 0, sigmaY=1.5).ravel()


def _beside(strip: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, 1 in the strip on either half."""
    away = np.abs(np.arange(ZONES, dtype=np.float32) + 0.5 - ZONES / 2)[None]
    return ramp(strip[:, None] + 1 - away, 0, 1)


def _without_strip(picture: ImageArray, strip: FloatArray, facing: FloatArray) -> ImageArray:
    """`picture` with what is beside the strip, mirrored, in it."""
    if strip.max() < 0.5:
        return picture
    size = picture.shape[0]
    columns, middle = np.arange(size, dtype=np.float32), (size - 1) / 2
    sign = 1.0 if _far(facing)[0, 0] else -1.0
    away = sign * (columns - middle)[None]
    breadth = cv2.resize(strip[:, None], (1, size), interpolation=cv2.INTER_LINEAR) * np.float32(size / ZONES)
    taken = np.where((away >= 0) & (away < breadth), 2 * breadth - away, away)
    x = (middle + sign * taken).astype(np.float32)
    y = np.repeat(columns[:, None], size, axis=1)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _softened(lacking: FloatArray) -> FloatArray:
    """Soft borders, but none along the middle: what is mirrored there begins with the same colours, and on the far
    half beside it may be the background."""
    halves = (lacking[:, : ZONES // 2], lacking[:, ZONES // 2 :])
    return np.hstack([cv2.GaussianBlur(np.ascontiguousarray(half), (0, 0), SOFT) for half in halves])


def _whole_eyes(lacking: FloatArray) -> FloatArray:
    """`lacking` with each eye lacking, or not, as a whole: two gazes make none."""
    place = eye_place()
    for half in (slice(0, ZONES // 2), slice(ZONES // 2, ZONES)):
        eye, part = place[:, half], lacking[:, half]
        there = np.float32((part * eye).sum() > 0.5 * eye.sum())
        near = np.minimum(2 * eye, 1)
        lacking[:, half] = part * (1 - near) + there * near
    return lacking


def _far(facing: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, 1 on the half that is turned away."""
    halves = facing.sum(0).reshape(2, -1).sum(1)
    return np.repeat((halves <= halves.min()).astype(np.float32), ZONES // 2)[None] * np.ones((ZONES, 1), np.float32)


def _differ(small: ImageArray) -> FloatArray:
    """``(96, 96, 3)`` float32: how much lighter the other half is, in logarithms."""
    logs = logarithms(cv2.resize(small, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    return cv2.subtract(np.ascontiguousarray(logs[:, ::-1]), logs)


def _darker(small: ImageArray, facing: FloatArray) -> FloatArray:
    """``(96, 96)`` float32: how much darker a place is than the same one on the other half."""
    seen = topology().face * ramp(facing, *POOR)
    weight = (seen * seen[:, ::-1]).astype(np.float32)
    total, mass = (cv2.GaussianBlur(each, (0, 0), NEAR) for each in (grey(_differ(small)) * weight, weight))
    return np.asarray(total / (mass + np.float32(0.05)), np.float32)


def _light(small: ImageArray, facing: FloatArray) -> FloatArray:
    """``(96, 96, 3)``: what the far half is multiplied by, to be lit as the near one is; 1 on that."""
    seen = topology().skin * ramp(facing, *POOR)
    weight = (seen * seen[:, ::-1]).astype(np.float32)
    differ = np.clip(_differ(small), -MOST, MOST)
    gain = spread_colour(differ, weight, LIGHT * ZONES, np.zeros_like(differ), 0.05)
    return cv2.exp(cv2.multiply(gain, thrice(_far(facing))))


def _mixed(picture: ImageArray, own: FloatArray, gain: FloatArray, spots: FloatArray) -> ImageArray:
    """`picture` where it is its `own`, under another light, and elsewhere mirrored, without its marks."""
    size = picture.shape[1::-1]
    own, gain = (cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in (own, gain))
    other = unmarked(picture[:, ::-1].astype(np.float32), spots)
    lit = cv2.multiply(picture.astype(np.float32) + np.float32(FLOOR), gain) - np.float32(FLOOR)
    mixed = cv2.multiply(lit, thrice(own)) + cv2.multiply(other, thrice(1 - own))
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
