"""Measures of a face mesh that several metrics share. Points are MediaPipe's 478, in pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.face_mesh import FACE_OVAL
from pipeline.types import FloatArray


def eye_distance(landmarks: FloatArray) -> float:
    """Between the outer corners of the eyes, foreshortening taken into account by the mesh's depth."""
    return max(float(np.linalg.norm(landmarks[33] - landmarks[263])), 1e-3)


def face_size(landmarks: FloatArray) -> float:
    """Root of the area of the box around the outline: the unit of lengths in the picture."""
    return max(float(np.sqrt(np.prod(np.ptp(landmarks[list(FACE_OVAL), :2], axis=0)))), 1.0)


def hull(landmarks: FloatArray, shape: tuple[int, ...], grow: float = 0.0) -> NDArray[np.bool_]:
    """``(height, width)``: inside of the face's outline, grown by `grow` face sizes (shrunk when negative)."""
    mask = np.zeros(shape[:2], np.uint8)
    outline = cv2.convexHull(np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32))
    cv2.fillConvexPoly(mask, outline, 255)
    reach = round(abs(grow) * face_size(landmarks))
    if reach:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = cv2.dilate(mask, kernel) if grow > 0 else cv2.erode(mask, kernel, borderValue=0)
    return np.asarray(mask > 0)


def lab(image: NDArray[np.uint8]) -> FloatArray:
    """CIE L*a*b* of a BGR picture, float32, L from 0 to 100; a distance of 2 is just seen, of 10 is glaring."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2Lab), np.float32)


def mouth_opening(landmarks: FloatArray) -> float:
    """Gap between the lips in eye distances."""
    return float(np.linalg.norm(landmarks[13] - landmarks[14])) / eye_distance(landmarks)


def eye_opening(landmarks: FloatArray) -> float:
    """Gap between the lids over the width of the eye, mean of both eyes: about 0.3 when open, 0.1 when shut."""
    both = []
    for upper, lower, outer, inner in (
        ((160, 159, 158), (144, 145, 153), 33, 133),
        ((387, 386, 385), (373, 374, 380), 263, 362),
    ):
        gap = np.linalg.norm(landmarks[list(upper)] - landmarks[list(lower)], axis=1).mean()
        both.append(gap / max(float(np.linalg.norm(landmarks[outer] - landmarks[inner])), 1e-3))
    return float(np.mean(both))
