"""Shade over one side of a face: where it reaches the rim it is no hair.

Hair hardly ever hangs beside the mouth. What is dark there, on one side only, is skin in shade (a beard is dark on
both), and what is alike at the rim of that side is skin in the same shade.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.mesh.maps import grey, ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray

BESIDE = (0.4, 0.85, 0.75, 1.5)
"""Where is beside the mouth: from and to across, 1 being the outer corner of the eye, and from and to along, 1 being
the edge of the lower lip."""
DARK = (0.35, 0.65)
"""How much darker than the other side (in logarithms) a place begins to be, and is, in shade."""
SHARE, OTHER = (0.45, 0.7), (0.08, 0.2)
"""How much of the place beside the mouth lies in it, where a side begins to be, and is, in shade; and how much darker
than expected the other side is there, where that begins to be, and is, doubtful."""
DARKER, LIGHTER, TINTED = (0.15, 0.32), (0.35, 0.6), (0.16, 0.32)
"""How much darker, lighter, and of another hue than there a place is that begins to be, and is, something else."""
BROAD = 4.0
"""Blur radius (sigma), in texels, within which a feature is compared with the one on the other side."""
ASKEW, DEEP = (0.15, 0.35), 1.2
"""How much darker than the other one a feature begins to be, and is, in shade; and how much is the most."""
FLOOR = 10.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""
LEAST = 8.0
"""Texels beside the mouth that are enough to tell."""


@dataclass(frozen=True, eq=False)
class SideShade:
    """Over one side of the face.

    Attributes:
        half: that side, as columns of a map.
        sure: 0 to 1.
        alike: ``(96, 96)`` float32, 1 where it is as dark, and of the same hue, as beside the mouth.
    """

    half: slice
    sure: float
    alike: FloatArray


def find_side_shade(difference: FloatArray, seen: FloatArray) -> SideShade | None:
    """Whether a side of the face is in shade; ``None`` where neither is.

    Args:
        difference: ``(96, 96, 3)`` float32, how much lighter than expected each place is, in logarithms.
        seen: ``(96, 96)`` float32, how well each texel is seen, 0 to 1.
    """
    luma = grey(difference)
    places = [cv2.multiply(half, seen) for half in _beside()]
    masses = [max(float(place.sum()), LEAST) for place in places]
    levels = [float((place * luma).sum()) / mass for place, mass in zip(places, masses, strict=True)]
    side = int(levels[1] < levels[0])
    other = levels[1 - side]
    if other - levels[side] < DARK[0] * SHARE[0]:
        return None
    # What is expected lies between the two sides.
    dark = ramp(max(other, 0.0) - luma, *DARK)
    share = float((places[side] * dark).sum()) / masses[side]
    sure = float(ramp(np.float32(share), *SHARE) * (1 - ramp(np.float32(-other), *OTHER)))
    sure *= float(ramp(np.float32(masses[1 - side] / masses[side]), 0.3, 0.7))
    if sure <= 0:
        return None
    weight = places[side] * dark
    there = (difference * weight[..., None]).sum((0, 1)) / weight.sum()
    lighter = luma - there.mean()
    tint = np.abs(difference - there - lighter[..., None]).max(-1)
    alike = (1 - ramp(-lighter, *DARKER)) * (1 - ramp(lighter, *LIGHTER)) * (1 - ramp(tint, *TINTED))
    half = slice(0, ZONES // 2) if side == 0 else slice(ZONES // 2, ZONES)
    kept = np.zeros_like(alike)
    kept[:, half] = alike[:, half]
    return SideShade(half, sure, np.asarray(cv2.GaussianBlur(kept, (0, 0), 0.9) * np.float32(sure), np.float32))


def on_features(shade: SideShade, colour: FloatArray, light: FloatArray, seen: FloatArray) -> FloatArray:
    """``(96, 96, 3)`` float32: how many times as light brows, eyes, nostrils and lips are as on the other side, where
    they are much darker: no bare skin says so there.

    Args:
        colour, light: ``(96, 96, 3)`` float32 BGR, the face and the light that skin around tells of.
        seen: ``(96, 96)`` float32, where neither hair covers it nor it turns away.
    """
    zones = topology()
    left = cv2.log(colour + np.float32(FLOOR)) - cv2.log(light + np.float32(FLOOR))
    weight = zones.features * seen * seen[:, ::-1]
    total, mass = (cv2.GaussianBlur(each, (0, 0), BROAD) for each in (left * weight[..., None], weight))
    mean = total / (mass + np.float32(0.02))[..., None]
    less = np.minimum(mean - mean[:, ::-1], 0)
    share = ramp(-less.mean(-1), *ASKEW) * cv2.GaussianBlur(np.minimum(weight * 1.5, 1), (0, 0), 1.0)
    times = np.ones_like(left)
    times[:, shade.half] = cv2.exp(np.maximum(less, -DEEP) * (share * np.float32(shade.sure))[..., None])[:, shade.half]
    return times


@cache
def _beside() -> tuple[FloatArray, FloatArray]:
    """``(96, 96)`` each: 1 on skin beside the mouth, on the left of the atlas and on the right."""
    zones = topology()
    across, along = zones.uv[[168, 263], 0], np.array([zones.uv[[33, 263], 1].mean(), zones.uv[17, 1]])
    grid = (np.arange(ZONES, dtype=np.float32) + 0.5) / ZONES
    x, y = (grid - across[0]) / (across[1] - across[0]), (grid - along[0]) / (along[1] - along[0])
    rows = ((y > BESIDE[2]) & (y < BESIDE[3]))[:, None]
    left, right = (
        np.asarray(zones.skin * (rows & (sign * x > BESIDE[0]) & (sign * x < BESIDE[1])[None]), np.float32)
        for sign in (-1, 1)
    )
    return left, right
