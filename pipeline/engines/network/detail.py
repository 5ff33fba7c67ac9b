"""Fine detail that a network's few pixels cannot hold: crisper edges, the frame's own where little changed, and the
photo's."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.network.crop import lay_back
from pipeline.engines.network.masks import smooth
from pipeline.mesh import FaceView, topology
from pipeline.types import FloatArray, ImageArray, Rendering

UNCHANGED = 5.0
"""Grey levels: the less a network has changed of a pixel, compared to this, the more of the frame's own texture is
kept there."""
TINTED = (0.75, 1.33)
"""What the middle of the face may have become darker or lighter by, channel by channel, to count as so only tinted."""
FINEST = 1.2
"""Blur (sigma) in pixels of the frame below which nothing is taken for detail of the photo."""
DEEPEST = 0.09
"""Pores and fine lines come over as they are; what is deeper in the photo, such as folds, by no more than this: it lies
where the mesh has it, and the network has its own a little beside."""
ROWS = 64
"""Rows of a large picture that are worked on at a time, so that what is between two steps stays near the processor."""
CRISP, ENLARGED = 0.6, 2.5
"""By how much edges are made steeper in a crop that is enlarged so many times or more."""
EDGES = (1.0, 5.0)
"""Grey levels beside its surroundings from which on a pixel is part of an edge, and is so wholly: lids, lips and brows
are, blotches of the skin are not."""


def crisper(swapped: FloatArray, same: FloatArray, fineness: float) -> FloatArray:
    """The crop with steeper edges, where it is about to be enlarged and the network has changed the face.

    Args:
        swapped: the crop as the network gave it.
        same: see `unchanged`.
        fineness: pixels of the crop per pixel of the frame.
    """
    amount = CRISP * float(np.clip((1 / fineness - 1) / (ENLARGED - 1), 0, 1))
    if amount < 0.02:
        return swapped
    edges = swapped - cv2.GaussianBlur(swapped, (0, 0), 1.0)
    share = smooth(_largest(edges), *EDGES) * (1 - same) * np.float32(amount)
    return np.asarray(np.clip(swapped + edges * share[..., None], 0, 255), np.float32)


def with_texture(
    image: ImageArray, same: FloatArray, aligned: ImageArray, matrix: FloatArray, frame: ImageArray
) -> ImageArray:
    """`image` with what the crop could not hold of the frame (pores, grain), where the network left the face as it
    was.

    Args:
        image: the network's face in the frame's pixels.
        same: see `unchanged`.
        aligned: the crop as it was.
        matrix: ``(2, 3)`` from the frame to the crop.
    """
    if float(same.max()) < 0.02:
        return image
    size = (frame.shape[1], frame.shape[0])
    # The share goes along as a fourth channel, which costs nothing. In 128ths, and whole numbers of 16 bits: four times
    # as quick as single precision, and as exact as pixels need.
    held = lay_back(cv2.merge([*cv2.split(aligned), cv2.convertScaleAbs(same, alpha=128)]), matrix, size)
    result = np.empty_like(image)
    for top in range(0, len(image), ROWS):
        rows = slice(top, top + ROWS)
        share = cv2.cvtColor(cv2.extractChannel(held[rows], 3), cv2.COLOR_GRAY2BGR)
        kept = frame[rows].astype(np.int16)
        kept -= cv2.cvtColor(held[rows], cv2.COLOR_BGRA2BGR)
        kept *= share
        kept += 64
        kept >>= 7
        kept += image[rows]
        result[rows] = cv2.convertScaleAbs(cv2.max(kept, 0))
    return result


def unchanged(swapped: FloatArray, aligned: ImageArray) -> FloatArray:
    """How little the network has changed of each pixel: ``(s, s)`` float32, 0 to 1. What it has only made lighter or
    warmer along with the whole face, which is taken back later, is not changed.

    Args:
        swapped, aligned: the crop as the network gave it, and as it was.
    """
    size, was = aligned.shape[0] // 4, aligned.astype(np.float32)
    ours, theirs = (picture[size:-size:4, size:-size:4].reshape(-1, 3) + np.float32(4) for picture in (swapped, was))
    gain = np.clip(np.median(theirs / ours, axis=0), *TINTED).astype(np.float32)
    change = cv2.min(_largest(swapped - was), _largest(swapped * gain - was))
    return np.exp(-((cv2.blur(change, (3, 3)) / np.float32(UNCHANGED)) ** 2)).astype(np.float32)


def _largest(picture: FloatArray) -> FloatArray:
    """``(h, w)``: the largest of three channels, whatever its sign. Much quicker than numpy's reduction."""
    first, second, third = cv2.split(np.abs(picture))
    return cv2.max(first, cv2.max(second, third))


def with_photo_detail(
    image: ImageArray, photo: Rendering, view: FaceView, fineness: float, strength: float
) -> ImageArray:
    """`image` with the detail of bare skin in the mesh engine's rendering that is finer than the network's pixels.

    The photo's detail is taken as a ratio to its own blurred self, so that its light and colour do not matter: shape
    and light stay the network's.

    Args:
        photo: the mesh engine's rendering of `view`, in the same pixels.
        fineness: pixels of the network's crop per pixel of the frame.
        strength: 0 to 1.
    """
    sigma = max(FINEST, 0.6 / fineness)
    luma = cv2.cvtColor(photo.image, cv2.COLOR_BGR2GRAY).astype(np.float32) + np.float32(6)
    detail = np.tanh((luma / cv2.GaussianBlur(luma, (0, 0), sigma) - 1) / np.float32(DEEPEST)) * np.float32(DEEPEST)
    share = view.enlarge(view.to_middle(photo.coverage) * view.to_middle(view.fold(topology().skin)))
    if photo.openings is not None:
        share = share * (1 - photo.openings)
    gain = 1 + detail * share * np.float32(strength)
    return np.asarray(cv2.multiply(image, cv2.merge([gain.astype(np.float32)] * 3), dtype=cv2.CV_8U), np.uint8)
