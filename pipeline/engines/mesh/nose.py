"""A nose as light from the front shows it.

Its side that the photo's light does not reach, and its underside, are dark in the photo and the target's light says
nothing of it: a nose is no bare, even skin that light is read on. So what one side has of shade beyond the other is
taken for light, as in `pipeline.mesh.shadows`, and what lies beneath about the nostrils is held within a bound.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh.maps import held
from pipeline.mesh.topology import NOSTRILS, ZONES, topology
from pipeline.types import FloatArray

BROAD, ASKEW, SHARE = 2.0, 0.1, 0.9
"""Over how many texels of the 96 map (sigma) the two sides are compared, as no two nostrils lie alike; how much darker
(in logarithms) one of them may be, as no two sides are; and how much of the rest is taken from it."""
UNDERSIDE, BENEATH = 0.2, 1.8
"""How much darker than skin it may be beneath a nose all together, measured over so many texels of the 96 map (sigma):
its nostrils lie within, and are smaller."""
BRIDGE = 1.1
"""Half the width of what parts the nostrils, in texels of the 96 map: it is skin, and in the photo's shade, or that of
a moustache below it, both were one dark line."""
OUTLINE = (6, 122, 351, 49, 279, 129, 358, 98, 327, 2, 164)
"""Landmarks about a nose, from its bridge to the lip, after MediaPipe's published face mesh map."""


def lopsided(shade: FloatArray, bearded: FloatArray) -> FloatArray:
    """``(n, n, 1)`` float32: the change that makes the darker side of a nose nearly as light as the other, though not
    lighter than skin.

    Args:
        shade: ``(n, n, 1)`` float32, the coarse departure from the skin's lightness, in logarithms.
        bearded: ``(n, n, 1)`` float32, where a moustache grows.
    """
    size = shade.shape[0]
    place = cv2.resize(_place(), (size, size), interpolation=cv2.INTER_LINEAR)[..., None] * (1 - bearded)
    mean = _mean(shade, place, BROAD)
    lift = np.maximum(np.minimum(mean[:, ::-1], 0) - mean - np.float32(ASKEW), 0)
    return np.asarray(lift * place * np.float32(SHARE), np.float32)


def underside(shade: FloatArray, beneath: FloatArray) -> FloatArray:
    """``(n, n, 1)`` float32: the change that takes shade from beneath a nose, and leaves its nostrils, which are small.

    Args:
        shade: ``(n, n, 1)`` float32, as for `lopsided`.
        beneath: ``(n, n, 1)`` float32, where that is.
    """
    dark = np.minimum(_mean(shade, beneath, BENEATH), 0)
    lift = (held(dark, UNDERSIDE) - dark) * beneath
    return np.asarray(np.minimum(lift, np.maximum(-shade, 0)), np.float32)


@cache
def nose_end() -> tuple[FloatArray, FloatArray]:
    """``(96, 96)`` float32 each: 1 on the nostrils and about them, where no moustache grows; and on the skin that parts
    them."""
    mesh, zone = topology(), np.zeros((ZONES, ZONES), np.uint8)
    cv2.fillConvexPoly(zone, cv2.convexHull(np.round(mesh.uv[list(NOSTRILS)] * ZONES).astype(np.int32)), 1)
    # As far about them as features go, but not below the nose.
    wide = cv2.dilate(zone, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) * (1 - mesh.lips)
    wide[int(np.ceil(mesh.uv[2, 1] * ZONES)) :] = 0
    across = (np.arange(ZONES, dtype=np.float32) + 0.5 - ZONES / 2) / BRIDGE
    return np.asarray(wide, np.float32), np.asarray(wide * np.exp(-0.5 * across**4), np.float32)


def _mean(values: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    """``(n, n, 1)``: over where the weight is; less where there is little of it."""
    sigma *= values.shape[0] / ZONES
    total, mass = (cv2.GaussianBlur(each, (0, 0), sigma)[..., None] for each in (values * weight, weight))
    return np.asarray(total / (mass + np.float32(0.05)), np.float32)


@cache
def _place() -> FloatArray:
    """``(96, 96)`` float32, 1 on the nose, falling off softly around it."""
    zone = np.zeros((ZONES, ZONES), np.uint8)
    outline = np.round(topology().uv[list(OUTLINE)] * ZONES).astype(np.int32)
    cv2.fillConvexPoly(zone, cv2.convexHull(outline), 1)
    wide = cv2.dilate(zone, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 1.5), np.float32)
