"""How meshes move over the frames of a clip."""

from __future__ import annotations

import numpy as np


def gap(mesh: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """``(n,)``: pixels between two landmarks of ``(n, 478, 3)`` meshes."""
    return np.linalg.norm(mesh[:, upper, :2] - mesh[:, lower, :2], axis=1)


def gain(before: np.ndarray, after: np.ndarray) -> float:
    """How much of a movement is left: the slope of `after` over `before`."""
    a, b = before - before.mean(), after - after.mean()
    return float(a @ b / (a @ a))
