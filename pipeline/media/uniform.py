"""Frames of a video that changes its size or format on the way, brought to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av

from pipeline.media.frames import copy_tags


def uniform(
    frames: Iterator[av.VideoFrame], note: Callable[[str], None], shape: tuple[int, int, str] | None = None
) -> Iterator[av.VideoFrame]:
    """The same frames, in order; those of another size or format are brought to `shape`.

    Args:
        note: told a sentence for the user where any was.
        shape: width, height and FFmpeg's name of the format; the first frame's when ``None``.
    """
    for frame in frames:
        found = (frame.width, frame.height, frame.format.name)
        if shape is None:
            shape = found
        if found != shape:
            scaled = frame.reformat(*shape)
            copy_tags(frame, scaled)
            note("The video changes its frame size or format on the way; all was brought to the first one.")
            frame = scaled
        yield frame
