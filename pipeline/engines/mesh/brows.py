"""Brows told from shade: hair begins at a line, while shade under a brow's ridge comes softly.

A painter's model may have no brows at all, and a face lit from above has its sockets in shade. On the source's own
picture that looks natural, under another light like make-up.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray

SIZE = 2 * ZONES
ALONG, ACROSS = 2.0, 0.8
"""Blur radii (sigma) in texels of the map of `SIZE`: single hairs and cracks of a painting are no border."""
BORDER = (0.135, 0.175)
"""Share of its darkness that a brow gains from one texel to the next, at its border, where it begins to be, and is,
hair. Measured on ten faces: hair 0.21 to 0.31, a painted brow ridge 0.13, brows in the shade of deep sockets 0.18."""
FAINT = 0.05
"""Less darkness than this (in logarithms) is none."""

FAIR, STRONGER = (0.17, 0.27), 1.0
"""How much darker than skin the darkest twentieth of a brow is, in logarithms, that is so fair that its hairs hardly
show, and that needs nothing; and by how many times itself a hair is made stronger on the former."""
HAIR = 0.12
"""How dark it is between hairs that stand close."""


def hairiness(shade: FloatArray) -> float:
    """How much of what is dark where brows are is hair, 0 to 1.

    Args:
        shade: ``(192, 192)`` float32, how much lighter than skin an evenly lit face is, in logarithms.
    """
    smooth = cv2.GaussianBlur(shade, (0, 0), sigmaX=ALONG, sigmaY=ACROSS)
    return float(ramp(np.float32(np.median([_border(smooth[rows, column]) for column, rows in _columns()])), *BORDER))


def strands(fine: FloatArray, coarse: FloatArray) -> FloatArray:
    """What makes the hairs of very fair brows stronger, ``(n, n)`` float32 in logarithms: on darker or paler skin, or
    at a smaller size, they were a smear.

    Args:
        fine: ``(n, n)`` float32, the fine part of the departure from the skin's lightness, in logarithms.
        coarse: ``(192, 192)`` float32, the coarse part.
    """
    brows, size = cv2.resize(topology().brows, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), fine.shape[0]
    fair = 1 - float(ramp(np.float32(-np.quantile(coarse[brows > 0.95], 0.05)), *FAIR))
    where = np.clip(-coarse / HAIR, 0, 1) * brows * np.float32(STRONGER * fair)
    where = cv2.resize(where.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.minimum(fine, 0) * where, np.float32)


def _border(column: FloatArray) -> float:
    """The steepest step of a column from the forehead down to the darkest place, as a share of all the way."""
    darkest = max(int(column.argmin()), 2)
    steps = -np.diff(column[: darkest + 1])
    return float(steps.max()) / max(float(np.ptp(column[: darkest + 1])), FAINT)


@cache
def _columns() -> list[tuple[int, NDArray[np.intp]]]:
    """Each column that crosses a brow, and its rows."""
    brows = cv2.resize(topology().brows, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) > 0.5
    rows = [np.flatnonzero(brows[:, column]) for column in range(SIZE)]
    return [(column, each) for column, each in enumerate(rows) if len(each) >= 10]
