"""Frames of a reader as RGB pictures at moments of time, which is how MoviePy wants to have them, and back."""

from __future__ import annotations

import threading

import av
import cv2
import numpy as np

from pipeline.errors import InputError
from pipeline.media.animation import AnimationReader
from pipeline.media.cancelling import until_cancelled
from pipeline.media.frames import VideoFrame
from pipeline.media.picture import Picture
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.media.transparency import cover_of, on_white
from pipeline.types import Frame, ImageArray, MediaInfo

Reader = VideoReader | AnimationReader | SequenceReader


class Shown:
    """The frames of a reader as a function of time that never runs backwards, as MoviePy wants to have them.

    Raises:
        InputError: there is no frame.
    """

    def __init__(self, reader: Reader, info: MediaInfo, cancel: threading.Event | None) -> None:
        self._frames = until_cancelled(reader, cancel)
        first = next(self._frames, None)
        if first is None:
            raise InputError("The part of the video to show holds no frame.")
        self._origin, self._now = first.time, rgb(first)
        self._usual = float(1 / reader.details.rate) if reader.details.rate else 0.04
        self._last = first.time
        self._next = next(self._frames, None)

    def at(self, time: float) -> ImageArray:
        """RGB uint8 of the frame that is shown then. Containers round times, so a quarter of a frame early will do."""
        newest: Frame | None = None
        while self._next is not None and self._next.time - self._origin <= time + self._usual / 4:
            newest, self._last = self._next, self._next.time
            self._next = next(self._frames, None)
        if newest is not None:
            self._now = rgb(newest)
        return self._now

    def over(self, time: float) -> bool:
        """Whether the last frame has been shown for as long as frames usually are."""
        return self._next is None and time >= self._last - self._origin + self._usual


class Newest:
    """The frame that was shown last, as a function of time."""

    def __init__(self) -> None:
        self._image: ImageArray = np.empty((0, 0, 3), np.uint8)

    def show(self, frame: Frame) -> None:
        self._image = rgb(frame)

    def at(self, _time: float) -> ImageArray:
        return self._image


def in_place_of(frame: Frame, image: ImageArray) -> VideoFrame | Picture:
    """`image` (RGB) with the time and the colour tags of a reader's frame, for a writer."""
    if isinstance(frame, Picture):
        return Picture(swapped(image), index=frame.index, time=frame.time, duration=frame.duration)
    assert isinstance(frame, VideoFrame)
    native = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    native.color_trc, native.color_primaries = frame.native.color_trc, frame.native.color_primaries
    return VideoFrame(native, frame.index, frame.time, frame.pts, frame.duration, frame.time_base)


def rgb(frame: Frame) -> ImageArray:
    """A frame or picture as RGB uint8; transparent parts on white."""
    return swapped(on_white(frame.image(), cover_of(frame)))


def swapped(image: ImageArray) -> ImageArray:
    """RGB as BGR, or the other way round; uint8 ``(height, width, 3)``."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
