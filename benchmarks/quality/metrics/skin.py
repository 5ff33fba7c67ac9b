"""Is the skin's light and colour natural, or spotted?

Both faces are laid out flat (on the mesh's atlas, so that pose does not matter). On the skin where neither hair nor
brows nor lips are expected, what is finer than 10 % of the face and coarser than 2 % is looked at: larger is the
scene's light, smaller is texture.

* ``skin.spots``: 95th percentile of the lightness' departure (L*), less the same in source or target, whichever has
  more. Stubble and wrinkles that the source has are free; what an engine adds when it takes light away and puts other
  light on is not.
* ``skin.colour``: the same for a* and b*: lilac, yellow or red patches that neither picture has.
* ``skin.lopsided``: 95th percentile of the difference (L*a*b*) between the two sides of the face, less the same in the
  target: a shadow of the source's nose that was carried along, a light patch on one temple. Faces are lopsided
  themselves; the target's light is allowed for by subtracting its own figure.
* ``skin.lines``: 95th percentile of thin lines (lighter or darker than both sides, up to 4 % of the face wide, L*),
  less the same in the target: rims of the source's glasses painted on the skin, hairs, exaggerated wrinkles. The
  wrinkles of an older source count, too, and rightly belong to it, so this number has little weight; look at the sheet.

Source: band-pass over a normalised convolution (Knutsson & Westin 1993); mirror symmetry as a cue for baked-in light
after the albedo symmetry of Wu et al., "Unsupervised Learning of Probably Symmetric Deformable 3D Objects" (2020);
lines by morphological top-hats (Serra 1982).

Calibration: by eye over the sheets of the first runs. Lilac lips and white patches on a light target (source with
strong highlights) come to 3.9-4.8 in colour, red wrinkles to 0.6-1.7, clean faces below 0.2. Painted-on rims come to
5-11 in lines, faces without to below 3. ``spots`` finds only what exceeds the source's own shading and misses shade
that was carried along; ``lopsided`` finds that where the target is evenly lit, and nothing where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import lab
from pipeline.mesh import FaceView, topology
from pipeline.types import Crop, FloatArray, ImageArray

FINE, COARSE = 1.8, 9.0
"""Blur radii (sigma) in texels; the face is about 90 texels wide."""
LINE = 5
FEWEST = 300
"""Texels that are enough."""


@dataclass(frozen=True, eq=False)
class Skin:
    """A face laid out flat: the band that is judged, ``(128, 128, 3)`` float32 L*a*b*, its lines ``(128, 128)``, and
    where it is bare and seen."""

    band: FloatArray
    lines: FloatArray
    bare: NDArray[np.bool_]

    def departure(self, channels: slice, where: NDArray[np.bool_]) -> float:
        away = np.linalg.norm(self.band[..., channels], axis=2)[where]
        return float(np.percentile(away, 95)) if len(away) >= FEWEST else 0.0

    def lopsided(self, where: NDArray[np.bool_]) -> float:
        both = where & where[:, ::-1]
        away = np.linalg.norm(self.band - self.band[:, ::-1], axis=2)[both]
        return float(np.percentile(away, 95)) if len(away) >= FEWEST else 0.0


def read(image: ImageArray, landmarks: FloatArray, pose: FloatArray) -> Skin:
    """
    Args:
        image: a picture or a crop of one.
        landmarks, pose: of the face in it.
    """
    view = FaceView(Crop(image, landmarks, np.eye(2, 3, dtype=np.float32), pose))
    flat = lab(view.unfold(image))
    bare = _zone() & (view.facing > 0.25)
    weight = bare.astype(np.float32)
    fine, coarse = _soft(flat, weight, FINE), _soft(flat, weight, COARSE)
    light = np.ascontiguousarray(flat[..., 0])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE, LINE))
    dark, bright = (cv2.morphologyEx(light, how, kernel) for how in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT))
    return Skin(fine - coarse, np.asarray(cv2.max(dark, bright), np.float32), bare)


@cache
def _zone() -> NDArray[np.bool_]:
    """Skin well away from features and from where hair hangs."""
    zones = topology()
    away = cv2.dilate(zones.features, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) < 0.5
    return np.asarray((cv2.erode(zones.skin, np.ones((5, 5), np.uint8)) > 0.5) & away & (zones.rim < 0.2))


def skin(source: Skin, target: Skin, result: Skin) -> Numbers:
    where = target.bare
    if np.count_nonzero(where) < FEWEST:
        return {}
    light, colour = slice(0, 1), slice(1, 3)
    return {
        "skin.spots": result.departure(light, where)
        - max(source.departure(light, source.bare), target.departure(light, where)),
        "skin.colour": result.departure(colour, where)
        - max(source.departure(colour, source.bare), target.departure(colour, where)),
        "skin.lopsided": result.lopsided(where) - target.lopsided(where),
        "skin.lines": float(np.percentile(result.lines[where], 95) - np.percentile(target.lines[where], 95)),
    }


def _soft(values: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    mean = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return np.asarray(mean / (cv2.GaussianBlur(weight, (0, 0), sigma)[..., None] + 1e-3), np.float32)
