"""The rims of glasses that the target wears, so that they stay in front of the new face.

Rims are thin lines, darker or lighter than the skin beside them, in a ring about the eyes. Lashes and wrinkles are that
too; but only glasses have a bridge across the nose root, where a bare face is smooth. So the bridge decides whether
there are glasses, and the lines then say where.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import FaceView, topology
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray

SIZE = 256
LINE = 11
"""Width of the widest line that counts, in texels of the atlas at `SIZE`."""
BRIDGE = (0.10, 0.20)
"""Contrast of the line across the nose root at which glasses begin to be, and are, believed in."""
CONTRAST = (0.07, 0.16)
"""The same for the lines themselves."""


def rims(view: FaceView, skin: Skin) -> FloatArray | None:
    """``(h, w)`` float32, 1 on the rims, or ``None`` where no glasses are worn."""
    unfolded = cv2.cvtColor(view.unfold(view.crop.image, SIZE), cv2.COLOR_BGR2GRAY)
    shade = cv2.resize(cv2.cvtColor(skin.light, cv2.COLOR_BGR2GRAY), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE, LINE))
    dark = cv2.morphologyEx(unfolded, cv2.MORPH_BLACKHAT, kernel).astype(np.float32)
    light = cv2.morphologyEx(unfolded, cv2.MORPH_TOPHAT, kernel).astype(np.float32)
    lines = cv2.max(dark, light * np.float32(0.7)) / (shade + 8)
    ring, bridge = _zones()
    belief = _believed(lines, bridge)
    if belief <= 0:
        return None
    found = _ramp(cv2.GaussianBlur(lines, (0, 0), 0.8), *CONTRAST) * ring * np.float32(belief)
    return view.fold_fine(cv2.GaussianBlur(cv2.dilate(found, np.ones((3, 3), np.uint8)), (0, 0), 0.8))


def _believed(lines: FloatArray, bridge: FloatArray) -> float:
    """How sure the line across the nose root is: each column has to be crossed by one."""
    columns = np.flatnonzero(bridge.max(0) > 0.5)
    crossing = (lines * bridge)[:, columns].max(0)
    return float(_ramp(np.sort(crossing)[int(0.3 * len(crossing))], *BRIDGE))


@cache
def _zones() -> tuple[FloatArray, FloatArray]:
    """The ring about both eyes without brows and eyes, and the nose root, ``(256, 256)`` float32 each."""
    mesh = topology()
    uv = mesh.uv
    middle, outer, lip = uv[168], uv[263], uv[17]
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    x, y = np.abs(u - middle[0]) / (outer[0] - middle[0]), (v - outer[1]) / (lip[1] - outer[1])
    ring = ((y > -0.42) & (y < 0.42) & (x < 1.75)).astype(np.float32)
    features = cv2.resize(cv2.erode(mesh.features, np.ones((3, 3), np.uint8)), (SIZE, SIZE))
    ring = cv2.GaussianBlur(ring * (features < 0.5), (0, 0), 1.0)
    bridge = ((y > -0.22) & (y < 0.16) & (x < 0.16)).astype(np.float32)
    return ring.astype(np.float32), bridge


def _ramp(values: FloatArray | np.floating, low: float, high: float) -> FloatArray:
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
