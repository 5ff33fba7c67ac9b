"""Skin about a mouth that is open wider than the photo's: it is drawn out, and its folds are drawn smooth.

Painted on it they would stretch and swim with every word, as lines about the lips. They are lifted, as those of a smile
are, by as much as the target's mouth is open wider.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from pipeline.engines.mesh.smile import FINE, LIFTED, LOWERED, Lines, band, lifting, without_folds
from pipeline.mesh import FaceView, topology
from pipeline.mesh.maps import grey, rise
from pipeline.types import FloatArray, ImageArray

AROUND = (
    (57, 43, 106, 182, 83, 18, 313, 406, 335, 273, 287),
    (216, 212, 202, 204, 194, 201, 200, 421, 418, 424, 422, 432, 436),
)
"""Landmarks about the mouth, from beside one corner beneath the lip to beside the other, and farther out."""
BENEATH = tuple(line[1:-1] for line in AROUND)
"""Those of them that lie beneath the lip, where a chin's beard would grow."""
_GAP, _EYES = (13, 14), (33, 263)
"""Landmarks: the inner edges of the lips, the outer corners of the eyes."""
WIDER = (0.12, 0.4)
"""By how much more of the distance of the eyes' outer corners a mouth is open when folds begin to be drawn smooth, and
when they are: more than in quiet talk."""
MOST = 0.85
"""How much of them goes at most."""
DARKEST, DEEP = 98, 0.18
"""How dark the darkest of a hundred places about the mouth (percentile) are, in logarithms, where there are folds. Soft
hollows, which a face is known by and which do not swim, come to 0.12, folds of old age to 0.25."""
HAIRY = 0.85
"""Folds of age are deepest beside the mouth, 0.7 of that beneath the lip. Where that is as dark, hair grows."""


def gap(points: FloatArray) -> float:
    """How far a mouth is open, in distances of the eyes' outer corners.

    Args:
        points: ``(n, 3)`` float32 landmarks, any unit.
    """
    upper, lower, right, left = points[[*_GAP, *_EYES]].tolist()
    return math.dist(upper, lower) / (math.dist(right, left) + 1e-6)


def creases(picture: ImageArray, beard: FloatArray | None) -> ImageArray | None:
    """What lifts the folds about the mouth, see `lifting`; ``None`` where there are no deep ones.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        beard: ``None`` without one; about a mouth with one what is dark is hair.
    """
    if beard is not None:
        return None
    lift = lifting(picture, AROUND)
    dark = _darkest(lift, AROUND)
    return lift if dark > DEEP and _darkest(lift, BENEATH) < HAIRY * dark else None


def _darkest(lift: ImageArray, lines: Lines) -> float:
    """How dark folds are along some lines, in logarithms."""
    values = grey(lift.astype(np.float32))[_along(lines) > 0.5]
    return float(np.percentile(values, DARKEST)) * (LIFTED + LOWERED) / 255 - LOWERED


def drawn_smooth(image: ImageArray, view: FaceView, lift: ImageArray | None, own: float) -> ImageArray:
    """`image` with the folds lifted. It is changed in place.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, the new face in the view.
        lift: see `creases`.
        own: how far the photos' mouth is open, see `gap`.
    """
    if lift is None:
        return image
    more = MOST * rise(gap(view.landmarks) - own, *WIDER)
    return without_folds(image, view, lift, more, AROUND)


@cache
def _along(lines: Lines) -> FloatArray:
    """``(384, 384)`` float32 over the atlas, 1 on skin along some lines."""
    return cv2.resize(band(lines) * topology().skin, (FINE, FINE), interpolation=cv2.INTER_LINEAR)
