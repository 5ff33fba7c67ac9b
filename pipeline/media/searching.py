"""Finding a place in the middle of a video without reading all that lies before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain

import av
import av.error

_BACK = (1, 4, 16)
"""Seconds before a place in a recording at which it is searched for. There is no index: what lies there comes first,
and decoding begins with the key frame after that."""
_CLEAR = Fraction(1, 4)
"""Seconds between that key frame and the place: pictures just before it were drawn after others that were not read."""


def sought(
    first: Fraction | int | float, base: Fraction, recording: bool, decoded: Callable[[int], Iterator[av.VideoFrame]]
) -> Iterator[av.VideoFrame] | None:
    """Decoded frames from a key frame before timestamp `first`; ``None`` where it cannot be found.

    Args:
        base: seconds of one unit of timestamps.
        recording: the container has no index (see `pipeline.media.damage.RECORDINGS`).
        decoded: opens the video anew, looks for a timestamp, and decodes from there; raises FFmpeg's errors where the
            container cannot be searched.
    """
    second = 1 / base
    for back in _BACK if recording else (0,):
        try:
            frames = decoded(int(first - back * second))
        except av.error.FFmpegError:
            return None
        head = next(frames, None)
        # Others land too late, or nowhere, where they have no index either.
        if head is not None and head.pts is not None and head.pts <= first - (_CLEAR * second if recording else 0):
            return chain((head,), frames)
    return None
