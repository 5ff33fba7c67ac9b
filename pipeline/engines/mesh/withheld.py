"""What the photos show of a face before anything of it is held back, see `pipeline.mesh.relief`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.engines.mesh.eyes import eye_place
from pipeline.mesh import topology
from pipeline.mesh.maps import ramp
from pipeline.mesh.relief import relief
from pipeline.mesh.skin import Skin
from pipeline.mesh.topology import ZONES
from pipeline.types import FloatArray, ImageArray

LEFT_OUT = 0.12
"""How much lighter or darker (in logarithms) a place is that was left out on purpose."""
LEAST = 0.02
"""Less than this (in logarithms) is nothing."""
INWARDS = (0.005, 0.035)
"""How far within the outline, in parts of the atlas' side, a photo begins to tell of the face, and does: at the outline
hair, a collar or a jaw's own shade is seen, which on another face were dark, jagged lines."""


@dataclass(frozen=True, eq=False)
class Withheld:
    """``(96, 96, 3)`` and ``(96, 96)`` float32: the photos' own relief, and how well it is known, eyes left out."""

    shown: FloatArray
    known: FloatArray

    def taken(self, drawn: FloatArray, usual: FloatArray) -> FloatArray | None:
        """What was taken from the photos' relief; ``None`` for nothing.

        Args:
            drawn: ``(96, 96, 3)`` float32, the relief that is left.
            usual: the same, if nothing were left out on purpose (a beard, make-up).
        """
        left = self.known * np.exp(-(((drawn - usual) / LEFT_OUT) ** 2).max(-1))
        taken = (self.shown - usual) * left[..., None]
        return np.asarray(taken, np.float32) if np.abs(taken).max() > LEAST else None


def withheld(
    pictures: Sequence[ImageArray], facing: Sequence[FloatArray], read: Sequence[Skin], beard: FloatArray | None
) -> Withheld:
    """Read it off the photos.

    Args:
        pictures: ``(n, n, 3)`` uint8 BGR each, the unfolded photos without glasses.
        facing: ``(96, 96)`` float32 each, the cosine to the line of sight of each place.
        read: what was read on them.
        beard: ``(96, 96)`` float32, 1 where the face keeps one.
    """
    total, mass = np.zeros((ZONES, ZONES, 3), np.float32), np.full((ZONES, ZONES), 1e-3, np.float32)
    for picture, seen, skin in zip(pictures, facing, read, strict=True):
        cast = skin.cast
        if skin.beard is not None and beard is not None:
            cast = cast * (1 + (skin.beard.lift - 1) * beard[..., None])
        small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
        weight = np.clip(seen * 4, 0, 1) * (1 - np.maximum(skin.hair, skin.front)) * topology().face
        total += relief(small, np.asarray(cast, np.float32)) * weight[..., None]
        mass += weight
    known = np.clip(mass * 2, 0, 1) * (1 - eye_place()) * _within()
    return Withheld(total / mass[..., None], np.asarray(known, np.float32))


@cache
def _within() -> FloatArray:
    """``(96, 96)`` float32, 0 at the face's outline and 1 well within it."""
    depth = cv2.distanceTransform((topology().face > 0).astype(np.uint8), cv2.DIST_L2, 5)
    return ramp(np.asarray(depth / ZONES, np.float32), *INWARDS)
