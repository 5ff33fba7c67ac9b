"""The source's own eyes, taken off the atlas.

On it an eye is laid out with its iris wherever the person in the photo looked. The iris is taken out, whole (what its
lids hid is filled in: an iris is alike all around), and the white goes on behind it. `gaze` puts it in again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from pipeline.mesh import topology
from pipeline.mesh.topology import ZONES
from pipeline.models.face_mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from pipeline.types import FloatArray, ImageArray

EYES = ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS))
SIDE, DISC = 64, 0.4
"""Side of an iris' picture, and its radius in that."""
SMALLEST = 8
"""Side of the smallest picture of an iris."""
EDGE, LIMBUS = 1.06, 0.08
"""Where an iris ends, and how softly, in the radii that landmarks have it end at."""
LEAST = 2.0
"""Radius (pixels) of an iris in the photo from which on it shows anything."""
OPEN = 0.6
"""How far the lids of the photo are apart at least, in radii of its iris."""
TURNED, ALONE = 0.55, 0.9
"""How wide an eye of the photo looks beside what it is, at least: else it looks past the camera; and one that is to be
both eyes, as the other is hidden."""
BEHIND = 1.2
"""In radii of the iris, what is taken out."""
WHITE = 0.12
"""Share of an eye that is white at least, for the white to be known."""
CLEAR = 1.15
"""How many times as light as the iris it is at least."""
SHADED = 0.58
"""How light it is at least beside skin, of which it has 0.7 to 0.9: in deep shade nobody's eyes are seen."""
PUPIL, DARK, EDGE_OF_PUPIL = 0.42, 0.36, 0.14
"""Radius of a pupil in radii of the iris, how light it is at most beside the white, and how soft its border is. A photo
with few pixels of an eye has a grey one, which looks blind."""
RATIO = (0.17, 0.27)
"""Bounds of an iris' radius in parts of its eye's width."""
_SUBPIXEL = 4


@dataclass(frozen=True, eq=False)
class Iris:
    """One iris.

    Attributes:
        levels: ``(n, n, 4)`` uint8 each, BGR as on the atlas and how much of the iris there is; halved in size from one
            to the next. To the right of it is the inner corner of its eye.
        ratio: its radius in parts of the width of its eye.
        radius: in pixels of the photo.
    """

    levels: tuple[ImageArray, ...]
    ratio: float
    radius: float


@dataclass(frozen=True, eq=False)
class Found:
    """Where an eye of a photo lies.

    Attributes:
        to_atlas: ``(2, 3)`` from places on the iris (its radius 1, to the inner corner and down) to the unit square.
        lids: ``(16, 2)`` outline of the eye, in places on the iris.
        ratio, radius: see `Iris`.
    """

    to_atlas: FloatArray
    lids: FloatArray
    ratio: float
    radius: float

    def mirrored(self) -> Found:
        """The other eye, if it were alike."""
        flipped = self.to_atlas * np.array([[-1], [1]], np.float32)
        flipped[0, 2] += 1
        return replace(self, to_atlas=flipped)


def find_eyes(landmarks: FloatArray, own: FloatArray) -> tuple[Found, Found] | None:
    """Both eyes of a photo, if they are open and seen well.

    Args:
        landmarks: ``(478, 3)`` pixels of the photo.
        own: ``(96, 96)`` float32 over its atlas, 1 where that is the photo's own and 0 where it is mirrored.
    """
    found, seen = [], [_there(own, lids) >= 0.5 for lids, _ in EYES]
    alone = not all(seen)
    for (lids, iris), there in zip(EYES, seen, strict=True):
        if not there:
            continue
        frame, ratio = eye_frame(landmarks, lids, iris)
        outline = landmarks[list(lids), :2]
        flat, whole = eye_widths(landmarks, lids)
        radius = ratio * whole
        places = _apply(cv2.invertAffineTransform(frame), outline)
        gap = float(cv2.contourArea(places.astype(np.float32))) / max(float(np.ptp(places[:, 0])), 1e-3)
        if radius < LEAST or gap < OPEN or flat < (ALONE if alone else TURNED) * whole:
            return None
        uv = topology().uv[list(lids)]
        design = np.column_stack([places, np.ones(len(places))])
        to_atlas = np.linalg.lstsq(design, uv, rcond=None)[0].T
        found.append(Found(to_atlas.astype(np.float32), places.astype(np.float32), ratio, radius))
    if alone:
        return (found[0], found[0].mirrored()) if seen[0] else (found[0].mirrored(), found[0])
    return found[0], found[1]


def _there(own: FloatArray, lids: tuple[int, ...]) -> float:
    """How far the middle of an eye is the photo's own."""
    x, y = (topology().uv[list(lids)].mean(0) * ZONES).astype(int)
    return float(own[y, x])


def taken_out(
    sheet: ImageArray, calm: ImageArray, eyes: Sequence[Found], tone: FloatArray
) -> tuple[ImageArray, tuple[Iris, Iris]] | None:
    """An atlas without its irises, a copy, and the irises; ``None`` where too little white is seen to know what is
    behind them, or what is seen is not white: dark glasses are before them, or they lie in deep shade.

    Args:
        sheet: ``(n, n, 3)`` uint8 BGR.
        calm: the same as skin is to be, which eyes are not.
        tone: ``(3,)`` float32 BGR, the mean colour of the skin.
    """
    result, irises = _with_eyes(calm, sheet), []
    for eye in eyes:
        iris, white = _whole(sheet, eye), _whitened(result, eye)
        disc = iris[..., :3][iris[..., 3] > 127]
        if white is None or white.mean() < max(CLEAR * disc.mean(), SHADED * tone.mean()):
            return None
        iris[..., :3] = np.clip(_with_pupil(iris[..., :3], float(white.mean())) + 0.5, 0, 255)
        irises.append(Iris(_levels(iris), eye.ratio, eye.radius))
    return result, (irises[0], irises[1])


def _with_pupil(picture: ImageArray, white: float) -> FloatArray:
    """``(SIDE, SIDE, 3)`` float32: an iris whose pupil is dark beside the white."""
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5 - SIDE / 2) / np.float32(SIDE * DISC)
    away = np.hypot(axis[None], axis[:, None])
    share = np.clip((PUPIL - away) / EDGE_OF_PUPIL + 0.5, 0, 1)
    dark = np.minimum(1, DARK * white / np.maximum(picture.mean(-1), 1))
    return np.asarray(picture * (1 + share * (dark - 1))[..., None], np.float32)


def _with_eyes(calm: ImageArray, sheet: ImageArray) -> ImageArray:
    """`calm` with what lies between the lids as on the `sheet`, a copy."""
    size = calm.shape[0]
    mask = np.zeros((size, size), np.uint8)
    for lids, _ in EYES:
        outline = np.rint((topology().uv[list(lids)] * size - 0.5) * (1 << _SUBPIXEL)).astype(np.int32)
        cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, _SUBPIXEL)
    share = cv2.GaussianBlur(mask, (0, 0), max(0.6, size / 600)).astype(np.float32) / 255
    mixed: ImageArray = cv2.blendLinear(sheet, calm, share, 1 - share)
    return mixed


def eye_frame(
    landmarks: FloatArray, lids: tuple[int, ...], ring: tuple[int, ...], ratio: float | None = None
) -> tuple[FloatArray, float]:
    """``(2, 3)`` from places on an iris to pixels, and its radius in parts of the eye's width, measured or as given."""
    outer, inner = landmarks[lids[0], :2], landmarks[lids[len(lids) // 2], :2]
    flat, whole = eye_widths(landmarks, lids)
    centre = landmarks[ring[0], :2]
    if ratio is None:
        # A circle looks as high as it is, however the eye is turned.
        radii = np.sort(np.linalg.norm(landmarks[list(ring[1:]), :2] - centre, axis=1))
        ratio = float(np.clip(radii[-3:].mean() / whole, *RATIO))
    ahead = (inner - outer) / max(flat, 1e-3)
    # The left eye's inner corner is to its left.
    down = np.array([-ahead[1], ahead[0]]) * (1 if lids is RIGHT_EYE else -1)
    matrix = np.column_stack([ahead * ratio * flat, down * ratio * whole, centre])
    return matrix.astype(np.float32), ratio


def eye_widths(landmarks: FloatArray, lids: tuple[int, ...]) -> tuple[float, float]:
    """Of an eye, as it is seen and as it is, in pixels."""
    outer, inner = landmarks[lids[0]], landmarks[lids[len(lids) // 2]]
    return math.dist(outer[:2], inner[:2]), max(math.dist(outer, inner), 1e-3)


def _apply(matrix: FloatArray, places: FloatArray) -> FloatArray:
    return np.asarray(places @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _whole(sheet: ImageArray, eye: Found) -> ImageArray:
    """``(SIDE, SIDE, 4)`` uint8: the iris as on the atlas, what the lids hid filled in, and how much of it there is."""
    size = sheet.shape[0]
    scale = 1 / (SIDE * DISC)
    place = np.array([[scale, 0, (0.5 - SIDE / 2) * scale], [0, scale, (0.5 - SIDE / 2) * scale]])
    matrix = eye.to_atlas[:, :2] @ place
    matrix[:, 2] += eye.to_atlas[:, 2]
    matrix = matrix * size - np.array([[0, 0, 0.5]] * 2)
    picture = cv2.warpAffine(
        sheet, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5 - SIDE / 2) * np.float32(scale)
    away = np.hypot(axis[None], axis[:, None])
    seen = np.zeros((SIDE, SIDE), np.uint8)
    outline = np.rint((eye.lids / scale + SIDE / 2 - 0.5) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(seen, [outline], 1, cv2.LINE_8, _SUBPIXEL)
    # The lids' own shade and lashes are not the iris'.
    seen = cv2.erode(seen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)), borderValue=1)
    ring = np.minimum((away * 12).astype(np.int32), 13)
    profile = np.zeros((14, 3), np.float32)
    for place_at in range(14):
        inside = picture[(ring == place_at) & (seen > 0)]
        profile[place_at] = np.median(inside, axis=0) if len(inside) >= 4 else profile[max(place_at - 1, 0)]
    # What is reflected is the photo's.
    bright = (picture.mean(-1) > 1.35 * profile[ring].mean(-1) + 15).astype(np.uint8)
    seen &= 1 - cv2.dilate(bright, np.ones((3, 3), np.uint8))
    hidden = cv2.GaussianBlur(1 - seen.astype(np.float32), (0, 0), 1.5)[..., None]
    around = cv2.GaussianBlur(profile[ring], (0, 0), 1.5)
    whole = picture * (1 - hidden) + around * hidden
    # Brown, green, grey, blue: what seems violet is dark in coloured light.
    whole[..., 1] = np.maximum(whole[..., 1], np.minimum(whole[..., 0], whole[..., 2]))
    share = np.clip(0.5 - (away - EDGE) / (2 * LIMBUS), 0, 1)
    return np.dstack([np.clip(whole + 0.5, 0, 255), share * 255 + 0.5]).astype(np.uint8)


def _levels(picture: ImageArray) -> tuple[ImageArray, ...]:
    levels = [picture]
    while levels[-1].shape[0] > SMALLEST:
        half = levels[-1].shape[0] // 2
        levels.append(np.asarray(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA), np.uint8))
    return tuple(levels)


def _whitened(sheet: ImageArray, eye: Found) -> FloatArray | None:
    """Let the white go on behind an iris; `sheet` is changed. The white's colour, ``(3,)``, if enough of it is seen."""
    size = sheet.shape[0]
    unit = float(np.sqrt(abs(np.linalg.det(eye.to_atlas[:, :2])))) * size
    outline = _apply(eye.to_atlas, eye.lids) * size - 0.5
    low = np.maximum(np.floor(outline.min(0) - 2 * unit), 0).astype(int)
    high = np.minimum(np.ceil(outline.max(0) + 2 * unit), size).astype(int)
    part = sheet[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    within = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(within, [np.rint((outline - low) * (1 << _SUBPIXEL)).astype(np.int32)], 255, cv2.LINE_AA, _SUBPIXEL)
    rim = 2 * round(0.15 * unit) + 1
    inner = cv2.erode(within, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))) > 127
    circle = _apply(eye.to_atlas, BEHIND * _circle()) * size - 0.5 - low
    disc = np.zeros_like(within)
    cv2.fillPoly(disc, [np.rint(circle * (1 << _SUBPIXEL)).astype(np.int32)], 255, cv2.LINE_AA, _SUBPIXEL)
    white = (inner & (disc < 32)).astype(np.float32)
    if white.sum() < WHITE * max(int(np.count_nonzero(inner)), 1):
        return None
    # Along the eye, not across it: above is a lid's shade, below its light rim.
    filled, mass = np.zeros_like(part), np.full(white.shape, 1e-6, np.float32)
    for along, across, weight in ((1.2, 0.12, 1.0), (2.0, 0.6, 1e-3)):
        sigma = (max(along * unit, 0.5), max(across * unit, 0.5))
        filled += weight * cv2.GaussianBlur(part * white[..., None], (0, 0), sigma[0], sigmaY=sigma[1])
        mass += weight * cv2.GaussianBlur(white, (0, 0), sigma[0], sigmaY=sigma[1])
    share = cv2.GaussianBlur(cv2.min(disc, within), (0, 0), max(0.08 * unit, 0.5)).astype(np.float32) / 255
    part += (filled / mass[..., None] - part) * share[..., None]
    colour = np.median(sheet[low[1] : high[1], low[0] : high[0]][white > 0], axis=0).astype(np.float32)
    sheet[low[1] : high[1], low[0] : high[0]] = np.clip(part + 0.5, 0, 255).astype(np.uint8)
    return colour


def _circle() -> FloatArray:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


@cache
def eye_place() -> FloatArray:
    """``(96, 96)`` float32 over the atlas, 1 on both eyes and their lids' edges."""
    place = np.zeros((ZONES, ZONES), np.uint8)
    for lids, _ in EYES:
        cv2.fillPoly(place, [np.rint(topology().uv[list(lids)] * ZONES - 0.5).astype(np.int32)], 1)
    return cv2.GaussianBlur(cv2.dilate(place, np.ones((5, 5), np.uint8)).astype(np.float32), (0, 0), 0.8)
