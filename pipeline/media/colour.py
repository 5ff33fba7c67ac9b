"""YUV and BGR: the matrices, with the offsets and ranges that a stream is tagged with.

Numbers follow ITU-T H.273. What is untagged is guessed as players do, and the tags are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# AVColorSpace and AVColorRange, which PyAV hands over as integers.
_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470BG (601, 625 lines)
    6: (0.299, 0.114),  # SMPTE 170M (601, 525 lines)
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
    10: (0.2627, 0.0593),  # BT.2020, constant luminance: near enough for finding and changing faces
}
FULL_RANGE = 2
LIMITED_RANGE = 1
TRC_PQ, TRC_HLG = 16, 18
HDR_AS_PICTURES = (
    "The video is HDR, and its frames keep those values (PQ or HLG, BT.2020) though picture formats do not say so: "
    "they look pale where they are taken for sRGB."
)
"""What is told of pictures that are made of an HDR video's frames."""


@dataclass(frozen=True)
class Colour:
    """How samples become colour.

    Attributes:
        red, blue: luma weights Kr and Kb of the matrix.
        full: full range, otherwise limited (16-235 and 16-240 in 8 bit).
        depth: bits of a sample.
    """

    red: float
    blue: float
    full: bool
    depth: int

    @property
    def luma_scale(self) -> float:
        """Steps from black to white."""
        return float((1 << self.depth) - 1) if self.full else float(219 << (self.depth - 8))

    @property
    def chroma_scale(self) -> float:
        """Steps from one end of a chroma axis to the other."""
        return float((1 << self.depth) - 1) if self.full else float(224 << (self.depth - 8))

    @property
    def black(self) -> int:
        return 0 if self.full else 16 << (self.depth - 8)

    @property
    def luma_limits(self) -> tuple[int, int]:
        """Lowest and highest legal luma."""
        return (0, (1 << self.depth) - 1) if self.full else (16 << (self.depth - 8), 235 << (self.depth - 8))

    @property
    def chroma_limits(self) -> tuple[int, int]:
        """Lowest and highest legal chroma."""
        return (0, (1 << self.depth) - 1) if self.full else (16 << (self.depth - 8), 240 << (self.depth - 8))


def colour_of(
    colorspace: int, color_range: int, width: int, height: int, depth: int, full_when_untagged: bool
) -> Colour:
    """The `Colour` of frames with these tags; an unknown matrix is BT.709 for HD sizes, BT.601 below, as in players."""
    weights = _WEIGHTS.get(colorspace)
    if weights is None:
        weights = _WEIGHTS[1] if width >= 1280 or height > 576 else _WEIGHTS[6]
    full = color_range == FULL_RANGE or (color_range != LIMITED_RANGE and full_when_untagged)
    return Colour(weights[0], weights[1], full, depth)


@lru_cache(maxsize=64)
def to_bgr(colour: Colour) -> NDArray[np.float32]:
    """``(3, 4)`` float32 that takes ``(Y, U, V, 1)`` samples to BGR of 0 to 255."""
    kr, kb = colour.red, colour.blue
    kg = 1.0 - kr - kb
    luma, chroma = 255.0 / colour.luma_scale, 255.0 / colour.chroma_scale
    linear = np.array(
        [
            [luma, 2 * (1 - kb) * chroma, 0.0],
            [luma, -2 * kb * (1 - kb) / kg * chroma, -2 * kr * (1 - kr) / kg * chroma],
            [luma, 0.0, 2 * (1 - kr) * chroma],
        ]
    )
    centre = np.array([colour.black, 1 << (colour.depth - 1), 1 << (colour.depth - 1)], np.float64)
    return np.column_stack([linear, -linear @ centre]).astype(np.float32)


@lru_cache(maxsize=64)
def from_bgr_difference(colour: Colour) -> NDArray[np.float32]:
    """``(3, 3)`` float32 that takes a difference of BGR (0 to 255) to a difference of ``(Y, U, V)`` samples."""
    kr, kb = colour.red, colour.blue
    kg = 1.0 - kr - kb
    weights = np.array([kb, kg, kr])
    blue, red = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    rows = [
        weights * colour.luma_scale,
        (blue - weights) / (2 * (1 - kb)) * colour.chroma_scale,
        (red - weights) / (2 * (1 - kr)) * colour.chroma_scale,
    ]
    return (np.array(rows) / 255.0).astype(np.float32)
