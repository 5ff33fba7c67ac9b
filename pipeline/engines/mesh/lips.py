"""Shutting the mouth of a photo: on the atlas lips touch, and teeth between parted lips would come to lie on them.

What shows inside the target's mouth is always the target's own.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.mesh import topology
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, ImageArray

SIZE = 256
LINE = 0.5
"""Darkness of the line between shut lips."""
PARTED = 0.02
"""Area between the lips over their squared width, above which they are parted."""


def parted(landmarks: FloatArray) -> bool:
    """Whether the lips of ``(478, 3)`` landmarks leave a gap."""
    inner = landmarks[list(INNER_LIPS), :2].astype(np.float32)
    return float(cv2.contourArea(inner)) > PARTED * float(np.sum((inner[0] - inner[10]) ** 2))


def shut_lips(picture: ImageArray) -> ImageArray:
    """``(n, n, 3)`` atlas picture with what is not lip between the lips filled in from them (Telea 2004)."""
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    lips, middle = _zones()
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    typical = np.median(lab[(lips > 0) & (middle == 0)], axis=0)
    # Teeth are lighter and less red, the gap is much darker than lips.
    teeth = (lab[..., 0] > typical[0] + 14) | (lab[..., 1] < typical[1] - 9)
    dark = lab[..., 0] < typical[0] - 45
    foreign = ((teeth | dark) & (middle > 0)).astype(np.uint8)
    if not foreign.any():
        return picture
    foreign = cv2.dilate(foreign, np.ones((3, 3), np.uint8)) * (lips > 0)
    filled = cv2.inpaint(small, foreign.astype(np.uint8), 4, cv2.INPAINT_TELEA)
    size = picture.shape[1::-1]
    share = cv2.resize(cv2.GaussianBlur(foreign.astype(np.float32), (0, 0), 1.0), size)
    share = np.clip(share * 2, 0, 1)[..., None]
    fine = cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC)
    shade = cv2.resize(_line(), size, interpolation=cv2.INTER_LINEAR)[..., None]
    return np.clip((picture * (1 - share) + fine * share) * (1 - LINE * shade) + 0.5, 0, 255).astype(np.uint8)


@cache
def _line() -> FloatArray:
    """The line where shut lips touch, soft, ``(256, 256)`` float32."""
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    upper = topology().uv[list(INNER_LIPS[:11])] + topology().uv[list(INNER_LIPS[:1] + INNER_LIPS[:9:-1])]
    cv2.polylines(drawn, [np.round(upper / 2 * SIZE * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), 1.0)
    return soft / soft.max()


@cache
def _zones() -> tuple[ImageArray, ImageArray]:
    """The lips and the band along the line where they touch, ``(256, 256)`` uint8."""
    uv = topology().uv
    lips = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(lips, [np.round(uv[list(OUTER_LIPS)] * SIZE).astype(np.int32)], 1)
    middle = np.zeros_like(lips)
    line = np.round(uv[list(INNER_LIPS)] * SIZE).astype(np.int32)
    cv2.polylines(middle, [line], True, 1, thickness=9)
    return lips, middle * lips
