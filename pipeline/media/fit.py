"""Bringing a frame to the pixel format of the encoder, with the colours it is tagged with."""

from __future__ import annotations

import av

from pipeline.media.colour import FULL_RANGE, LIMITED_RANGE
from pipeline.media.frames import copy_tags
from pipeline.media.layout import Layout, layout_of, planar_name
from pipeline.media.planes import plane_view

_BT709, _SMPTE170M, _RGB = 1, 6, 0


def fit(frame: av.VideoFrame, layout: Layout, name: str, limited: bool = False) -> av.VideoFrame:
    """`frame` (of `layout`) in format `name`; the frame itself where that is its format already.

    Args:
        limited: bring samples that use their full range to the limited one.
    """
    full = _range(frame, layout) == FULL_RANGE
    if frame.format.name == name and not (limited and full):
        return frame
    target = layout_of(planar_name(name))
    assert target is not None
    if layout.family == "grey" and target.family == "yuv" and target.depth == layout.depth:
        grey = _with_grey_chroma(frame, layout, target)
        return fit(grey, target, name, limited)
    if layout.family == "gbr" and target.family == "yuv":
        matrix = rgb_matrix(frame.width, frame.height)
        fitted = frame.reformat(format=name, dst_colorspace=_sws(matrix), dst_color_range=LIMITED_RANGE)
        copy_tags(frame, fitted)
        fitted.colorspace, fitted.color_range = matrix, LIMITED_RANGE
        return fitted
    # The matrix stays as it is, and so does the range, where it may: sws is told the same for both sides.
    before = _range(frame, layout)
    after = LIMITED_RANGE if limited else before
    fitted = frame.reformat(format=name, src_color_range=before, dst_color_range=after)
    copy_tags(frame, fitted)
    if after != before:
        fitted.color_range = after
    return fitted


def rgb_matrix(width: int, height: int) -> int:
    """The matrix that RGB is encoded with: what players assume for the size."""
    return _BT709 if width >= 1280 or height > 576 else _SMPTE170M


def _sws(matrix: int) -> int:
    return {_BT709: 1, _SMPTE170M: 5}[matrix]


def _range(frame: av.VideoFrame, layout: Layout) -> int:
    return FULL_RANGE if layout.full or frame.color_range == FULL_RANGE else LIMITED_RANGE


def _with_grey_chroma(frame: av.VideoFrame, layout: Layout, target: Layout) -> av.VideoFrame:
    """The same luma, with chroma planes that say "no colour"."""
    fitted = av.VideoFrame(frame.width, frame.height, target.name)
    plane_view(fitted, 0, target)[:] = plane_view(frame, 0, layout)
    for plane in (1, 2):
        plane_view(fitted, plane, target)[:] = 1 << (target.depth - 1)
    copy_tags(frame, fitted)
    return fitted
