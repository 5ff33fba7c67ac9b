"""Where the target itself is seen through the new face: between the lips, between the eyelids, and shut eyelids."""

from __future__ import annotations

import math

import cv2
import numpy as np

from pipeline.mesh.maps import blurred
from pipeline.models.face_mesh import INNER_LIPS, LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray, Patch

RIGHT_SOCKET = (226, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25)
LEFT_SOCKET = (446, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255)
"""The ring of the mesh around each eye, between lids and brow, after MediaPipe's published face mesh map."""
MOUTH_OPEN = (0.016, 0.045)
EYE_OPEN = (0.125, 0.24)
"""Area over squared width at which an opening begins to count as open, and is."""
SLIT, WINK = (0.11, 0.14), (0.16, 0.20)
"""The same for what is seen between narrow lids of who winks, whose eyes else had two colours; and how far the other
eye is open then. Of both eyes narrow at once nobody can tell whether they are shut: behind thick glasses they look
alike."""
SOFT = 0.2
"""Width (sigma) of the border between the lips at most, in parts of the mouth's opening."""
OPEN_ENOUGH = 0.2
"""How far shut lids are that nothing is yet to be done about."""
LASHES = 0.012
"""How far about the gap between the lids lashes are, in heights of the face."""
_SUBPIXEL = 4


def openings(
    landmarks: FloatArray,
    size: tuple[int, int],
    *,
    mouth: bool = True,
    eyes: bool = True,
    own: tuple[float, float] = (0.0, 0.0),
) -> FloatArray:
    """``(height, width)`` float32, 1 where the target shows, soft at the border, 0 elsewhere.

    A mouth that is nearly shut fades away, so that closed lips belong wholly to the new face. An eye that shuts brings
    its lids along: a photo of open eyes has no shut lids to offer.

    Args:
        mouth, eyes: whether they are among it.
        own: how far the right and the left eye, while open, are the new face's.
    """
    width, height = size
    places = landmarks[:, :2]
    face = math.dist(*places[[10, 152]].tolist())
    mask = np.zeros((height, width), np.float32)
    if mouth:
        lips = places[list(INNER_LIPS)]
        # A border as soft as the gap is high would close it.
        soft = min(0.006 * face, SOFT * gap(lips))
        _add(mask, lips, max(0.6, soft), _open(lips, *MOUTH_OPEN))
    sockets = ((RIGHT_EYE, RIGHT_SOCKET, own[0]), (LEFT_EYE, LEFT_SOCKET, own[1]))
    right, left = (places[list(lids)] for lids, _, _ in sockets)
    winks = (_open(left, *WINK), _open(right, *WINK))
    for (lids, socket, share), wink in zip(sockets, winks, strict=True) if eyes else ():
        outline = places[list(lids)]
        edge = max(0.6, 0.006 * face)
        _add(mask, outline, edge, 1 - share)
        shut = 1 - eye_open(outline)
        if shut > 0:
            _add(mask, places[list(socket)], max(0.8, 0.016 * face), shut)
            _keep_out(mask, outline, edge, share * wink * _open(outline, *SLIT))
    return mask


def shut_lids(landmarks: FloatArray, size: tuple[int, int]) -> tuple[Patch, ...]:
    """The lids that are shut, each as far as it is, without the gap and the lashes between them."""
    places = landmarks[:, :2]
    face = math.dist(*places[[10, 152]].tolist())
    patches = []
    for lids, socket in ((RIGHT_EYE, RIGHT_SOCKET), (LEFT_EYE, LEFT_SOCKET)):
        outline = places[list(lids)]
        shut = (1 - eye_open(outline) - OPEN_ENOUGH) / (1 - OPEN_ENOUGH)
        found = _soft(size, places[list(socket)], max(0.8, 0.016 * face)) if shut > 0 else None
        if found is None:
            continue
        part, whole = found
        low = np.array([part[1].start, part[0].start], np.float32)
        gap_between = _soft(whole.shape[::-1], outline - low, max(0.8, LASHES * face))
        if gap_between is not None:
            inner, gone = gap_between
            whole[inner] *= 1 - np.minimum(2 * gone, 1)
        patches.append(Patch(part, whole * np.float32(shut)))
    return tuple(patches)


def eye_open(outline: FloatArray) -> float:
    """0 for shut lids to 1, from their ``(16, 2)`` outline that begins at one corner."""
    return _open(outline, *EYE_OPEN)


def _open(outline: FloatArray, low: float, high: float) -> float:
    """0 for a shut, 1 for an open outline, by its area over the square of its width."""
    span = _span(outline)
    t = min(max((_area(outline) / (span * span) - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def gap(outline: FloatArray) -> float:
    """Mean height of an outline that begins at one corner: its area over its width."""
    return _area(outline) / _span(outline)


def _area(outline: FloatArray) -> float:
    return float(cv2.contourArea(outline.astype(np.float32, copy=False)))


def _span(outline: FloatArray) -> float:
    """From one corner to the other."""
    return max(math.dist(*outline[[0, len(outline) // 2]].tolist()), 1e-3)


def _add(mask: FloatArray, outline: FloatArray, sigma: float, strength: float) -> None:
    """Paint a soft polygon into the mask, by maximum."""
    if strength <= 0:
        return
    found = _soft(mask.shape[::-1], outline, sigma, strength)
    if found is not None:
        view = mask[found[0]]
        np.maximum(view, found[1], out=view)


def _keep_out(mask: FloatArray, outline: FloatArray, sigma: float, strength: float) -> None:
    """Take a soft polygon out of the mask."""
    found = _soft(mask.shape[::-1], outline, sigma, strength) if strength > 0 else None
    if found is not None:
        mask[found[0]] *= 1 - found[1]


def _soft(
    size: tuple[int, ...], outline: FloatArray, sigma: float, strength: float = 1.0
) -> tuple[tuple[slice, slice], FloatArray] | None:
    """A soft polygon, and the rows and columns of a picture that it lies in; ``None`` outside of it."""
    width, height = size
    fixed = np.rint(outline * (1 << _SUBPIXEL)).astype(np.int32)
    reach = math.ceil(3 * sigma) + 1
    left, top, wide, high = cv2.boundingRect(fixed)
    x0, y0 = max((left >> _SUBPIXEL) - reach, 0), max((top >> _SUBPIXEL) - reach, 0)
    x1 = min((left + wide >> _SUBPIXEL) + reach + 2, width)
    y1 = min((top + high >> _SUBPIXEL) + reach + 2, height)
    if x1 <= x0 or y1 <= y0:
        return None
    part = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(part, [fixed], 255, cv2.LINE_AA, _SUBPIXEL, (-x0 << _SUBPIXEL, -y0 << _SUBPIXEL))
    return (slice(y0, y1), slice(x0, x1)), blurred(part, sigma) * np.float32(strength / 255)
