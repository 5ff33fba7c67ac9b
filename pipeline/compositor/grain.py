"""Noise as film and sensors have it: of the frame's own pixel size, grey or coloured, moving along with the face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh import FaceView
from pipeline.types import FloatArray, ImageArray

Kind = Literal["fine", "coarse"]
KINDS: tuple[Kind, ...] = get_args(Kind)

CALM = 0.25
"""Quantile at which grain is measured."""
BRIDGE = 168
"""The landmark that grain moves along with: on the bridge of the nose, which no expression moves."""
FINE = 64
"""Steps between two whole numbers of the noise as it is kept."""
TILE = 512
"""Side of the noise, in pixels; larger faces see it several times, which nobody can tell."""
APART = 171
"""Pixels between the places on the tile from which a second and a third noise are taken: far enough to be another."""


@dataclass(frozen=True)
class Coloured:
    """Noise of one chroma plane, in grey levels: how much of what is as fine as pixels, and of what is twice as coarse,
    as where colour is kept for every second pixel only (4:2:0)."""

    fine: float
    coarse: float

    @property
    def seen(self) -> bool:
        return self.fine + self.coarse > 0.5


def grained(image: ImageArray, strength: float, view: FaceView) -> ImageArray:
    """`image`, uint8 BGR, with luma noise whose typical finest octave is `strength`.

    It has the size of the frame's own pixels wherever the face is and however large, and moves along with the face, by
    whole pixels. New noise for each frame would be truer to film, but what is measured here is mostly the fixed texture
    of skin and compression, and then it would boil.
    """
    place, tiles = _place(view)
    # Whole grey levels: the sum is rounded to them anyway. Bytes are scaled and added many times as quickly as floats.
    lighter, darker = (
        cv2.cvtColor(
            cv2.convertScaleAbs(part[place], alpha=strength / _amplitudes("fine")[0] / FINE), cv2.COLOR_GRAY2BGR
        )
        for part in _wide(tiles)
    )
    result: ImageArray = cv2.subtract(cv2.add(image, lighter), darker)
    return result


def tinted(image: ImageArray, red: Coloured, blue: Coloured, view: FaceView) -> ImageArray:
    """`image`, uint8 BGR, with noise in Cr and Cb that leaves its luma (BT.601) as it is."""
    place, tiles = _place(view)
    r, b = (
        _plane(noise, place, tiles, number * APART, gain) for number, noise, gain in ((1, red, 1.403), (2, blue, 1.772))
    )
    g = cv2.addWeighted(r, -0.714 / 1.403, b, -0.344 / 1.772, 0)
    result: ImageArray = cv2.add(image, cv2.merge((b, g, r)), dtype=cv2.CV_8U)
    return result


def told_apart(fine: float, coarse: float) -> Coloured:
    """The two noises that together have these amplitudes in the two finest octaves; see `octaves`."""
    ours = np.square(np.array([_amplitudes(kind) for kind in KINDS], np.float64).T)
    energies = np.linalg.solve(ours, np.square((fine, coarse)))
    strengths = np.sqrt(np.clip(energies, 0, None))
    return Coloured(float(strengths[0]), float(strengths[1]))


def octaves(plane: ImageArray | FloatArray, places: NDArray[np.intp] | None = None) -> tuple[FloatArray, FloatArray]:
    """The two finest octaves of one channel, float32: what blurs of 0.8 and of 1.8 pixels take away.

    Args:
        plane: ``(h, w)`` uint8 or float32.
        places: of which pixels, counted row by row, all of them when ``None``: `(n,)` is returned.
    """
    fine, coarse = (cv2.sepFilter2D(plane, cv2.CV_32F, kernel, kernel) for kernel in _kernels())
    if places is not None:
        plane, fine, coarse = plane.take(places), fine.take(places), coarse.take(places)
    return plane - fine, fine - coarse


@cache
def _kernels() -> tuple[FloatArray, FloatArray]:
    fine, coarse = (cv2.getGaussianKernel(size, sigma, cv2.CV_32F) for size, sigma in ((3, 0.8), (7, 1.8)))
    return fine, coarse


def quantile(values: FloatArray, share: float) -> float:
    """Without interpolation: much quicker than numpy's."""
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])


def _place(view: FaceView) -> tuple[tuple[slice, slice], int]:
    """Where on the noise this face lies, and how many tiles each way that takes."""
    width, height = view.size
    x, y = np.rint(view.landmarks[BRIDGE, :2]).astype(int)
    top, left = -int(y) % TILE, -int(x) % TILE
    tiles = -(-max(top + height, left + width) // TILE)
    return (slice(top, top + height), slice(left, left + width)), tiles


def _plane(noise: Coloured, place: tuple[slice, slice], tiles: int, aside: int, gain: float) -> FloatArray:
    fine, coarse = (_shifted(kind, tiles, aside)[place] for kind in KINDS)
    plane: FloatArray = cv2.addWeighted(fine, gain * noise.fine, coarse, gain * noise.coarse, 0)
    return plane


@lru_cache(maxsize=8)
def _shifted(kind: Kind, tiles: int, aside: int) -> FloatArray:
    return np.tile(np.roll(_tile(kind), (aside, aside), (0, 1)), (tiles, tiles))


@lru_cache(maxsize=2)
def _wide(tiles: int) -> tuple[ImageArray, ImageArray]:
    """The fine noise so many times each way: what is above nought and what is below, in parts of one by `FINE`."""
    noise = np.rint(np.tile(_tile("fine"), (tiles, tiles)) * FINE)
    return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)


@cache
def _tile(kind: Kind) -> FloatArray:
    """White noise as pixels show it, or as a plane of half the size looks when it is enlarged."""
    side = TILE if kind == "fine" else TILE // 2
    noise = np.random.default_rng(side).standard_normal((side, side)).astype(np.float32)
    if kind == "fine":
        return cv2.GaussianBlur(noise, (3, 3), 0.5)
    return cv2.resize(noise, (TILE, TILE), interpolation=cv2.INTER_LINEAR)


@cache
def _amplitudes(kind: Kind) -> tuple[float, float]:
    """Of the two finest octaves of a noise, measured as those of a picture."""
    fine, coarse = (quantile(np.abs(octave).ravel(), CALM) for octave in octaves(_tile(kind)))
    return fine, coarse
