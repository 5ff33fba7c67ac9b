"""Beards and moustaches on the atlas: where one grows, and the face without it."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.engines.mesh.pores import pores
from pipeline.mesh.beard import rooted
from pipeline.mesh.hue import FLOOR
from pipeline.mesh.maps import broadly, grey, ramp
from pipeline.mesh.skin import spread_colour
from pipeline.mesh.topology import ZONES, topology
from pipeline.models.face_mesh import INNER_LIPS
from pipeline.types import FloatArray, ImageArray

BEARDED, BROAD = (0.10, 0.30), 4.0
"""How much darker than the skin the place of a beard is (in logarithms) where there begins to be one, and is; measured
over so many texels (sigma)."""
HAIR = (0.06, 0.20)
"""How much darker than the skin a single place is that is shaved."""
RIM = (1.0, 9.0)
"""Depth within the outline, in texels of the 96 map, at which a beard begins to grow, and is dense."""
BESIDE = 0.10
"""Blur radius (sigma), in parts of the atlas' side, within which skin lends its colour."""


def growth(shade: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, 1 where a beard grows.

    Over a width at which a fold, however deep, is thin, and a moustache is not.

    Args:
        shade: ``(96, 96)`` float32, the departure from the skin's lightness in logarithms.
    """
    mesh, bare = topology(), _bare()
    darker = cv2.GaussianBlur(-shade * bare, (0, 0), BROAD) / (cv2.GaussianBlur(bare, (0, 0), BROAD) + 0.05)
    bearded = np.clip((darker - BEARDED[0]) / (BEARDED[1] - BEARDED[0]), 0, 1)
    return rooted(np.asarray(bearded * mesh.beard, np.float32))


def shaved(picture: ImageArray, tone: FloatArray) -> ImageArray:
    """The face without beard and moustache; nearly itself where there are none.

    Hair is filled with the colour of the skin beside it and with pores of a cheek, as glasses are.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
    """
    size = picture.shape[0]
    small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    shade = (cv2.log(small + np.float32(FLOOR)) - np.log(tone + np.float32(FLOOR))).mean(-1)
    near = cv2.dilate(growth(shade), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15)))
    dark = np.clip((-cv2.GaussianBlur(shade, (0, 0), 0.8) - HAIR[0]) / (HAIR[1] - HAIR[0]), 0, 1)
    lips, may_grow = _places()
    hair = np.asarray(np.minimum(near, dark) * may_grow, np.float32)
    if hair.max() < 0.5:
        return picture
    share = cv2.GaussianBlur(cv2.dilate(hair, np.ones((7, 7), np.uint8)) * may_grow, (0, 0), 1.0)
    weight = topology().skin * (1 - np.minimum(share * 2, 1))
    plain = spread_colour(small, weight.astype(np.float32), BESIDE * ZONES, np.full_like(small, tone), 0.01)
    # What hangs over the upper lip gives way to the colour of the lower one.
    lip = np.median(small[lips[1] > 0.5], axis=0)
    over = cv2.GaussianBlur(lips[0], (0, 0), 0.8)[..., None]
    plain = plain * (1 - over) + lip.astype(np.float32) * over
    filled = cv2.resize(plain, (size, size), interpolation=cv2.INTER_LINEAR) + pores(picture)
    share = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    return np.clip(picture * (1 - share) + filled * share + 0.5, 0, 255).astype(np.uint8)


def thinned(picture: ImageArray, beard: FloatArray, tone: FloatArray) -> ImageArray:
    """A beard that thins out along the jaw, beyond which a target may have none: else it ends there as if painted on.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        beard: ``(96, 96)`` float32, 1 where it grows and around.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
    """
    size = picture.shape[0]
    logs = cv2.log(picture.astype(np.float32) + np.float32(FLOOR)) - np.log(tone + np.float32(FLOOR))
    share = cv2.resize(beard * _jaw(), (size, size), interpolation=cv2.INTER_LINEAR)
    coarse = broadly(grey(logs), 1.5 * size / ZONES)
    lift = cv2.exp(np.maximum(-coarse, 0) * share)[..., None]
    thin = (picture + np.float32(FLOOR)) * lift - np.float32(FLOOR)
    return np.clip(thin + 0.5, 0, 255).astype(np.uint8)


def dense(beard: FloatArray) -> FloatArray:
    """``(96, 96)`` float32: where a beard is left after it was thinned."""
    return np.asarray(beard * (1 - _jaw()), np.float32)


@cache
def _jaw() -> FloatArray:
    """``(96, 96)`` float32: 1 on the outline along the jaw and outside of it, falling off inwards."""
    mesh = topology()
    inside = np.pad((mesh.face > 0).astype(np.uint8), 1)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    below = ramp(np.arange(ZONES, dtype=np.float32) - float(mesh.uv[0, 1]) * ZONES, 0, 4)[:, None]
    return np.asarray((1 - ramp(depth, *RIM)) * below, np.float32)


@cache
def _bare() -> FloatArray:
    """``(96, 96)`` float32: 1 on skin, with the strip beside the upper lip, where a moustache may be all there is."""
    mesh = topology()
    nose, lips = float(mesh.uv[2, 1]) * ZONES, float(mesh.uv[[13, 14], 1].mean()) * ZONES
    rows = np.arange(ZONES, dtype=np.float32)[:, None]
    strip = (1 - mesh.lips) * (rows > nose + 1) * (rows < lips)
    return np.asarray(np.maximum(1 - mesh.features, strip) * mesh.face, np.float32)


@cache
def _places() -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """``(96, 96)`` each: the upper and the lower lip; and where hair may grow or hang: about the mouth and along the
    jaw, but not in the nostrils, on the lower lip or where the lips meet."""
    mesh = topology()
    middle = float(mesh.uv[[13, 14], 1].mean()) * ZONES
    rows = np.arange(ZONES)[:, None]
    upper, lower = (np.asarray(mesh.lips * part, np.float32) for part in (rows < middle - 1, rows > middle + 1))
    meet = np.zeros((ZONES, ZONES), np.float32)
    corner = abs(float(mesh.uv[291, 0] - mesh.uv[13, 0])) * ZONES
    cv2.polylines(meet, [np.round(mesh.uv[list(INNER_LIPS)] * ZONES).astype(np.int32)], True, 1.0, 2)
    # A moustache hangs over the corners of the mouth.
    meet *= np.abs(np.arange(ZONES) - mesh.uv[13, 0] * ZONES)[None] < 0.75 * corner
    nose = np.round(mesh.uv[2] * ZONES).astype(int)
    nostrils = (rows < nose[1]) & (np.abs(np.arange(ZONES) - nose[0])[None] <= 9)
    wide = cv2.dilate(mesh.beard, np.ones((9, 9), np.uint8)) * mesh.face
    may_grow = wide * (1 - lower) * (1 - meet) * ~nostrils
    return (upper, lower), np.asarray(may_grow, np.float32)
