"""The tile: which of its frequencies carry the mark, and with which signs.

A tile repeats four times over a frame's mean side (the square root of its area), so the mark scales with the frame. Of
each of its frequencies, two signs are used, one of the cosine and one of the sine. Some frequencies are known
beforehand (the template, by which the tile is found), the others carry the payload's chips, each times a sign of a
fixed key.

There are two bands. Coarse frequencies outlive hard compression and a much smaller size, and are all that a film
carries. A still carries most of its mark in fine ones: a picture has less of its own there, so that a fainter mark can
be told from gravel, grass and crowds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.marking.watermark.code import CHIPS, Payload, encode

TILE = 64
"""Steps of a tile's side that places in it are told in."""
TILES = 4
"""Tiles over a frame's mean side."""
Band = Literal["coarse", "fine"]
REACH: dict[Band, tuple[float, float]] = {"coarse": (4.0, 16.0), "fine": (16.0, 30.0)}
"""Cycles a tile. Lower ones drown in the picture's own light; higher ones do not outlive half the size."""
Use = Literal["film", "still"]
_ENERGY: dict[Use, dict[Band, float]] = {"film": {"coarse": 1.0}, "still": {"coarse": 0.22, "fine": 0.78}}
"""How much of the mark's energy each band has."""
_SOFT = 12.0
"""Cycles a tile from which on a film's mark grows fainter: there it costs many bits and outlives little compression."""
_SAMPLES: dict[Use, int] = {"film": 64, "still": 128}
"""Of a tile's side, as it is made."""
_TEMPLATE_SHARE: dict[Use, float] = {"film": 0.45, "still": 0.36}
"""Of the mark's energy that goes into finding it."""
_SEEDS: dict[Band, int] = {"coarse": 20260801, "fine": 20261127}

Places = NDArray[np.int64]
Signs = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Where the mark's parts are in a band of the tile's spectrum.

    Attributes:
        template, data: ``(n, 2)`` signed frequencies ``(ky, kx)`` with ``kx >= 0``.
        template_signs: ``(n, 2)`` of the template's real and imaginary parts.
        data_signs: ``(n, 2)`` the key that chips are multiplied with.
        order: ``(2 n,)`` the chip that each of the data's values carries; each chip is sent about equally often.
    """

    template: Places
    data: Places
    template_signs: Signs
    data_signs: Signs
    order: NDArray[np.int64]


@cache
def layout(band: Band) -> Layout:
    low, high = REACH[band]
    random = np.random.default_rng(_SEEDS[band])
    reach = range(-int(high), int(high) + 1)
    places = np.array([
        (ky, kx) for ky in reach for kx in reach if low <= np.hypot(kx, ky) < high and (kx > 0 or (kx == 0 and ky > 0))
    ])  # fmt: skip
    places = random.permutation(places)
    # The coarse band has room for each chip once, the fine one for as many as two thirds of its places hold.
    count = CHIPS // 2 if band == "coarse" else len(places) * 2 // 3
    data, template = places[:count], places[count:]
    signs = (-1.0, 1.0)
    return Layout(
        template, data, random.choice(signs, (len(template), 2)), random.choice(signs, (len(data), 2)),
        np.concatenate([random.permutation(CHIPS) for _ in range(-(-2 * count // CHIPS))])[: 2 * count],
    )  # fmt: skip


def tile(payload: Payload, use: Use) -> NDArray[np.float32]:
    """Square, float32, of mean 0 and standard deviation 1; goes on seamlessly when repeated."""
    side = _SAMPLES[use]
    spectrum = np.zeros((side, side), np.complex128)
    for places, signs, energy in _parts(encode(payload), use):
        loud = _loudness(places, use)
        loud *= np.sqrt(energy / np.sum(loud * loud))
        spectrum[places[:, 0] % side, places[:, 1]] = loud * (signs[:, 0] + 1j * signs[:, 1])
    made = np.fft.ifft2(spectrum).real
    return np.asarray(made / made.std(), np.float32)


def _loudness(places: Places, use: Use) -> NDArray[np.float64]:
    radius = np.hypot(*places.T)
    return np.asarray(np.ones(len(places)) if use == "still" else 1 / np.sqrt(1 + (radius / _SOFT) ** 4))


def _parts(chips: NDArray[np.float64], use: Use) -> Iterator[tuple[Places, Signs, float]]:
    share = _TEMPLATE_SHARE[use]
    for band, energy in _ENERGY[use].items():
        where = layout(band)
        yield where.template, where.template_signs, energy * share
        yield where.data, chips[where.order].reshape(-1, 2) * where.data_signs, energy * (1 - share)
