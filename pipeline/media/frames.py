"""A frame of a video, in the decoder's own pixel format.

Reading converts only the planes under the region asked for; changing adds only the difference. What is not changed
reaches the encoder as the decoder gave it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

from pipeline.media import planes, shading
from pipeline.media.colour import Colour, colour_of
from pipeline.media.layout import Layout, layout_of, planar_name
from pipeline.types import Box, ImageArray, Shade

_FULL_WHEN_GREY = ("ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "png", "mjpeg")


class VideoFrame:
    """One upright frame of a video; implements `pipeline.types.Frame`.

    Attributes:
        native: the frame that goes to the encoder. Do not write into it.
        pts, duration: in units of `time_base`; `duration` is 0 where it is unknown.
    """

    def __init__(
        self,
        native: av.VideoFrame,
        index: int,
        time: float,
        pts: int,
        duration: int,
        time_base: Fraction,
        codec: str = "",
    ) -> None:
        name = planar_name(native.format.name)
        self.native = native if name == native.format.name else to_planar(native, name)
        layout = layout_of(name)
        assert layout is not None
        self._layout: Layout = layout
        self._colour = frame_colour(self.native, layout, codec)
        self._own = self.native is not native
        self._miniature: ImageArray | None = None
        self._index, self._time = index, time
        self.pts, self.duration, self.time_base = pts, duration, time_base

    @property
    def index(self) -> int:
        return self._index

    @property
    def time(self) -> float:
        return self._time

    @property
    def width(self) -> int:
        return int(self.native.width)

    @property
    def height(self) -> int:
        return int(self.native.height)

    @property
    def changed(self) -> bool:
        """Whether `change` was called; until then `native` is what the decoder (or the rotation) gave."""
        return self._own

    @property
    def colour(self) -> Colour:
        return self._colour

    @property
    def layout(self) -> Layout:
        return self._layout

    def image(self) -> ImageArray:
        """The whole frame as ``(height, width, 3)`` BGR uint8; a copy."""
        return planes.region_bgr(self.native, self._layout, self._colour, (0, 0, self.width, self.height))

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """BGR uint8 of the part under `box`, grown to whole chroma samples and clipped, and its top-left ``(x, y)``.

        A box outside of the frame gives an empty array.
        """
        step_x, step_y = 1 << self._layout.shift_x, 1 << self._layout.shift_y
        x0 = min(max(0, math.floor(box.x0)), self.width) // step_x * step_x
        y0 = min(max(0, math.floor(box.y0)), self.height) // step_y * step_y
        x1 = min(self.width, -(-math.ceil(box.x1) // step_x) * step_x)
        y1 = min(self.height, -(-math.ceil(box.y1) // step_y) * step_y)
        if x1 <= x0 or y1 <= y0 or box.x0 >= self.width or box.y0 >= self.height:
            return np.empty((0, 0, 3), np.uint8), (x0, y0)
        return planes.region_bgr(self.native, self._layout, self._colour, (x0, y0, x1, y1)), (x0, y0)

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """``(h, w)`` uint8 of the luma (the green of RGB) under `box`, clipped, and its top-left ``(x, y)``; a copy."""
        x0, y0 = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
        x1, y1 = min(self.width, math.ceil(box.x1)), min(self.height, math.ceil(box.y1))
        if x1 <= x0 or y1 <= y0:
            return np.empty((0, 0), np.uint8), (x0, y0)
        return planes.luma_part(self.native, self._layout, (x0, y0, x1, y1)), (x0, y0)

    def small(self, longest: int) -> ImageArray:
        """The whole frame as BGR uint8 with at most so many pixels on its longer side."""
        size = planes.within(self.width, self.height, longest)
        return planes.small_bgr(self.native, self._layout, self._colour, size)

    def luma(self) -> ImageArray:
        """``(36, 64)`` uint8. Do not write into it."""
        if self._miniature is None:
            self._miniature = planes.luma_miniature(self.native, self._layout)
        return self._miniature

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        """Add ``after - before`` at `origin`, which has to lie on whole chroma samples, as `region` returns it.

        Raises:
            ValueError: shapes differ, or the region leaves the frame or starts between chroma samples.
        """
        (x, y), (height, width) = origin, before.shape[:2]
        if before.shape != after.shape or before.ndim != 3:
            raise ValueError("before and after must have the same shape")
        if before.size == 0:
            return
        if x < 0 or y < 0 or x + width > self.width or y + height > self.height:
            raise ValueError("the region leaves the frame")
        if x % (1 << self._layout.shift_x) or y % (1 << self._layout.shift_y):
            raise ValueError("the region starts between chroma samples")
        # Copies when the decoder or the encoder still refers to the samples, so no view may outlive this line.
        self.native.make_writable()
        self._own, self._miniature = True, None
        planes.add_difference(self.native, self._layout, self._colour, origin, before, after)

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        """``(height, width)`` uint8 of ``(width, height)``."""
        return planes.reduced_luma(self.native, self._layout, size)

    def restore(self, corner: tuple[int, int], samples: Sequence[planes.Samples]) -> None:
        """Put samples of all planes but alpha in the place of the frame's own, the top left of the first at `corner`,
        which has to lie on whole chroma samples: what `change` made of the same part elsewhere."""
        self.native.make_writable()
        self._own, self._miniature = True, None
        for plane, part in enumerate(samples):
            across, down = self._layout.shifts(plane)
            x, y, (height, width) = corner[0] >> across, corner[1] >> down, part.shape
            planes.plane_view(self.native, plane, self._layout)[y : y + height, x : x + width] = part

    def shade(self, shade: Shade) -> None:
        """Lighten and darken the luma (every plane of RGB); see `pipeline.types.Frame`."""
        self.native.make_writable()
        self._own, self._miniature = True, None
        shading.shade(self.native, self._layout, shade)


def frame_colour(frame: av.VideoFrame, layout: Layout, codec: str) -> Colour:
    """The `Colour` of a planar frame. Untagged grey is full range where the codec knows no other."""
    full = layout.full or (layout.family == "grey" and codec in _FULL_WHEN_GREY)
    return colour_of(frame.colorspace, frame.color_range, frame.width, frame.height, layout.depth, full)


def to_planar(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    """The same samples in planar order; keeps timestamps and tags."""
    moved = frame.reformat(format=name)
    copy_tags(frame, moved)
    return moved


def copy_tags(source: av.VideoFrame, target: av.VideoFrame) -> None:
    """Give `target` the timestamps and colour tags of `source`."""
    if source.time_base is not None:
        target.time_base = source.time_base
    for tag in ("pts", "duration", "colorspace", "color_range", "color_trc", "color_primaries"):
        setattr(target, tag, getattr(source, tag))
