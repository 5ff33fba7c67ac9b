"""Is there an edge where the new face ends?

The changed part of the picture is found from the difference of result and target, so that no engine is asked for its
mask. Its border is walked on `RAYS` evenly spaced points, and at each a ray is sampled across it from outside to well
inside. Along the border the rays are averaged over 4 % of the face's size: an edge that follows the border survives, a
hair or a wrinkle that crosses it does not. Brows, eyes and lips near the border are left out. The *step* at a place
of a ray is the distance in L*a*b* between points 1.3 % of the face's size to either side.

* ``seam.ratio``: 75th percentile over the rays of the largest step in the result, over the same in the original. 1 is
  untouched; the original's own edges (jaw, hairline) are the measure.
* ``seam.excess``: 95th percentile over the rays of how much a step in the result exceeds any step that the original has
  within 3 % of the same place. In L*a*b* units: a new edge of 5 is seen when looked for, one of 10 at first glance.
* ``seam.gradient``: the same as the ratio for the mean gradient over the whole band rather than the largest step.

Source: the band's own definition is ours; steps against the natural edges of the same border follow the "no more than
the picture itself has" idea of seam visibility in photomontage (Agarwala et al., "Interactive Digital Photomontage",
2004).

Calibration: a face made brighter by 45 grey levels and pasted hard comes to more than 8 in excess, softened over 14
pixels to less than half of it. By eye over the sheets: below 4 no border is seen at 100 %, from 8 a patch, a cut-off
shadow or a beard that ends at the mask. A moustache or a strong wrinkle near the border counts although it is no seam
(up to 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.quality.metrics import Numbers
from benchmarks.quality.metrics.geometry import face_size, hull, lab
from benchmarks.quality.metrics.tone import features_mask
from pipeline.types import FloatArray, ImageArray

RAYS = 240
OUTSIDE, INSIDE, SAMPLES = 0.05, 0.10, 40
"""How far rays reach to either side of the border, in face sizes, and points on each."""
HALF_STEP = 0.013
NEAR = 0.03
SEEN = 1.2
"""Grey levels of (smoothed) difference from which on a pixel counts as changed."""


@dataclass(frozen=True, eq=False)
class Seam:
    """What was found along the border: the numbers, the place of the worst excess and the border ``(RAYS, 2)``."""

    numbers: Numbers
    worst: tuple[float, float]
    border: FloatArray


def seam(target: ImageArray, result: ImageArray, landmarks: FloatArray) -> Seam | None:
    """``None`` where hardly anything changed.

    Args:
        target, result: the same crop of both, with room around the face.
        landmarks: of the target in that crop.
    """
    size = face_size(landmarks)
    border = changed_border(target, result, landmarks)
    if border is None:
        return None
    outward = _normals(border)
    depths = np.linspace(-OUTSIDE, INSIDE, SAMPLES, dtype=np.float32) * size
    before, after = (_strip(image, border, outward, depths, size) for image in (target, result))
    spacing = (OUTSIDE + INSIDE) / (SAMPLES - 1)
    half = max(1, round(HALF_STEP / spacing))
    old, new = _steps(before, half), _steps(after, half)
    reach = 2 * round(NEAR / spacing) + 1
    excess = new - cv2.dilate(old, np.ones((9, reach), np.uint8))
    # A brow, an eye or a lip that comes near the border is another face's, not a seam.
    features = features_mask(landmarks, target.shape).astype(np.float32)
    free = _sampled(features, border, outward, depths) < 0.05
    excess *= cv2.erode(free.astype(np.uint8), np.ones((1, 2 * half + 1), np.uint8))[:, half:-half]
    per_ray = np.maximum(excess, 0).max(1)
    where = np.unravel_index(int(np.argmax(excess)), excess.shape)
    depth = depths[half + where[1]]
    worst = border[where[0]] - outward[where[0]] * depth
    numbers = {
        "seam.ratio": (float(np.percentile(new.max(1), 75)) + 0.5) / (float(np.percentile(old.max(1), 75)) + 0.5),
        "seam.excess": float(np.percentile(per_ray, 95)),
        "seam.gradient": (float(new.mean()) + 0.3) / (float(old.mean()) + 0.3),
    }
    return Seam(numbers, (float(worst[0]), float(worst[1])), border)


def changed_border(target: ImageArray, result: ImageArray, landmarks: FloatArray) -> FloatArray | None:
    """``(RAYS, 2)`` points on the border of what was changed, smoothed, evenly spaced."""
    size = face_size(landmarks)
    difference = np.abs(result.astype(np.float32) - target).max(-1)
    changed = (cv2.GaussianBlur(difference, (0, 0), max(0.6, 0.006 * size)) > SEEN).astype(np.uint8)
    changed &= hull(landmarks, target.shape, 0.12).astype(np.uint8)
    reach = max(1, round(0.03 * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, kernel)
    changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, kernel)
    contours, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    outline = max(contours, key=cv2.contourArea)[:, 0].astype(np.float32)
    if cv2.contourArea(outline) < 0.1 * size * size:
        return None
    closed = np.vstack([outline, outline[:1]])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, along[-1], RAYS, endpoint=False)
    even = np.stack([np.interp(at, along, closed[:, i]) for i in range(2)], 1)
    return _around(even.astype(np.float32), 2.0)


def _normals(border: FloatArray) -> FloatArray:
    """Unit normals, pointing outwards."""
    tangent = _around(np.roll(border, -1, 0) - np.roll(border, 1, 0), 2.0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-6
    x, y = border[:, 0], border[:, 1]
    clockwise = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) > 0
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    return normal if clockwise else -normal


def _strip(image: ImageArray, border: FloatArray, outward: FloatArray, depths: FloatArray, size: float) -> FloatArray:
    """``(RAYS, SAMPLES, 3)`` L*a*b* along the rays, averaged along the border."""
    soft = cv2.GaussianBlur(lab(image), (0, 0), max(0.5, 0.004 * size))
    return _around(_sampled(soft, border, outward, depths), 3.0)


def _sampled(picture: FloatArray, border: FloatArray, outward: FloatArray, depths: FloatArray) -> FloatArray:
    at = (border[:, None] - outward[:, None] * depths[None, :, None]).astype(np.float32)
    sampled = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def _steps(strip: FloatArray, half: int) -> FloatArray:
    return np.asarray(np.linalg.norm(strip[:, 2 * half :] - strip[:, : -2 * half], axis=2), np.float32)


def _around(values: FloatArray, sigma: float) -> FloatArray:
    """Gaussian blur along the first axis, which is a circle."""
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    result = np.zeros_like(values, dtype=np.float32)
    for offset, weight in zip(range(-reach, reach + 1), kernel, strict=True):
        result += np.float32(weight) * np.roll(values, offset, 0)
    return result
