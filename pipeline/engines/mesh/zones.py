"""Places of a face on the atlas, each of which is calmed in its own way; see `pipeline.engines.mesh.calm`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache

import cv2
import numpy as np

from pipeline.engines.mesh.beard import growth
from pipeline.engines.mesh.nose import nose_end
from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.models.face_mesh import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from pipeline.types import FloatArray

CHIN = (0.3, 0.55)
"""Where a chin begins to turn away, and does, in parts of the way from its lip to its end."""
BETWEEN = 6.0
"""Texels of a map of 384 over which an upper lid begins beside an eye and a brow."""


@dataclass(frozen=True, eq=False)
class Zones:
    """``(n, n, 1)`` float32 each, falling off softly, and how much of what is dark on the brows is hair.

    Attributes:
        skin: bare skin.
        lids: eyes and the skin that moves with them.
        lips: the lips.
        sides: where the face turns away.
        nostrils: these, and what else is neither skin nor lids, lips, brows or beard.
        beneath: what lies under the nose, as far as no moustache grows there.
        parting: the skin that parts the nostrils.
        brows: the brows.
        beside: above them and about their upper edge.
        upper: midway between an eye and its brow.
        chin: where a chin turns away.
        forehead: above the brows.
        bearded: where a beard grows.
        hairy: see above.
    """

    skin: FloatArray
    lids: FloatArray
    lips: FloatArray
    sides: FloatArray
    nostrils: FloatArray
    beneath: FloatArray
    parting: FloatArray
    brows: FloatArray
    beside: FloatArray
    upper: FloatArray
    chin: FloatArray
    forehead: FloatArray
    bearded: FloatArray
    hairy: float = field(kw_only=True)

    @property
    def hairless(self) -> FloatArray:
        """Skin, bare or of lids, and where brows would be of a face that has none."""
        return np.maximum(self.skin, self.brows * np.float32(1 - self.hairy))

    def sized(self, size: int) -> Zones:
        parts = (getattr(self, each.name) for each in fields(self) if each.name != "hairy")
        enlarged = (cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)[..., None] for part in parts)
        return Zones(*enlarged, hairy=self.hairy)

    def rows(self, rows: slice) -> Zones:
        return Zones(
            *(getattr(self, each.name)[rows] for each in fields(self) if each.name != "hairy"), hairy=self.hairy
        )


def zones_of(shade: FloatArray, hairy: float, *, glasses: bool) -> Zones:
    """The zones, ``(96, 96)``. Where a beard may grow skin is bare only if none grows.

    Args:
        shade: ``(192, 192)`` float32, the coarse departure from the skin's lightness.
        hairy: how much of what is dark on the brows is hair; the rest is skin in shade.
        glasses: whether rims lie on the lids.
    """
    mesh = topology()
    bearded = growth(cv2.resize(shade, (ZONES, ZONES), interpolation=cv2.INTER_AREA))
    chin = np.repeat(_chin(), ZONES, axis=1)
    sides = np.maximum(cv2.dilate(mesh.sides, np.ones((5, 5), np.uint8)), chin)
    nose, parting = nose_end()
    beside = mesh.features * (1 - cv2.max(cv2.max(mesh.lips, mesh.lids), mesh.brows))
    nostrils = cv2.max(nose, beside * (1 - bearded))
    bare = mesh.skin * (1 - bearded)
    brows = mesh.brows * (1 - mesh.skin)
    # A moustache is no shade of the nose.
    beneath = cv2.max(nose, beside * (1 - cv2.dilate(bearded, np.ones((9, 9), np.uint8))))
    parts = ((bare, 1.2), (mesh.lids, 0.8), (mesh.lips, 0.8), (sides, 2.0), (nostrils, 0.8), (beneath, 0.8))
    beard = cv2.GaussianBlur(bearded * (1 - mesh.lips), (0, 0), 1.0)
    forehead = mesh.rim * (1 - mesh.sides)
    about = cv2.dilate(mesh.brows, np.ones((5, 5), np.uint8)) * mesh.rim
    skin, lids, lips, sides, nostrils, beneath, brows, about, forehead, parting = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), sigma)
        for part, sigma in (*parts, (brows, 1.2), (about, 1.2), (forehead, 1.2), (parting, 0.5))
    )
    upper = np.zeros((ZONES, ZONES), np.float32) if glasses else _upper_lids()
    return Zones(
        skin, lids, lips, sides, nostrils, beneath, parting, brows, about, upper, chin, forehead, beard, hairy=hairy
    )


@cache
def _upper_lids() -> FloatArray:
    """``(384, 384)`` float32, 1 midway between an eye and its brow, falling off to 0 at both."""
    size, uv = 4 * ZONES, topology().uv
    between = np.zeros((size, size), np.uint8)
    for eye, brow in ((RIGHT_EYE, RIGHT_BROW), (LEFT_EYE, LEFT_BROW)):
        outline = np.round(uv[[*eye[:9], *brow[5:]]] * size).astype(np.int32)
        cv2.fillPoly(between, [outline], 1)
    depth = np.clip(cv2.distanceTransform(between, cv2.DIST_L2, 5) / BETWEEN, 0, 1)
    return np.asarray(cv2.GaussianBlur(depth.astype(np.float32), (0, 0), BETWEEN / 2), np.float32)


@cache
def _chin() -> FloatArray:
    """``(96, 1)`` float32, 1 in the rows of the chin's underside."""
    lip, end = topology().uv[[17, 152], 1] * ZONES
    rows = np.arange(ZONES, dtype=np.float32)[:, None]
    return ramp((rows - lip) / (end - lip), *CHIN)
