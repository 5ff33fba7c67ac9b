"""The colour of the source's irises on the target's eyes. Gaze, lids and highlights stay the target's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.engines.mesh.openings import gap
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
_MEAN = np.full((1, 3), 1 / 3, np.float32)
SMALLEST = 3.5
"""Irises of a smaller radius (pixels) show no colour."""
NARROW, OPEN = (0.6, 0.75), (0.7, 1.1)
"""Gaps between the lids, in radii of the iris, between which it gets the new hue, and becomes as light or dark as the
new one. A smile narrows eyes to 0.75, and who smiles keeps the colour of his eyes; but how light an iris is cannot be
told in the shade of lids, and a lid that is taken for one must not be darkened."""


@dataclass(frozen=True, eq=False)
class _Eye:
    """One eye cut out of a picture.

    Attributes:
        place: rows and columns of the picture.
        colour: ``(h, w, 3)`` float32 BGR.
        iris: ``(h, w)`` float32, soft mask of its visible part.
        white: ``(h, w)`` bool, the visible sclera.
        open: 0 for a shut eye to 1.
        seen: the same, but 1 for a narrow one already.
    """

    place: tuple[slice, slice]
    colour: FloatArray
    iris: FloatArray
    white: NDArray[np.bool_]
    open: float
    seen: float


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
    own, light = found
    ratio = wanted / np.maximum(own, 1e-3)
    lightness = ratio.mean()
    if all(_grey(eye) for eye in eyes):
        ratio = np.full_like(ratio, lightness)
    # Of hue only as much as irises differ by: the rest is the light in the eyes of the photo.
    lighter, hue = np.clip(lightness, LOW, HIGH) ** 0.7, np.clip(ratio / lightness, *HUE) ** 0.7
    redder, reddest = float(np.log(hue[2] / hue[0])), float(_redness(own * light * hue))
    result = image.copy()
    for eye in eyes:
        # What is as bright as the sclera is a reflection: it has the light's colour.
        dull = np.clip((150 - cv2.transform(eye.colour, _MEAN)) / 60, 0, 1)
        share = np.asarray(eye.iris * dull, np.float32)
        hued = share * np.float32(eye.seen)
        if redder > 0:
            # Nothing becomes redder than the new iris: what is so already is a lid, or a finger before the eye.
            hued *= np.clip((reddest - _redness(eye.colour)) / redder, 0, 1)
        lit = [
            cv2.multiply(
                channel, (1 + share * np.float32(eye.open * (lighter - 1))) * (1 + hued * np.float32(tint - 1))
            )
            for channel, tint in zip(cv2.split(eye.colour), hue, strict=True)
        ]
        result[eye.place] = cv2.add(cv2.merge(lit), 0, dtype=cv2.CV_8U)
    return result


def _grey(eye: _Eye) -> bool:
    """Whether it is of a picture in black and white."""
    blue, green, red = cv2.split(eye.colour)
    return float(cv2.max(cv2.absdiff(blue, green), cv2.absdiff(green, red)).mean()) < GREY


def _redness(colour: FloatArray) -> FloatArray:
    """How much red beside blue ``(..., 3)`` BGR have, in logarithms."""
    return np.asarray(np.log((colour[..., 2] + 8) / (colour[..., 0] + 8)), np.float32)


def _colour(eyes: list[_Eye]) -> tuple[FloatArray, FloatArray] | None:
    """The irises' colour in parts of the light's, and the light's, ``(3,)`` float32 BGR each. An eye in deep shade, or
    with something held before it, hardly counts beside one that is seen well."""
    found, lights = [], []
    for eye in eyes:
        disc = eye.iris > 0.5
        if np.count_nonzero(disc) < 12 or np.count_nonzero(eye.white) < 12:
            continue
        # Highlights and lashes fall out as the extremes.
        white = _typical(eye.colour[eye.white], 70)
        # Of the sclera's hue only a part is the light's: it is rosy itself.
        light = white**CAST * white.mean() ** (1 - CAST)
        found.append((_typical(eye.colour[disc], 40) + 4) / (light + 4))
        lights.append(light)
    if not found:
        return None
    weights = np.mean(lights, axis=1) ** 4
    blue, green, red = np.average(found, axis=0, weights=weights)
    # Brown, green, grey, blue: an iris that seems violet is a dark one in coloured light.
    iris = np.array([blue, max(green, min(blue, red)), red], np.float32)
    return iris, np.average(lights, axis=0, weights=weights).astype(np.float32)


def _eyes(image: ImageArray, landmarks: FloatArray) -> list[_Eye]:
    """The eyes that are large enough."""
    height, width = image.shape[:2]
    result = []
    for iris, lids in EYES:
        outline, centre = landmarks[list(lids), :2], landmarks[iris[0], :2]
        radius = float(np.linalg.norm(landmarks[list(iris[1:]), :2] - centre, axis=1).mean())
        x0, y0 = np.maximum(np.floor(outline.min(0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(outline.max(0)).astype(int) + 3, [width, height])
        if radius < SMALLEST or x1 - x0 < 4 or y1 - y0 < 4:
            continue
        ball = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(ball, [_fixed(outline - [x0, y0])], 255, cv2.LINE_AA, 4)
        disc = np.zeros_like(ball)
        spot = _fixed(centre - [x0, y0])
        cv2.circle(disc, (int(spot[0]), int(spot[1])), round(radius * 16 * 0.97), 255, -1, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(cv2.min(disc, ball), (0, 0), max(0.5, radius * 0.08)).astype(np.float32) / 255
        place = (slice(int(y0), int(y1)), slice(int(x0), int(x1)))
        white = (ball > 127) & (soft < 0.1)
        opened, seen = (float(np.interp(gap(outline) / radius, bounds, (0, 1))) for bounds in (OPEN, NARROW))
        result.append(_Eye(place, image[place].astype(np.float32), soft, white, opened, seen))
    return result


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    """Points in sixteenths of a pixel, as OpenCV draws them."""
    return np.round(points * 16).astype(np.int32)


def _typical(pixels: FloatArray, percentile: float) -> FloatArray:
    """Mean colour of the ``(n, 3)`` pixels about a percentile of brightness."""
    pixels = pixels[:: 1 + len(pixels) // SAMPLES]
    order = np.argsort(pixels @ np.full(3, 1 / 3, np.float32))
    first, last = (int(len(order) * share / 100) for share in (max(0, percentile - 25), min(100, percentile + 25)))
    return np.asarray(pixels[order[first : max(last, first + 1)]].mean(0), np.float32)
