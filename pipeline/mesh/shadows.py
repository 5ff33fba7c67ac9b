"""Edges of cast shadows on an unfolded face, told apart from the edges of its form.

A shadow falls on one side, a socket, a fold and the wings of a nose are on both: between brows and chin, what is alike
on the two sides is relief, which belongs to the person and not to the light. Source of the cue: the albedo symmetry of
Wu et al., "Unsupervised Learning of Probably Symmetric Deformable 3D Objects" (2020).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh.maps import grey, ramp, thrice
from pipeline.mesh.topology import ZONES, topology
from pipeline.models.face_mesh import LEFT_BROW, RIGHT_BROW
from pipeline.types import FloatArray

FLOOR = 10.0
"""Added to colours before the logarithm, so that noise in the dark does not count."""
EDGE, STEP = 5, 0.30
"""Radius of the filter that lets edges of shadows pass, in texels, and how strong (in logarithms) a step has to be."""
MARK = 3
"""What is narrower than this, in texels, is a mole, a scar or a hair rather than a shadow."""
INWARDS, DOWNWARDS = (0.03, 0.08), (-0.04, 0.02)
"""Where relief begins, and is: how far inside the outline, and how far below the top of the brows, in parts of the
atlas' side. A forehead has none, and what lies over both sides of it is the shadow of a hat or a fringe."""


def with_edges(light: FloatArray, colour: FloatArray, trust: FloatArray) -> FloatArray:
    """`light` with the edges of hard shadows, which are sharper than any blur.

    Args:
        light, colour: ``(96, 96, 3)`` float32 BGR, the smooth light and the face itself.
        trust: ``(96, 96)`` float32, where it is bare skin.
    """
    shadows = of_one_side(edges(light, colour, trust))
    lit: FloatArray = np.maximum(cv2.exp(cv2.log(light + np.float32(FLOOR)) + shadows) - np.float32(FLOOR), 0)
    return lit


def edges(light: FloatArray, colour: FloatArray, trust: FloatArray, step: float = STEP) -> FloatArray:
    """The strong edges that a smooth light leaves, ``(96, 96, 3)`` float32, in logarithms.

    A guided filter (He, Sun & Tang 2013) of what is left: steps as strong as a shadow's pass, wrinkles and pores do
    not.

    Args:
        light, colour, trust: as for `with_edges`.
        step: how strong (in logarithms) a step has to be.
    """
    before = cv2.log(light + np.float32(FLOOR))
    left = cv2.multiply(cv2.subtract(cv2.log(colour + np.float32(FLOOR)), before), thrice(trust))
    guide = grey(cv2.add(before, left))
    each, window = thrice(guide), (2 * EDGE + 1, 2 * EDGE + 1)
    mean, rest = cv2.blur(guide, window), cv2.blur(left, window)
    variance = np.maximum(cv2.blur(guide * guide, window) - mean * mean, 0)
    # Steeper than the filter's own rule, so that the shape of a nose, which is no step, stays the new face's.
    share, mean = thrice(variance / (variance**2 + np.float32(step**4))), thrice(mean)
    slope = (cv2.blur(left * each, window) - rest * mean) * share
    passed: FloatArray = cv2.blur(slope, window) * each + cv2.blur(rest - slope * mean, window)
    return passed


def of_one_side(found: FloatArray, mark: int = MARK) -> FloatArray:
    """Edges without those of relief, which are alike on both sides, and without marks.

    Args:
        found: ``(96, 96, 3)`` float32, see `edges`.
        mark: how many texels wide a shadow is at least.
    """
    there = cv2.flip(found, 1)
    # As much of it as both sides have: the lesser of the two where they agree, and nothing where they do not.
    alike = cv2.max(cv2.min(found, there), 0) + cv2.min(cv2.max(found, there), 0)
    one = found - alike * _relief()
    strength = cv2.absdiff(grey(one), 0)
    wide = cv2.morphologyEx(strength, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (mark, mark)))
    shadows: FloatArray = cv2.multiply(one, thrice(wide / (strength + np.float32(1e-3))))
    return shadows


@cache
def _relief() -> FloatArray:
    """``(96, 96, 1)`` float32, 1 where a face has sockets, folds and a nose, 0 on the forehead and along the
    outline."""
    zones = topology()
    depth = cv2.distanceTransform((zones.face > 0).astype(np.uint8), cv2.DIST_L2, 5)
    inside = ramp(np.asarray(depth / ZONES, np.float32), *INWARDS)
    brows = np.float32(zones.uv[[*LEFT_BROW, *RIGHT_BROW], 1].min())
    below = ramp((np.arange(ZONES, dtype=np.float32) + np.float32(0.5)) / np.float32(ZONES) - brows, *DOWNWARDS)
    return np.multiply(inside, below[:, None], dtype=np.float32)[..., None]
