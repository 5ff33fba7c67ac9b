"""A frame of anything as a picture of its own."""

from __future__ import annotations

import numpy as np

from pipeline.media.frames import VideoFrame
from pipeline.media.picture import Picture
from pipeline.media.planes import deep_bgr, plane_view
from pipeline.types import Frame


def frame_picture(frame: Frame) -> Picture:
    """A frame as a picture of its own: with 16 bits where the video has more than 8, and its transparency."""
    if isinstance(frame, Picture):
        return frame
    assert isinstance(frame, VideoFrame)
    layout = frame.layout
    alpha = plane_view(frame.native, layout.planes - 1, layout) if layout.alpha else None
    if layout.depth == 8:
        return Picture(frame.image(), None if alpha is None else alpha.copy(), index=frame.index, time=frame.time)
    most = (1 << layout.depth) - 1
    cover = None if alpha is None else np.rint(alpha * (65535.0 / most)).astype(np.uint16)
    return Picture(deep_bgr(frame.native, layout, frame.colour), cover, index=frame.index, time=frame.time)
