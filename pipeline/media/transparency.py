"""What shows through a frame, for those who look at it: samples under full transparency are anything at all."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.media.frames import VideoFrame
from pipeline.media.picture import Picture
from pipeline.media.planes import plane_view
from pipeline.types import Frame, ImageArray

_SQUARE = 12
_LIGHT, _DARK = 255, 214
"""Pixels and grey levels of the chequered ground that editors show behind what is transparent."""


def cover_of(frame: Frame) -> ImageArray | None:
    """``(height, width)`` uint8, 255 where a frame is opaque; ``None`` where it is so everywhere. A copy."""
    samples, depth = None, 8
    if isinstance(frame, Picture):
        samples, depth = frame.alpha, 16 if frame.deep else 8
    elif isinstance(frame, VideoFrame) and frame.layout.alpha:
        samples, depth = plane_view(frame.native, frame.layout.planes - 1, frame.layout), frame.layout.depth
    if samples is None or int(samples.min()) >= (1 << depth) - 1:
        return None
    if depth == 8:
        return np.array(samples, np.uint8)
    return np.asarray(cv2.convertScaleAbs(samples, alpha=255.0 / ((1 << depth) - 1)), np.uint8)


def on_squares(image: ImageArray, cover: ImageArray | None) -> ImageArray:
    """BGR uint8 ``(height, width, 3)`` with a chequered ground where `cover`, of the same size, lets it through."""
    if cover is None:
        return image
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    light = (rows // _SQUARE + columns // _SQUARE) % 2 == 0
    ground = np.where(light, _LIGHT, _DARK).astype(np.float32)[:, :, None]
    return _blended(image, cover, ground)


def on_white(image: ImageArray, cover: ImageArray | None) -> ImageArray:
    """The same on white, as what cannot hold transparency is written."""
    return image if cover is None else _blended(image, cover, np.full((1, 1, 1), 255.0, np.float32))


def _blended(image: ImageArray, cover: ImageArray, ground: np.ndarray) -> ImageArray:
    weight = cover.astype(np.float32)[:, :, None] / 255.0
    return np.rint(image * weight + ground * (1.0 - weight)).astype(np.uint8)
