"""The line where lips meet: its darkness and width are the target's, laid on the new face's lips."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.mesh.maps import blurred, thrice
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, ImageArray

CORNERS = (61, 291)
SMALLEST = 6.0
"""Mouths narrower than this many pixels have no line."""
LINE, BESIDE = 0.03, 0.05
"""How far from the inner lips, in parts of the mouth's width, there may be a line, and it ends."""
SPREAD = 0.06
"""Blur radius (sigma), in parts of the mouth's width, within which lips tell how dark they are."""
FAINT = 0.02
"""What is darker than the lips beside it by less than this part is grain."""
FLOOR = 8.0
"""Grey levels added on both sides, so that noise in the dark does not count."""
_SUBPIXEL = 4


def with_seam(image: ImageArray, target: ImageArray, landmarks: FloatArray) -> ImageArray:
    """`image` with its lips darkened between them as the target's are, in parts of what the lips beside have.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, the new face, whose lips have no such line. It is changed in place.
        target: the same place of the target.
        landmarks: ``(478, 3)`` pixels, where both have their features.
    """
    outer, inner = landmarks[list(OUTER_LIPS), :2], landmarks[list(INNER_LIPS), :2]
    width = math.dist(*landmarks[list(CORNERS), :2].tolist())
    height, breadth = image.shape[:2]
    reach = math.ceil(2 * BESIDE * width)
    left, top, wide, high = cv2.boundingRect(outer)
    x0, y0 = max(left - reach, 0), max(top - reach, 0)
    x1, y1 = min(left + wide + reach, breadth), min(top + high + reach, height)
    # Whole cells of the grid that lips are told on: sizes that do not divide are reduced ten times as slowly.
    cell = max(1, round(SPREAD * width / 2))
    x1, y1 = x1 - (x1 - x0) % cell, y1 - (y1 - y0) % cell
    if width < SMALLEST or x1 - x0 < 4 or y1 - y0 < 4:
        return image
    part, corner = (slice(y0, y1), slice(x0, x1)), np.array([x0, y0], np.float32)
    colour = cv2.GaussianBlur(target[part], (0, 0), 0.6)
    near, beside = (_drawn(colour.shape, inner - corner, share * width) for share in (LINE, BESIDE))
    lips = _drawn(colour.shape, outer - corner, 0.0) * (1 - near) + np.float32(1e-4)
    # Channel by channel: between lips it is dark red rather than grey.
    expected = _beside(colour, lips, SPREAD * width, cell)
    darkness = (colour + np.float32(FLOOR)) / (expected + np.float32(FLOOR))
    gain = 1 - cv2.multiply(cv2.max(1 - FAINT - darkness, 0.0), thrice(beside))
    image[part] = cv2.multiply(image[part], gain, dtype=cv2.CV_8U)
    return image


def _beside(colour: ImageArray, weight: FloatArray, sigma: float, cell: int) -> FloatArray:
    """``(h, w, 3)`` float32: the colour around each place of where the weight is (normalised convolution), told on a
    grid whose cells have so many pixels, in which nothing is lost."""
    height, width = weight.shape
    size = width // cell, height // cell
    total, mass = (
        cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), max(sigma / cell, 0.8))
        for values in (cv2.multiply(colour, thrice(weight), dtype=cv2.CV_32F), weight)
    )
    return cv2.resize(cv2.divide(total, thrice(mass)), (width, height), interpolation=cv2.INTER_LINEAR)


def _drawn(shape: tuple[int, ...], outline: FloatArray, reach: float) -> FloatArray:
    """1 inside an outline and beyond it, falling off to 0 at twice `reach`."""
    mask = np.zeros(shape[:2], np.uint8)
    points = [np.round(outline * (1 << _SUBPIXEL)).astype(np.int32)]
    cv2.fillPoly(mask, points, 255, cv2.LINE_AA, _SUBPIXEL)
    if reach > 0:
        cv2.polylines(mask, points, True, 255, max(1, round(2 * reach)), cv2.LINE_AA, _SUBPIXEL)
        return blurred(mask, max(0.6, reach / 2)) / np.float32(255)
    return mask.astype(np.float32) / np.float32(255)
