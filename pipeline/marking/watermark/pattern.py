"""The tile: which of its frequencies carry the mark, and with which signs.

A tile repeats four times over a frame's mean side (the square root of its area), so the mark scales with the frame. Of
each of its frequencies between 4 and 16 cycles a tile, two signs are used, one of the cosine and one of the sine. Some
frequencies are known beforehand (the template, by which the tile is found), the others carry the payload's chips, each
times a sign of a fixed key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.marking.watermark.code import CHIPS, Payload, encode

TILE = 64
"""Samples of the tile's side in the grid that marks are computed in."""
TILES = 4
"""Tiles over a frame's mean side."""
LOW, HIGH = 4.0, 16.0
"""Cycles a tile. Lower ones drown in the picture's own light; higher ones do not outlive compression."""
_TEMPLATE_SHARE = 0.45
"""Of the mark's energy that goes into finding it."""
_SEED = 20260801

Places = NDArray[np.int64]
Signs = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Where the mark's parts are in the tile's spectrum.

    Attributes:
        template, data: ``(n, 2)`` signed frequencies ``(ky, kx)`` with ``kx >= 0``.
        template_signs: ``(n, 2)`` of the template's real and imaginary parts.
        data_signs: ``(n, 2)`` the key that chips are multiplied with.
        order: ``(CHIPS,)`` the chip that each data place carries.
    """

    template: Places
    data: Places
    template_signs: Signs
    data_signs: Signs
    order: NDArray[np.int64]


@cache
def layout() -> Layout:
    random = np.random.default_rng(_SEED)
    reach = range(-int(HIGH), int(HIGH) + 1)
    places = np.array([
        (ky, kx) for ky in reach for kx in reach
        if LOW <= np.hypot(kx, ky) < HIGH and (kx > 0 or (kx == 0 and ky > 0))
    ])  # fmt: skip
    places = random.permutation(places)
    data, template = places[: CHIPS // 2], places[CHIPS // 2 :]
    signs = (-1.0, 1.0)
    return Layout(
        template, data, random.choice(signs, (len(template), 2)), random.choice(signs, (len(data), 2)),
        random.permutation(CHIPS),
    )  # fmt: skip


def tile(payload: Payload) -> NDArray[np.float32]:
    """``(TILE, TILE)`` float32 of mean 0 and standard deviation 1; goes on seamlessly when repeated."""
    where = layout()
    chips = encode(payload)[where.order].reshape(-1, 2) * where.data_signs
    spectrum = np.zeros((TILE, TILE), np.complex128)
    for places, signs, share in (
        (where.template, where.template_signs, _TEMPLATE_SHARE), (where.data, chips, 1 - _TEMPLATE_SHARE),
    ):  # fmt: skip
        weight = np.sqrt(share / len(places))
        spectrum[places[:, 0] % TILE, places[:, 1]] = weight * (signs[:, 0] + 1j * signs[:, 1])
    made = np.fft.ifft2(spectrum).real
    return np.asarray(made / made.std(), np.float32)
