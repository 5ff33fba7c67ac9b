"""Single frames of anything, and pictures that are only looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import CorruptMedia
from pipeline.media import in_srgb, open_target, read_picture
from pipeline.media.transparency import cover_of, on_squares
from pipeline.types import Box, Frame, ImageArray, MediaInfo, MediaLimits

VIEW = 1600
"""Longest side of a picture that is only looked at in the browser."""


@dataclass(frozen=True, eq=False)
class Still:
    """A frame, BGR uint8, and its transparency, if it has any; see `cover_of`."""

    image: ImageArray
    cover: ImageArray | None = None

    @classmethod
    def of(cls, frame: Frame) -> Still:
        return cls(frame.image(), cover_of(frame))

    def within(self, longest: int) -> ImageArray:
        """As it is looked at, with at most so many pixels on its longer side: what is transparent is chequered."""
        scale = longest / max(self.image.shape[:2])
        if scale >= 1:
            return on_squares(self.image, self.cover)
        cover = None if self.cover is None else _smaller(self.cover, scale)
        return on_squares(_smaller(self.image, scale), cover)


def _smaller(image: ImageArray, scale: float) -> ImageArray:
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def first_frame(path: Path, info: MediaInfo, limits: MediaLimits) -> Still:
    """The first frame of anything, as it is seen."""
    return frame_at(path, info, 0.0, limits)


def frame_at(path: Path, info: MediaInfo, moment: float, limits: MediaLimits) -> Still:
    """The frame that is shown at `moment` seconds.

    Args:
        info: what `pipeline.media.probe` said of the file.
        limits: the operator's, on what is opened.

    Raises:
        OptionError: it is after the end.
    """
    if info.kind == "image":
        return Still.of(in_srgb(read_picture(path, limits)))
    with open_target(path, info, start=moment or None, limits=limits) as reader:
        for frame in reader:
            return Still.of(frame)
    raise CorruptMedia()


def view_of(folder: Path, name: str, shown: Still, sign: Callable[[bytes], bytes] | None = None) -> Path:
    """A copy of a picture to look at in the browser, as JPEG.

    Args:
        sign: puts a manifest into it, where it shows what was recast.
    """
    path = folder / name
    data = jpeg(shown.within(VIEW), quality=92)
    path.write_bytes(sign(data) if sign is not None else data)
    return path


def square(image: ImageArray, box: Box, side: int) -> ImageArray:
    """The square around the middle of `box`, as much of it as the picture has, brought to `side` pixels."""
    rows, columns = image.shape[:2]
    edge = int(min(max(box.width, box.height), rows, columns))
    x = int(np.clip(box.centre[0] - edge / 2, 0, columns - edge))
    y = int(np.clip(box.centre[1] - edge / 2, 0, rows - edge))
    cut = image[y : y + edge, x : x + edge]
    way = cv2.INTER_AREA if edge > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (side, side), interpolation=way), np.uint8)


def jpeg(image: ImageArray, quality: int = 80) -> bytes:
    """A picture as JPEG, for the browser."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
