"""The finest detail of somebody's skin, for places that the photo does not show."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.topology import topology
from pipeline.types import FloatArray, ImageArray

CHEEKS = (205, 425)
PATCH = 0.045
"""Half the side of the piece of cheek that lends its pores, in parts of the atlas' side."""


def pores(picture: ImageArray | FloatArray) -> FloatArray:
    """``(n, n, 3)`` float32: the finest detail of the smoother cheek, laid out in mirrored tiles.

    Args:
        picture: ``(n, n, 3)`` uint8 or float32 BGR, a face on the atlas.
    """
    size = picture.shape[0]
    reach = max(4, int(size * PATCH))
    fine = picture.astype(np.float32) - cv2.GaussianBlur(picture, (0, 0), size / 240).astype(np.float32)
    places = (topology().uv[list(CHEEKS)] * size).astype(int)
    patch = min((fine[y - reach : y + reach, x - reach : x + reach] for x, y in places), key=lambda part: part.std())
    # A spot repeated in every tile would be seen as a pattern.
    bound = 2 * float(np.median(np.abs(patch)))
    row = np.hstack([patch, patch[:, ::-1]])
    tile = np.clip(np.vstack([row, row[::-1]]), -bound, bound)
    times = -(-size // tile.shape[0])
    return np.tile(tile, (times, times, 1))[:size, :size]
