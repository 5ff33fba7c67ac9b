"""Where networks want a face to lie in their square input: five-point templates and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from pipeline.types import Box, FloatArray

TemplateName = Literal["arcface_112_v1", "arcface_112_v2", "arcface_128", "ffhq_512", "mtcnn_512"]

_ARCFACE = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
"""insightface's alignment for ArcFace, pixels of a crop of 112."""


def _points(pixels: list[list[float]], side: float) -> FloatArray:
    return np.asarray(np.asarray(pixels, np.float64) / side, np.float32)


TEMPLATES: Mapping[TemplateName, FloatArray] = {
    # SimSwap's frontal template, pixels of 112.
    "arcface_112_v1": _points(
        [[39.73, 51.138], [72.27, 51.138], [56, 68.493], [42.463, 87.01], [69.537, 87.01]], 112
    ),
    "arcface_112_v2": _points(_ARCFACE, 112),
    # insightface's norm_crop2 for sizes that divide by 128: shifted by 8, not stretched.
    "arcface_128": _points([[x + 8, y] for x, y in _ARCFACE], 128),
    # Mean of FFHQ's own alignment, as facexlib and GFPGAN publish it, pixels of 512.
    "ffhq_512": _points(
        [[192.98138, 239.94708], [318.90277, 240.1936], [256.63416, 314.01935], [201.26117, 371.41043],
         [313.08905, 371.15118]], 512
    ),
    "mtcnn_512": _points(
        [[0.36562865, 0.46733799], [0.63305391, 0.46585885], [0.50019127, 0.61942959], [0.39032951, 0.77598822],
         [0.61178945, 0.77476328]], 1
    ),
}  # fmt: skip
"""``(5, 2)`` each, in the unit square, points in the order of `Face.points`."""


def similarity(points: FloatArray, template: FloatArray) -> FloatArray:
    """``(2, 3)`` rotation, scale and shift that carry `points` to `template` with least squares (Umeyama 1991)."""
    # In the plane a similarity is one complex number (turn and scale) and a shift: a linear fit with a closed form.
    z = points[:, 0].astype(np.float64) + 1j * points[:, 1].astype(np.float64)
    w = template[:, 0].astype(np.float64) + 1j * template[:, 1].astype(np.float64)
    centred = z - z.mean()
    turn = np.vdot(centred, w - w.mean()) / max(float(np.vdot(centred, centred).real), 1e-6)
    shift = w.mean() - turn * z.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32)


def to_crop(points: FloatArray, template: TemplateName, size: int) -> FloatArray:
    """``(2, 3)`` affine from the picture that `points` ``(5, 2)`` lie in to a `size` × `size` crop.

    Templates are multiplied by `size`, as the networks' authors do: the crop's first pixel has its centre at 0.
    """
    return similarity(points, TEMPLATES[template] * np.float32(size))


def square_of(points: FloatArray, template: TemplateName) -> Box:
    """The upright box around the template's square about a face's ``(5, 2)`` points."""
    back = similarity(TEMPLATES[template], points)
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) @ back[:, :2].T + back[:, 2]
    (x0, y0), (x1, y1) = corners.min(0), corners.max(0)
    return Box(float(x0), float(y0), float(x1), float(y1))
