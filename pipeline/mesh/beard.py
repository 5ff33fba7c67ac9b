"""Beards as light sees them: dark about the mouth as shade is, but on both sides alike."""

from __future__ import annotations

from dataclasses import dataclass

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
    both = cv2.resize(ramp(np.minimum(darker, there), *BEARDED), (ZONES, ZONES), interpolation=cv2.INTER_LINEAR)
    where = cv2.multiply(both, zones.beard)
    # It ends softly, and the last of it is dark, too.
    return cv2.dilate(where, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (AMONG, AMONG)))
