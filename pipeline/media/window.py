"""Part of a video's frame, apart from it: what another process gets of a frame, changes, and gives back.

Samples are copied as they are, in the frame's own pixel format, so that reading and changing the part gives what
reading and changing the frame would have given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av

from pipeline.media.colour import Colour
from pipeline.media.frames import VideoFrame
from pipeline.media.planes import Samples, plane_view
from pipeline.types import Box, ImageArray

_STEP = 8
"""Pixels whose multiples windows begin at: whole chroma samples of every format."""
_AROUND = 8
"""Pixels beside what is asked for: where chroma is enlarged, the samples next to it count."""


@dataclass(frozen=True, eq=False)
class Window:
    """
    Attributes:
        index, time: of the frame, see `pipeline.types.Frame`.
        corner: ``(x, y)`` of its top left in the frame.
        size: ``(width, height)`` in pixels; nothing of the frame where it is ``(0, 0)``.
        layout: FFmpeg's name of the planar pixel format.
        colour: of the frame.
        planes: ``(h, w)`` uint8 or uint16 each, but for alpha.
    """

    index: int
    time: float
    corner: tuple[int, int]
    size: tuple[int, int]
    layout: str
    colour: Colour
    planes: tuple[Samples, ...]


def taken(frame: VideoFrame, areas: Sequence[Box]) -> Window:
    """The part of a frame that reading regions under any of `areas`, and changing them, has to do with; a copy."""
    x0, y0, x1, y1 = _bounds(frame, areas)
    planes = tuple(view.copy() for view in _views(frame, (x0, y0), (x1 - x0, y1 - y0))) if x1 > x0 and y1 > y0 else ()
    size = (x1 - x0, y1 - y0) if planes else (0, 0)
    return Window(frame.index, frame.time, (x0, y0), size, frame.layout.name, frame.colour, planes)


def _bounds(frame: VideoFrame, areas: Sequence[Box]) -> tuple[int, int, int, int]:
    if not areas:
        return 0, 0, 0, 0
    low = min(area.x0 for area in areas), min(area.y0 for area in areas)
    high = max(area.x1 for area in areas), max(area.y1 for area in areas)
    x0, y0 = (max(0, math.floor((side - _AROUND) / _STEP) * _STEP) for side in low)
    x1, y1 = (
        min(length, math.ceil((side + _AROUND) / _STEP) * _STEP)
        for side, length in zip(high, (frame.width, frame.height), strict=True)
    )
    return x0, y0, x1, y1


def _views(frame: VideoFrame, corner: tuple[int, int], size: tuple[int, int]) -> list[Samples]:
    """What of each plane lies under a window, sharing memory with the frame."""
    layout, (x, y), (width, height) = frame.layout, corner, size
    views = []
    for plane in range(layout.planes - layout.alpha):
        across, down = layout.shifts(plane)
        rows, columns = slice(y >> down, -(-(y + height) >> down)), slice(x >> across, -(-(x + width) >> across))
        views.append(plane_view(frame.native, plane, layout)[rows, columns])
    return views


class WindowFrame(VideoFrame):
    """The frame that a window was taken of, for what reads and changes no other part of it.

    Regions and places to change are told in pixels of that frame; all else (size, `image`, `small`, …) is the window's.
    """

    def __init__(self, window: Window) -> None:
        width, height = window.size
        # A frame has at least one sample; of nothing, nothing is ever read.
        native = av.VideoFrame(max(width, 1), max(height, 1), window.layout)
        super().__init__(native, window.index, window.time, 0, 0, Fraction(1))
        self._colour, self._window = window.colour, window
        for view, samples in zip(_views(self, (0, 0), window.size), window.planes, strict=bool(window.planes)):
            view[:] = samples

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        image, (x, y) = super().region(self._moved(box))
        return image, (x + self._window.corner[0], y + self._window.corner[1])

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        image, (x, y) = super().luma_region(self._moved(box))
        return image, (x + self._window.corner[0], y + self._window.corner[1])

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        super().change((origin[0] - self._window.corner[0], origin[1] - self._window.corner[1]), before, after)

    def samples(self) -> tuple[Samples, ...]:
        """Its planes as they are now; copies."""
        return tuple(view.copy() for view in _views(self, (0, 0), self._window.size))

    def _moved(self, box: Box) -> Box:
        # Whole numbers come off without rounding, so that what lies under a box stays the same.
        x, y = self._window.corner
        return Box(box.x0 - x, box.y0 - y, box.x1 - x, box.y1 - y)
