"""Beards as light sees them: dark about the mouth as shade is, but on both sides alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray

BEARDED, BROAD = (0.2, 0.3), 4.0
"""How much darker than expected the place of a beard is on both sides (in logarithms) where there begins to be one, and
is; measured over so many texels (sigma)."""
AMONG = 9
"""How far about it single hairs are looked for, in texels."""
BESIDE = 4
"""How far from the lips a beard begins at most, in texels."""
THINNER = 3.0
"""How many times as dense a beard may be as it is on the way there from the mouth."""
_NEXT = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Beard:
    """A beard on the atlas.

    Attributes:
        hair: ``(96, 96)`` float32, 1 where it grows.
        lift: ``(96, 96, 3)`` float32 BGR, how many times as light it is beneath as it seems to be.
    """

    hair: FloatArray
    lift: FloatArray


def beard_place(depart: FloatArray, seen: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, 1 where a beard grows: dark about the mouth, broadly and on both sides alike.

    Args:
        depart: ``(96, 96)`` float32, how much lighter than expected it is, in logarithms.
    """
    zones, small = topology(), (ZONES // 4, ZONES // 4)
    bare = cv2.multiply(zones.skin, cv2.min(2 * seen, 1.0))
    # Blurred on a smaller grid: nothing finer is left anyway.
    total, mass = (
        cv2.GaussianBlur(cv2.resize(each, small, interpolation=cv2.INTER_AREA), (0, 0), BROAD / 4)
        for each in (cv2.multiply(depart, bare), bare)
    )
    darker = -total / (mass + np.float32(0.05))
    # A shadow falls on one side. Where that one is not seen it tells nothing.
    there = np.where(mass[:, ::-1] > 0.1, darker[:, ::-1], darker)
    both = rooted(ramp(np.minimum(darker, there), *BEARDED))
    both = cv2.resize(both, (ZONES, ZONES), interpolation=cv2.INTER_LINEAR)
    where = cv2.multiply(both, zones.beard)
    # It ends softly, and the last of it is dark, too.
    return cv2.dilate(where, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (AMONG, AMONG)))


def rooted(dark: FloatArray) -> FloatArray:
    """What of a dark place begins beside the mouth, as a beard does: a chin's underside alone, and a jaw beside hair,
    are shade.

    Args:
        dark: ``(n, n)`` float32 over the atlas, 1 where it is.
    """
    kept = cv2.min(dark, _beside_mouth(dark.shape[0]))
    if not kept.any():
        return kept
    for _ in range(dark.shape[0] // 2):
        kept = cv2.min(cv2.dilate(kept, _NEXT), dark)
    # On its way it may be thinner than it is farther on.
    return cv2.min(dark, THINNER * kept)


@cache
def _beside_mouth(size: int) -> FloatArray:
    """``(size, size)`` float32: 1 on the lips and around."""
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BESIDE + 1, 2 * BESIDE + 1))
    wide = cv2.dilate(topology().lips, reach)
    return cv2.resize(wide, (size, size), interpolation=cv2.INTER_AREA)
