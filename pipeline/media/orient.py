"""Turning what is stored upright: EXIF orientations of pictures and display matrices of videos.

Both are one of the eight ways to lay a rectangle on itself. Each is told as ``(quarters, mirrored)``: mirror left to
right first, then turn clockwise by quarters. Turning moves samples about and changes none.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.media.frames import copy_tags, to_planar
from pipeline.media.layout import layout_of, planar_name, rotated_name
from pipeline.media.planes import plane_view

_CODES = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class Turn:
    """Mirror left to right if `mirrored`, then turn clockwise by `quarters` times 90 degrees."""

    quarters: int = 0
    mirrored: bool = False

    @property
    def swaps(self) -> bool:
        """Whether width and height change places."""
        return self.quarters % 2 == 1

    def __bool__(self) -> bool:
        return self.quarters != 0 or self.mirrored


_EXIF = {
    1: Turn(),
    2: Turn(0, True),
    3: Turn(2),
    4: Turn(2, True),
    5: Turn(3, True),
    6: Turn(1),
    7: Turn(1, True),
    8: Turn(3),
}


def exif_turn(orientation: int) -> Turn:
    """The turn for an EXIF orientation; unknown numbers count as upright."""
    return _EXIF.get(orientation, Turn())


def matrix_turn(matrix: bytes) -> Turn:
    """The turn for a display matrix (nine int32); one that is no multiple of a quarter counts as upright.

    The matrix takes stored ``(x, y)`` to shown ``(a x + c y, b x + d y)``.
    """
    if len(matrix) < 36:
        return Turn()
    a, b, _, c, d = struct.unpack("=9i", matrix[:36])[:5]
    scale = max(abs(a), abs(b), abs(c), abs(d))
    if scale == 0:
        return Turn()
    signs = tuple(round(value / scale) for value in (a, b, c, d))
    turns = {
        (1, 0, 0, 1): Turn(),
        (0, 1, -1, 0): Turn(1),
        (-1, 0, 0, -1): Turn(2),
        (0, -1, 1, 0): Turn(3),
        (-1, 0, 0, 1): Turn(0, True),
        (0, -1, -1, 0): Turn(1, True),
        (1, 0, 0, -1): Turn(2, True),
        (0, 1, 1, 0): Turn(3, True),
    }
    return turns.get(signs, Turn())


def turn_array(array: NDArray[Any], turn: Turn) -> NDArray[Any]:
    """`array` of shape ``(height, width[, channels])``, turned."""
    if turn.mirrored:
        array = np.asarray(cv2.flip(array, 1))
    if turn.quarters:
        array = np.asarray(cv2.rotate(array, _CODES[turn.quarters]))
    return array


def turn_frame(frame: av.VideoFrame, turn: Turn) -> av.VideoFrame:
    """`frame` with its planes turned, timestamps and tags kept.

    4:2:2 turned by a quarter becomes 4:4:0; subsampling that has no such sibling is brought to 4:4:4 first.
    """
    if not turn:
        return frame
    layout = layout_of(planar_name(frame.format.name))
    assert layout is not None
    name = rotated_name(layout) if turn.swaps else layout.name
    if "444" in name and layout.name != name:
        layout = layout_of(name)
        assert layout is not None
    if frame.format.name != layout.name:
        frame = to_planar(frame, layout.name)
    size = (frame.height, frame.width) if turn.swaps else (frame.width, frame.height)
    turned = av.VideoFrame(size[0], size[1], name)
    target = layout_of(name)
    assert target is not None
    for plane in range(layout.planes):
        plane_view(turned, plane, target)[:] = turn_array(plane_view(frame, plane, layout), turn)
    copy_tags(frame, turned)
    return turned
