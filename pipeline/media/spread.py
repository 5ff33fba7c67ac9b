"""Some frames of a file, spread over its length: enough to judge the whole by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.errors import RecastError
from pipeline.media.image import read_picture
from pipeline.media.open import open_target
from pipeline.types import Frame, MediaInfo, MediaLimits

_NEAR = 8
"""A video with fewer frames than so many times those wanted is read through: looking for each place takes longer."""


def spread(
    info: MediaInfo,
    limits: MediaLimits,
    looks: int,
    start: float | None = None,
    end: float | None = None,
    *,
    thorough: bool = False,
) -> Iterator[Frame]:
    """A picture, or about so many frames of a video or animation, evenly between two moments of it.

    Args:
        start, end: seconds; ``None`` for its beginning and end.
        thorough: where a place cannot be sprung to, the file is read through instead of leaving that place out.

    Raises:
        RecastError: not even its first frame can be read.
    """
    if info.kind == "image":
        yield read_picture(info.path, limits)
        return
    begin, over = start or 0.0, min(end or float("inf"), info.duration or 0.0)
    frames = round((info.frames or 0) * (over - begin) / info.duration) if info.duration and over > begin else 0
    if info.kind == "animation" or frames <= _NEAR * looks:
        yield from _through(info, limits, looks, start, end, frames)
        return
    for look in range(looks):
        moment = begin + (over - begin) * (look + 0.5) / looks
        try:
            with open_target(info.path, info, start=moment, limits=limits) as reader:
                read: Iterable[Frame] = reader
                yield next(iter(read))
        except (RecastError, StopIteration):
            if thorough:
                yield from _through(info, limits, looks, start, end, frames)
                return
            if look == 0:
                raise


def _through(
    info: MediaInfo, limits: MediaLimits, looks: int, start: float | None, end: float | None, frames: int
) -> Iterator[Frame]:
    """Of as many frames as there may be, each so many; of an unknown number, the first ones and then one a second."""
    every = max(1, frames // looks) if frames else max(1, round(info.rate or 25))
    with open_target(info.path, info, start, end, limits) as reader:
        read: Iterable[Frame] = reader
        for number, frame in enumerate(read):
            if number % every == 0 or (not frames and number < looks):
                yield frame
