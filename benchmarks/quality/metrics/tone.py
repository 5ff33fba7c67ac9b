"""Does the new face's skin belong to the neck and the ears beside it, and to the light of the scene?

* ``tone.gap``: distance in L*a*b* between the skin of lower cheeks and jaw and the skin of neck and ears in the result,
  less the same distance in the original (a face that is naturally redder than the neck may stay so). Above 0 is worse
  than the original. Neck and ears are looked for under the chin and beside the outline, among pixels that resemble the
  original's cheeks; left out where too few do (collar, hair, beard).
* ``tone.light``: root mean square distance in L*a*b* between result and target after a blur of 7 % of the face's size,
  over bare skin: the slowly varying light, which a recast face should share with the target. Another make-up or a
  stubble counts a little, a mask of wrong brightness or blotches a lot.

Source: L*a*b* after CIE 15; medians over skin as in Reinhard et al., "Color Transfer between Images" (2001).
Calibration by eye: a gap of 3 is seen at a second glance, of 8 at once; light below 4 looks lit by the same lamp. A
moustache or beard of the source alone brings 3 to 4 in light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import face_size, hull, lab
from pipeline.models.face_mesh import (
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
)
from pipeline.types import FloatArray, ImageArray

CHEEKS = ((50, 205, 207, 214, 192, 213, 147, 123), (280, 425, 427, 434, 416, 433, 376, 352))
FEWEST = 40
"""Pixels of neck or ears that are enough."""


def tone(target: ImageArray, result: ImageArray, landmarks: FloatArray) -> Numbers:
    """
    Args:
        target, result: the same crop of both, with room around the face.
        landmarks: of the target in that crop.
    """
    before, after = lab(target), lab(result)
    numbers: Numbers = {}
    cheeks = _cheeks(landmarks, target.shape)
    if np.count_nonzero(cheeks) >= FEWEST:
        own = np.median(before[cheeks], axis=0)
        beside = _beside(before, own, landmarks)
        if np.count_nonzero(beside) >= FEWEST:
            reference = np.median(before[beside], axis=0)
            new = np.median(after[cheeks], axis=0)
            numbers["tone.gap"] = float(np.linalg.norm(new - reference) - np.linalg.norm(own - reference))
    skin = bare_skin(landmarks, target.shape)
    if skin.any():
        sigma = 0.07 * face_size(landmarks)
        weight = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), sigma) + 1e-4
        slow = cv2.GaussianBlur((after - before) * skin[..., None].astype(np.float32), (0, 0), sigma)
        away = np.linalg.norm(slow / weight[..., None], axis=2)[skin]
        numbers["tone.light"] = float(np.sqrt((away**2).mean()))
    return numbers


def bare_skin(landmarks: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Inside the outline without its border, and without brows, eyes, lips and nostrils."""
    return np.asarray(hull(landmarks, shape, -0.06) & ~features_mask(landmarks, shape))


def features_mask(landmarks: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Brows, eyes, lips and nostrils with a little around them; wider over the brows, which differ most."""
    size = face_size(landmarks)
    features = np.zeros(shape[:2], np.uint8)
    for group in (RIGHT_BROW, LEFT_BROW, RIGHT_EYE, LEFT_EYE, OUTER_LIPS, (98, 97, 2, 326, 327, 294, 64)):
        points = cv2.convexHull(np.round(landmarks[list(group), :2]).astype(np.int32))
        part = np.zeros_like(features)
        cv2.fillConvexPoly(part, points, 1)
        reach = max(1, round((0.04 if group in (RIGHT_BROW, LEFT_BROW) else 0.025) * size))
        features |= cv2.dilate(part, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(features > 0)


def _cheeks(landmarks: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The lower cheeks; of a turned head only the side that is seen."""
    mask = np.zeros(shape[:2], np.uint8)
    areas = []
    for group in CHEEKS:
        points = landmarks[list(group), :2].astype(np.float32)
        areas.append((float(cv2.contourArea(cv2.convexHull(points))), points))
    widest = max(area for area, _ in areas)
    for area, points in areas:
        if area > 0.35 * widest:
            cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 1)
    return np.asarray(mask > 0)


def _beside(picture: FloatArray, skin: FloatArray, landmarks: FloatArray) -> NDArray[np.bool_]:
    """Pixels of neck and ears: where they may be, and of skin's hue."""
    size = face_size(landmarks)
    down = landmarks[152, :2] - landmarks[10, :2]
    down = down / max(float(np.linalg.norm(down)), 1e-3)
    across = np.array([-down[1], down[0]], np.float32)
    zone = np.zeros(picture.shape[:2], np.uint8)
    chin = landmarks[152, :2]
    neck = [chin + size * (down * d + across * a) for d, a in ((0.1, -0.25), (0.1, 0.25), (0.4, 0.22), (0.4, -0.22))]
    cv2.fillConvexPoly(zone, np.round(np.array(neck)).astype(np.int32), 1)
    for side in (234, 454):
        outwards = landmarks[side, :2] - landmarks[[234, 454], :2].mean(0)
        outwards = outwards / max(float(np.linalg.norm(outwards)), 1e-3)
        ear = landmarks[side, :2] + outwards * 0.06 * size
        cv2.circle(zone, (round(float(ear[0])), round(float(ear[1]))), max(1, round(0.05 * size)), 1, -1)
    zone[hull(landmarks, picture.shape, 0.02)] = 0
    difference = picture - skin.astype(np.float32)
    alike = (np.hypot(difference[..., 1], difference[..., 2]) < 11) & (np.abs(difference[..., 0]) < 22)
    return np.asarray((zone > 0) & alike)
