"""A new face as blurred by its own movement as the target's.

Where a head goes is known from its track; whether it is blurred by that, the frame tells: along the way its edges and
lines are weaker beside those across it than the new face's are. How far cannot be told as well, since faces differ; the
shutter is taken to be open for half of the time from one frame to the next, as it mostly is.

Measured with four sources: 0.52 to 0.73 of the new face's where a frame is blurred, 0.81 and more where it is not.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.mesh import FaceView
from pipeline.mesh.maps import ramp
from pipeline.types import FloatArray, ImageArray

SHUTTER = 0.5
"""Share of the time that a frame is exposed."""
BLURRED = (0.75, 0.85)
"""Edges along the way in parts of the new face's, up to which a frame is blurred by it, and from which on it is not."""
SLOW = 4.0
"""Pixels a frame in a face of `SIDE` pixels, up to which nothing is blurred."""
SIDE = 128
"""Side of the pictures that are compared."""
ENOUGH = 0.15
"""Share of that picture that has to be seen of the face."""
LEAST = 1.5
"""Pixels of blur that are worth it."""
_EDGE = 5


def moved(face: ImageArray, alpha: FloatArray, view: FaceView) -> tuple[ImageArray, FloatArray]:
    """The new face and its opacity, both of the crop's size, blurred along the face's way as far as the target is."""
    motion = view.crop.motion
    scale = min(1.0, SIDE / max(view.size))
    if math.hypot(*motion) * scale <= SLOW:
        return face, alpha
    length = SHUTTER * math.hypot(*motion) * _blurred(face, view.crop.image, alpha, motion, scale)
    if length < LEAST:
        return face, alpha
    line = _line(motion, length)
    return np.asarray(cv2.filter2D(face, -1, line), np.uint8), cv2.filter2D(alpha, -1, line)


def _blurred(
    face: ImageArray, target: ImageArray, alpha: FloatArray, motion: tuple[float, float], scale: float
) -> float:
    """0 where the target is sharp, to 1."""
    new, own = (_small(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY), scale) for each in (face, target))
    where = cv2.erode(_small(alpha, scale), np.ones((5, 5), np.uint8)) > 0.5
    if np.count_nonzero(where) < ENOUGH * SIDE * SIDE:
        return 0.0
    parts = _along(own, where, motion) / max(_along(new, where, motion), 1e-3)
    return 1.0 - float(ramp(np.float32(parts), *BLURRED))


def _along(luma: FloatArray, where: ImageArray, motion: tuple[float, float]) -> float:
    """How strong edges and lines are along the way, beside those across it: second derivatives, to which the slow
    shading of a face counts little."""
    x, y = motion[0] / math.hypot(*motion), motion[1] / math.hypot(*motion)
    right, down, both = (
        cv2.Sobel(luma, -1, *order, ksize=_EDGE)[where].astype(np.float64) for order in ((2, 0), (0, 2), (1, 1))
    )
    along, across = (
        float(np.abs(a * a * right + b * b * down + 2 * a * b * both).mean()) for a, b in ((x, y), (-y, x))
    )
    return along / max(across, 1e-3)


def _line(motion: tuple[float, float], length: float) -> FloatArray:
    """A kernel that spreads a pixel over so many along the way, half of them on either side."""
    reach = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    way = math.hypot(*motion)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        x, y = (reach + share * length * part / way for part in motion)
        left, top = math.floor(x), math.floor(y)
        right, low = x - left, y - top
        kernel[top : top + 2, left : left + 2] += np.outer([1 - low, low], [1 - right, right])
    return kernel / kernel.sum()


def _small(picture: ImageArray | FloatArray, scale: float) -> FloatArray:
    height, width = picture.shape
    size = max(8, round(width * scale)), max(8, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
