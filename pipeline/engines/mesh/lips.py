"""Lips without the line where they meet, the gap or teeth between them: on the atlas there is lip up to the middle.

How dark and wide that line is tells how far a mouth is open, so it is the target's (see `seam`). What shows inside an
open mouth is the target's own, too.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import topology
from pipeline.mesh.maps import broadly, ramp
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, ImageArray

SIZE = 256
"""Side of the map on which lips are read. Lengths below are in its texels; each lip is eight of them high."""
CORE, RIM = 2.5, 0.85
"""Farther than this from the middle, but not beyond this part of its height, a lip shows its own colour."""
REACH = (0.5, 0.85)
"""Parts of a lip's height, from the middle: within the first something else may lie on it, beyond the other nothing."""
SPREAD = (5.0, 2.5)
"""Blur radii (sigma), along and across, within which a lip lends its colour."""
DARK, LIGHT, PALE = (1, 6), (14, 24), (6, 12)
"""How much darker than the lip beside it a line or a gap, and how much lighter or less red teeth are (8-bit L*a*b*):
where they begin to count, and do."""
ROUND = 7.0
"""Towards the middle a lip may be darker by this much: it turns away."""


def whole_lips(picture: ImageArray) -> ImageArray:
    """``(n, n, 3)`` uint8 BGR atlas picture with what is not lip between the lips filled from each of them."""
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    core, band, offset = _zones()
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    own = lab.copy()
    for lip in (offset < 0, offset >= 0):
        own[lip] = _spread(lab, core * lip)[lip]
    own = cv2.GaussianBlur(own, (1, 5), 1.0)
    lighter, paler = lab[..., 0] - own[..., 0], own[..., 1] - lab[..., 1]
    foreign = np.maximum(ramp(-lighter, *DARK), np.maximum(ramp(lighter, *LIGHT), ramp(paler, *PALE)))
    darker = np.maximum(-lighter, 0)
    own[..., 0] -= darker / np.sqrt(1 + (darker / ROUND) ** 2)
    own[..., 1:] = np.where(paler[..., None] < 0, lab[..., 1:], own[..., 1:])
    share = cv2.GaussianBlur(cv2.dilate(foreign, np.ones((3, 3), np.uint8)), (0, 0), 0.8) * band
    filled = cv2.cvtColor(np.clip(own + 0.5, 0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR)
    size = picture.shape[1::-1]
    share = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR)[..., None]
    fine = cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC) + _wrinkles(picture)
    return np.clip(picture * (1 - share) + fine * share + 0.5, 0, 255).astype(np.uint8)


def _spread(lab: FloatArray, weight: FloatArray) -> FloatArray:
    """Colour at each place from where the weight is (normalised convolution)."""
    # Teeth and gaps that reach farther than usual are outvoted.
    typical = np.median(lab[weight > 0.5], axis=0)
    weight = weight * np.exp(-0.5 * ((lab[..., 0] - typical[0]) / 25) ** 2) + 1e-6
    total, mass = (
        cv2.GaussianBlur(values, (0, 0), sigmaX=SPREAD[0], sigmaY=SPREAD[1])
        for values in (lab * weight[..., None], weight)
    )
    return np.asarray(total / mass[..., None], np.float32)


def _wrinkles(picture: ImageArray) -> FloatArray:
    """``(n, n, 3)`` float32: the finest detail of the lips, mirrored towards the middle."""
    size = picture.shape[0]
    fine = picture.astype(np.float32) - broadly(picture, size / SIZE)
    rows = np.arange(size, dtype=np.float32)
    middle = _middle() * size - 0.5
    offset = (rows - middle) * SIZE / size
    near = np.where(np.abs(offset) < CORE, np.sign(offset) * (2 * CORE - np.abs(offset)), offset)
    source = middle + near * size / SIZE
    x, y = np.meshgrid(rows, source.astype(np.float32))
    return np.asarray(cv2.remap(fine, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _middle() -> float:
    """Where the lips meet, in parts of the atlas' side: a level line."""
    return float(topology().uv[list(INNER_LIPS), 1].mean())


@cache
def _zones() -> tuple[FloatArray, FloatArray, FloatArray]:
    """``(256, 256)`` float32 each: 1 where lips show their own colour; 1 along the line where they meet, falling off
    within each lip; and the rows' distance from that line, negative above."""
    lips = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(lips, [np.round(topology().uv[list(OUTER_LIPS)] * SIZE).astype(np.int32)], 1.0)
    offset = np.arange(SIZE, dtype=np.float32)[:, None] + 0.5 - _middle() * SIZE
    offset = np.ascontiguousarray(np.broadcast_to(offset, (SIZE, SIZE)), np.float32)
    height = np.maximum(np.where(offset < 0, (lips * (offset < 0)).sum(0), (lips * (offset >= 0)).sum(0)), 0.5)
    band = (lips.sum(0) > 0) * (1 - ramp(np.abs(offset) / height, *REACH))
    core = lips * (np.abs(offset) > CORE) * (np.abs(offset) < RIM * height)
    return core.astype(np.float32), cv2.GaussianBlur(band.astype(np.float32), (0, 0), 0.7), offset
