"""Where the target itself is seen through the new face: between the lips and between the eyelids."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.models.face_mesh import INNER_LIPS, LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray

_SUBPIXEL = 4


def openings(landmarks: FloatArray, size: tuple[int, int]) -> FloatArray:
    """``(height, width)`` float32, 1 inside the open mouth and the open eyes, soft at the border, 0 elsewhere.

    An opening that is nearly shut fades away, so that closed lips and lids belong wholly to the new face.
    """
    width, height = size
    face = float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2]))
    mask = np.zeros((height, width), np.float32)
    for group, softness in ((INNER_LIPS, 0.010), (RIGHT_EYE, 0.006), (LEFT_EYE, 0.006)):
        outline = landmarks[list(group), :2]
        sigma = max(0.6, softness * face)
        _add(mask, outline, sigma, _openness(outline))
    return mask


def _openness(outline: FloatArray) -> float:
    """0 for a shut, 1 for an open outline, by its area over the square of its width."""
    span = float(np.linalg.norm(outline[0] - outline[len(outline) // 2]))
    area = float(cv2.contourArea(outline.astype(np.float32)))
    t = np.clip((area / max(span * span, 1e-3) - 0.025) / 0.06, 0, 1)
    return float(t * t * (3 - 2 * t))


def _add(mask: FloatArray, outline: FloatArray, sigma: float, strength: float) -> None:
    if strength <= 0:
        return
    height, width = mask.shape
    reach = int(np.ceil(3 * sigma)) + 1
    x0, y0 = np.maximum(np.floor(outline.min(0)).astype(int) - reach, 0)
    x1, y1 = np.minimum(np.ceil(outline.max(0)).astype(int) + reach + 1, [width, height])
    if x1 <= x0 or y1 <= y0:
        return
    part = np.zeros((y1 - y0, x1 - x0), np.uint8)
    shifted = np.round((outline - [x0, y0]) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(part, [shifted], 255, cv2.LINE_AA, _SUBPIXEL)
    soft = cv2.GaussianBlur(part, (0, 0), sigma).astype(np.float32) * (strength / 255)
    view = mask[y0:y1, x0:x1]
    np.maximum(view, soft, out=view)
