"""Where the new face is shown."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh import FaceView, topology
from pipeline.mesh.exclusion import left_alone
from pipeline.mesh.skin import Skin
from pipeline.options import Options, PaintedMask
from pipeline.types import FloatArray, Rendering

SHADE = 1.2
"""Blur radius (sigma), in texels of the 96 map, of the shade beside hair."""


def opacity(rendering: Rendering, view: FaceView, skin: Skin, options: Options, painted: PaintedMask) -> FloatArray:
    """``(h, w)`` float32, 0 to 1: the engine's coverage less what covers the target's face (hair, things in front), and
    less what was painted over."""
    shown = view.to_middle(rendering.coverage)
    if options.keep_occluders:
        bare = view.fold(skin.following(_bare.__name__, _bare))
        # At the silhouette of a turned head hair begins from one pixel to the next, in steps.
        shown = shown * view.to_middle(cv2.blur(bare, (3, 3)))
        if skin.edge is not None:
            shown = shown * (1 - view.still.fold_middle(skin.edge))
    if painted:
        shown = np.minimum(shown, 1 - left_alone(view, painted))
    return view.enlarge(shown)


def _bare(skin: Skin) -> FloatArray:
    """``(96, 96)``: 1 where neither hair nor its shade nor the dark covers the face."""
    return np.asarray(1 - cv2.max(_with_shade(skin.hair), skin.dark), np.float32)


def _with_shade(hair: FloatArray) -> FloatArray:
    """Hair with the shade that it casts beside it: without that it looks like a wig. Brows are never in it."""
    wide = cv2.GaussianBlur(cv2.dilate(hair, np.ones((3, 3), np.uint8)), (0, 0), SHADE)
    return np.asarray(cv2.max(hair, cv2.multiply(wide, 1 - topology().brows)), np.float32)
