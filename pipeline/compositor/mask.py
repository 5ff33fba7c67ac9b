"""Where the new face is shown."""

from __future__ import annotations

import numpy as np

from pipeline.mesh import FaceView
from pipeline.mesh.exclusion import left_alone
from pipeline.mesh.skin import Skin
from pipeline.options import Options, PaintedMask
from pipeline.types import FloatArray, Rendering


def opacity(rendering: Rendering, view: FaceView, skin: Skin, options: Options, painted: PaintedMask) -> FloatArray:
    """``(h, w)`` float32, 0 to 1: the engine's coverage less what covers the target's face (hair, things in front), and
    less what was painted over."""
    shown = view.to_middle(rendering.coverage)
    if options.keep_occluders:
        shown = shown * view.to_middle(view.fold((1 - np.maximum(skin.hair, skin.dark)).astype(np.float32)))
        if skin.edge is not None:
            shown = shown * (1 - view.fold_middle(skin.edge))
    if painted:
        shown = np.minimum(shown, 1 - left_alone(view, painted))
    return view.enlarge(shown)
