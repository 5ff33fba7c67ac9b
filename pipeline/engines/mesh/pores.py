"""The finest detail of somebody's skin, for places that the photo does not show."""

from __future__ import annotations

import numpy as np

from pipeline.mesh.maps import broadly
from pipeline.mesh.topology import topology
from pipeline.types import FloatArray, ImageArray

CHEEKS = (205, 425)
PATCH = 0.045
"""Half the side of the piece of cheek that lends its pores, in parts of the atlas' side."""
COARSEST = 130
"""The widest of the detail (sigma of a blur) is this part of the atlas' side."""
TILE = 512
"""Side of what is made; larger atlases repeat it, which nobody sees."""


def pores(picture: ImageArray | FloatArray) -> FloatArray:
    """``(n, n, 3)`` float32: detail like that of the smoother cheek, the same nowhere.

    The piece of cheek is strewn about at random (spot noise, Galerne, Gousseau & Morel 2011): that keeps its spectrum,
    and shows no pattern as tiles do.

    Args:
        picture: ``(n, n, 3)`` uint8 or float32 BGR, a face on the atlas.
    """
    size = picture.shape[0]
    reach = max(4, int(size * PATCH))
    fine = picture.astype(np.float32) - broadly(picture, size / COARSEST)
    places = (topology().uv[list(CHEEKS)] * size).astype(int)
    patch = min((fine[y - reach : y + reach, x - reach : x + reach] for x, y in places), key=lambda part: part.std())
    # A single spot strewn about would be seen everywhere.
    bound = 2 * float(np.median(np.abs(patch)))
    patch = np.clip(patch, -bound, bound)
    # Faded towards its sides, which else made threads of linen.
    fade = np.outer(*[np.hanning(part + 2)[1:-1] for part in patch.shape[:2]]).astype(np.float32)[..., None]
    patch = (patch - (patch * fade).sum((0, 1)) / fade.sum()) * fade
    side = min(size, TILE)
    spots = np.random.default_rng(side).standard_normal((side, side)).astype(np.float32)
    seed = np.fft.rfft2(spots)[..., None]
    kernel = np.fft.rfft2(patch / np.sqrt((fade**2).sum()), (side, side), axes=(0, 1))
    tile = np.fft.irfft2(seed * kernel, (side, side), axes=(0, 1)).astype(np.float32)
    times = -(-size // side)
    return np.tile(tile, (times, times, 1))[:size, :size]
