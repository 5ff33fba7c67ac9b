"""The colour of the source's irises on the target's eyes. Gaze, lids and highlights stay the target's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.engines.mesh.openings import gap
from pipeline.mesh.maps import blurred
from pipeline.models.face_mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from pipeline.types import FloatArray, ImageArray

EYES = ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE))
LOW, HIGH, HUE = 0.6, 1.6, (0.72, 1.4)
"""Bounds of the change in lightness, and of that in hue beside it."""
CAST = 0.5
"""How much of the sclera's hue is taken for the light's."""
GREY = 1.5
"""Grey levels that channels differ by at most in black and white."""
SAMPLES = 300
"""Pixels that are enough to tell a colour."""
SMALLEST = 3.5
"""Irises of a smaller radius (pixels) show no colour."""
NARROW, OPEN = (0.6, 0.75), (0.7, 1.1)
"""Gaps between the lids, in radii of the iris, between which it gets the new hue, and becomes as light or dark as the
new one. A smile narrows eyes to 0.75, and who smiles keeps the colour of his eyes; but how light an iris is cannot be
told in the shade of lids, and a lid that is taken for one must not be darkened."""
DULL, BRIGHT = 90, 150
"""Grey levels up to which something is an iris, and from which on a reflection: that has the light's colour."""
_SUBPIXEL = 4
_MEAN = np.full((1, 3), 1 / 3, np.float32)
_LEVELS = np.arange(256, dtype=np.float32)
_IS_DULL = np.clip((BRIGHT - _LEVELS) / (BRIGHT - DULL), 0, 1)
_LOGARITHMS = np.log(_LEVELS + 8)


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eye cut out of a picture.

    Attributes:
        place: rows and columns of the picture.
        colour: ``(h, w, 3)`` uint8 BGR.
        iris: ``(h, w)`` float32, soft mask of its visible part.
        white: ``(h, w)`` bool, the visible sclera.
        open: 0 for a shut eye to 1.
        seen: the same, but 1 for a narrow one already.
    """

    place: tuple[slice, slice]
    colour: ImageArray
    iris: FloatArray
    white: NDArray[np.bool_]
    open: float
    seen: float


@dataclass(frozen=True)
class _Change:
    """What makes irises have another colour.

    Attributes:
        lighter: times as light.
        hue: the same for each channel, beside that.
        redder: how much redder than blue that makes them, in logarithms.
        reddest: how red the new ones are at most.
    """

    lighter: float
    hue: tuple[float, ...]
    redder: float
    reddest: float


def iris_colour(image: ImageArray, landmarks: FloatArray) -> FloatArray | None:
    """``(3,)`` float32 BGR, the irises' colour in parts of the sclera's, or ``None`` if the eyes show too little.

    In parts, because the two faces are not equally lit, nor by light of the same colour.
    """
    found = _colour(_eyes(image, landmarks))
    return None if found is None else found[0]


def recolour(image: ImageArray, landmarks: FloatArray, wanted: FloatArray) -> ImageArray:
    """`image` with its irises in the colour `wanted` (see `iris_colour`); a copy where anything changes."""
    eyes = _eyes(image, landmarks)
    found = _colour(eyes)
    if found is None:
        return image
    change = _change(wanted, *found, grey=all(_grey(eye) for eye in eyes))
    result = image.copy()
    for eye in eyes:
        share = cv2.multiply(eye.iris, cv2.LUT(cv2.transform(eye.colour, _MEAN), _IS_DULL))
        hued = share * np.float32(eye.seen)
        if change.redder > 0:
            # Nothing becomes redder than the new iris: what is so already is a lid, or a finger before the eye.
            short = np.array([[1, 0, -1, change.reddest]], np.float32) / np.float32(change.redder)
            left = cv2.transform(cv2.LUT(eye.colour, _LOGARITHMS), short)
            hued = cv2.multiply(hued, cv2.min(cv2.max(left, 0.0), 1.0))
        tint = cv2.transform(hued, np.array([[tint - 1, 1] for tint in change.hue], np.float32))
        light = cv2.transform(share, np.array([[eye.open * (change.lighter - 1), 1]] * 3, np.float32))
        result[eye.place] = cv2.multiply(eye.colour, cv2.multiply(tint, light), dtype=cv2.CV_8U)
    return result


def _change(wanted: FloatArray, own: FloatArray, light: FloatArray, *, grey: bool) -> _Change:
    """What brings irises of the colour `own` to `wanted`, under a light; in black and white they have no hue."""
    ratios = (wanted / np.maximum(own, 1e-3)).tolist()
    lightness = sum(ratios) / 3
    # Of hue only as much as irises differ by: the rest is the light in the eyes of the photo.
    hue = tuple(1.0 if grey else min(max(ratio / lightness, HUE[0]), HUE[1]) ** 0.7 for ratio in ratios)
    blue, _, red = (own * light).tolist()
    return _Change(
        min(max(lightness, LOW), HIGH) ** 0.7,
        hue,
        math.log(hue[2] / hue[0]),
        math.log((red * hue[2] + 8) / (blue * hue[0] + 8)),
    )


def _grey(eye: _Eye) -> bool:
    """Whether it is of a picture in black and white."""
    blue, green, red = cv2.split(eye.colour)
    return cv2.mean(cv2.max(cv2.absdiff(blue, green), cv2.absdiff(green, red)))[0] < GREY


def _colour(eyes: list[_Eye]) -> tuple[FloatArray, FloatArray] | None:
    """The irises' colour in parts of the light's, and the light's, ``(3,)`` float32 BGR each. An eye in deep shade, or
    with something held before it, hardly counts beside one that is seen well."""
    found, lights = [], []
    for eye in eyes:
        disc, ball = np.flatnonzero(eye.iris > 0.5), np.flatnonzero(eye.white)
        if len(disc) < 12 or len(ball) < 12:
            continue
        # Highlights and lashes fall out as the extremes.
        white = _typical(eye.colour, ball, 70)
        # Of the sclera's hue only a part is the light's: it is rosy itself.
        light = white**CAST * (white.sum() / 3) ** (1 - CAST)
        found.append((_typical(eye.colour, disc, 40) + 4) / (light + 4))
        lights.append(light)
    if not found:
        return None
    shares = [float(light.sum()) ** 4 for light in lights]
    iris, light = (
        sum(each * (share / sum(shares)) for each, share in zip(kind, shares, strict=True)) for kind in (found, lights)
    )
    # Brown, green, grey, blue: an iris that seems violet is a dark one in coloured light.
    iris[1] = max(iris[1], min(iris[0], iris[2]))
    return iris.astype(np.float32), light.astype(np.float32)


def _eyes(image: ImageArray, landmarks: FloatArray) -> list[_Eye]:
    """The eyes that are large enough."""
    height, width = image.shape[:2]
    places = landmarks[:, :2]
    fixed = np.rint(places * (1 << _SUBPIXEL)).astype(np.int32)
    result = []
    for iris, lids in EYES:
        centre, *rim = places[list(iris)].tolist()
        radius = sum(math.dist(centre, point) for point in rim) / len(rim)
        outline = fixed[list(lids)]
        left, top, wide, high = cv2.boundingRect(outline)
        x0, y0 = max((left >> _SUBPIXEL) - 2, 0), max((top >> _SUBPIXEL) - 2, 0)
        x1, y1 = min((left + wide >> _SUBPIXEL) + 4, width), min((top + high >> _SUBPIXEL) + 4, height)
        if radius < SMALLEST or x1 - x0 < 4 or y1 - y0 < 4:
            continue
        ball = np.zeros((y1 - y0, x1 - x0), np.uint8)
        disc = np.zeros_like(ball)
        corner = (-x0 << _SUBPIXEL, -y0 << _SUBPIXEL)
        cv2.fillPoly(ball, [outline], 255, cv2.LINE_AA, _SUBPIXEL, corner)
        x, y = (int(at) + shift for at, shift in zip(fixed[iris[0]], corner, strict=True))
        cv2.circle(disc, (x, y), round(radius * (1 << _SUBPIXEL) * 0.97), 255, -1, cv2.LINE_AA, _SUBPIXEL)
        soft = blurred(cv2.min(disc, ball), max(0.5, radius * 0.08)) / np.float32(255)
        white = (ball > 127) & (soft < 0.1)
        apart = gap(places[list(lids)]) / radius
        opened, seen = (min(max((apart - low) / (high - low), 0.0), 1.0) for low, high in (OPEN, NARROW))
        place = (slice(y0, y1), slice(x0, x1))
        result.append(_Eye(place, image[place], soft, white, opened, seen))
    return result


def _typical(picture: ImageArray, places: NDArray[np.intp], percentile: float) -> FloatArray:
    """Mean colour ``(3,)`` of the pixels of a picture, at places counted row by row, that are about a percentile of
    brightness."""
    pixels = picture.reshape(-1, 3).take(places[:: 1 + len(places) // SAMPLES], 0)
    order = np.argsort(pixels.sum(1, dtype=np.int32))
    first, last = (int(len(order) * share / 100) for share in (max(0, percentile - 25), min(100, percentile + 25)))
    some = pixels.take(order[first : max(last, first + 1)], 0)
    return np.asarray(some.sum(0, dtype=np.float32) / np.float32(len(some)))
