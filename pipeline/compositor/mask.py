"""Where the new face is shown."""

from __future__ import annotations

import numpy as np

from pipeline.mesh import FaceView
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, Rendering


def opacity(rendering: Rendering, view: FaceView, skin: Skin, *, keep_occluders: bool) -> FloatArray:
    """``(h, w)`` float32, 0 to 1: the engine's coverage less what covers the target's face (hair, things in front)."""
    if not keep_occluders:
        return rendering.coverage
    shown = rendering.coverage * view.enlarge(view.fold((1 - np.maximum(skin.hair, skin.dark)).astype(np.float32)))
    return shown if skin.edge is None else shown * (1 - view.fold_fine(skin.edge))
