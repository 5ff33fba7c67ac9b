"""Rims of glasses lifted off the target and laid over the new face.

Within the breadth in which rims are looked for, skin and brows show beside them, and a rim's own border is half skin.
Copied as it is, that is a rim on a strip of the target's face. So each pixel is taken for a mixture of the rim and of
what lies behind it (Porter & Duff 1984; Smith & Blinn, "Blue Screen Matting", 1996): what is behind is known from
beside the rim, how much a rim differs from that from where it does so most, and the share of both from how far the
pixel is from the one to the other. What was behind it then becomes the new face.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.paste import blend
from pipeline.mesh import FaceView
from pipeline.mesh.maps import ramp, thrice
from pipeline.models.face_mesh import VERTICES
from pipeline.types import FloatArray, ImageArray

ACROSS = 115.0
"""Texels of the map of rims that a face is wide."""
BESIDE, ALONG = 2.5, 3.5
"""How far what lies beside a rim tells what is behind it (blur's sigma), and how far along a rim is alike (half of the
width of a square), in those texels."""
LEAST = 0.02
"""How much of a rim is worth to be shown."""
ROOM = 16
"""Texels about rims within which there is a vertex of the mesh to each side."""
NOISE, FAINT = 2.5, 6.0
"""Grey levels by which a place differs that is not the rim yet, and which are added to what a rim differs by."""
WHOLE = 0.8
"""A place is all rim that differs by so much of what the rim does."""
CLEARLY = 30
"""Grey levels by which a place differs at most to be all rim, but beside one that does more so: black plastic shines,
and is no glass where it does."""
VISIBLE = 0.7
"""From such a share on a rim is shown with all its detail."""
CREST = 1.0
"""Blur radius (sigma), in texels, in which the middle line of a rim is found: there it is whole where it looks like the
skin behind it, too."""
BROAD, FILLED = 9, (0.45, 0.60)
"""Side of a square, in texels, and how much of it is rim where something has no middle line any longer, and none."""
_THREE, _FIVE = np.ones((3, 3), np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_LENGTH = np.full((1, 3), 3**-0.5, np.float32)


def put_on(face: ImageArray, through: ImageArray, rims: FloatArray, view: FaceView) -> None:
    """Lay the target's rims over the new face, which is changed in place.

    Args:
        face, through: ``(h, w, 3)`` uint8 BGR, the new face and the target, both of the crop's size.
        rims: ``(192, 192)`` float32 over the atlas, 1 on the rims.
    """
    around = _extent(rims, ROOM)
    part = view.where(around, len(rims))
    if part[0].stop == 0 or part[1].stop == 0:
        return
    mask = view.fold_fine(rims, part)
    rows, columns = _extent(mask, 0)
    if rows.stop == 0:  # nothing is worn, or it lies beyond the picture
        return
    mask = np.ascontiguousarray(mask[rows, columns])
    part = _shifted(rows, part[0].start), _shifted(columns, part[1].start)
    crest = np.zeros_like(rims)
    crest[around] = _crest(rims[around])
    texel = max(float(np.ptp(view.own[:VERTICES, 0])) / ACROSS, 1.0)
    theirs, ours = through[part], face[part]
    behind = _behind(theirs, mask, texel)
    share = cv2.max(_share(cv2.absdiff(theirs, behind), mask, texel), view.fold_fine(crest, part))
    shown = mask * np.minimum(share * np.float32(1 / VISIBLE), 1)
    face[part] = blend(ours, _before(ours, theirs, behind, share), shown)


def _before(ours: ImageArray, theirs: ImageArray, behind: ImageArray, share: FloatArray) -> ImageArray:
    """Rims before the new face: theirs = share * rim + (1 - share) * behind, and rim and share stay."""
    # Among bytes, in a quarter of the time: of what is lighter and what is darker one is always nothing.
    rest = thrice(cv2.convertScaleAbs(1 - share, alpha=255))
    new, old = (cv2.multiply(each, rest, scale=1 / 255) for each in (ours, behind))
    lighter, darker = cv2.subtract(new, old), cv2.subtract(old, new)
    lifted: ImageArray = cv2.subtract(cv2.add(theirs, lighter), darker)
    return lifted


def _extent(rims: FloatArray, room: int) -> tuple[slice, slice]:
    """Rows and columns in which there are some, with room about them."""
    x, y, width, height = cv2.boundingRect((rims > LEAST).view(np.uint8))
    if width == 0:
        return slice(0, 0), slice(0, 0)
    return slice(max(y - room, 0), y + height + room), slice(max(x - room, 0), x + width + room)


def _shifted(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


def _behind(theirs: ImageArray, mask: FloatArray, texel: float) -> ImageArray:
    """``(h, w, 3)`` uint8: what lies behind the rims, from beside them (normalised convolution, Knutsson & Westin
    1993)."""
    (height, width), cell = mask.shape, round(texel)
    beside = cv2.bitwise_not(cv2.dilate(cv2.convertScaleAbs(mask, alpha=255), _THREE))
    bare = cv2.multiply(theirs, cv2.cvtColor(beside, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    # It varies slowly: a pixel per texel shows all of it. Whole ones: what does not divide is reduced many times as
    # slowly, so the last few pixels go without.
    size = max(1, width // cell), max(1, height // cell)
    small = (
        cv2.resize(each[: size[1] * cell, : size[0] * cell], size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for each in (bare, beside)
    )
    total, mass = (cv2.GaussianBlur(each, (0, 0), BESIDE * texel / cell) for each in small)
    mean = cv2.divide(total, thrice(mass + np.float32(1e-2)), scale=255, dtype=cv2.CV_8U)
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _share(beyond: ImageArray, mask: FloatArray, texel: float) -> FloatArray:
    """``(h, w)``: how much of what is seen is rim, 0 to 1.

    Args:
        beyond: ``(h, w, 3)`` uint8, how much it differs from what lies behind.
    """
    differs = cv2.transform(beyond.astype(np.float32), _LENGTH)
    side = 2 * round(ALONG * texel) + 1
    rim = cv2.multiply(differs, mask, dtype=cv2.CV_8U)
    most = cv2.dilate(rim, np.ones((side, side), np.uint8))
    unlike = cv2.max(cv2.blur(cv2.min(most, CLEARLY), (side, side)), cv2.dilate(rim, _THREE)).astype(np.float32)
    share = (differs - np.float32(NOISE)) / (np.float32(WHOLE) * (unlike + np.float32(FAINT)))
    # Pixel by pixel it is as ragged as what lies behind is uncertain.
    return cv2.GaussianBlur(np.clip(share, 0, 1), (3, 3), 0)


def _crest(rims: FloatArray) -> FloatArray:
    """1 along the middle of what is as narrow as a rim."""
    broad = cv2.GaussianBlur(rims, (0, 0), CREST)
    crest = cv2.divide(broad, cv2.max(cv2.dilate(broad, _FIVE), 0.05))
    for _ in range(2):
        crest *= crest
    filled = cv2.boxFilter(rims, -1, (BROAD, BROAD))
    return np.asarray(crest * np.minimum(2 * rims, 1) * ramp(-filled, -FILLED[1], -FILLED[0]), np.float32)
