"""What a target is, and one frame of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.types.geometry import Box, ImageArray


class Shade:
    """What lightens and darkens a whole frame, or several of one size. Thread-safe.

    Attributes:
        sixteenths: ``(h, w)`` uint8, enlarged to the frame. 128 leaves a place as it is; a step up or down is a
            sixteenth of an 8-bit grey level.
    """

    def __init__(self, sixteenths: ImageArray) -> None:
        self.sixteenths = sixteenths
        self._lock = threading.Lock()
        self._levels: NDArray[np.int8] | None = None

    def levels(self, enlarge: Callable[[ImageArray], NDArray[np.int8]]) -> NDArray[np.int8]:
        """The same in whole grey levels, enlarged for the first of several frames."""
        with self._lock:
            if self._levels is None:
                self._levels = enlarge(self.sixteenths)
            return self._levels


class Frame(Protocol):
    """One upright frame of a target that can be read as BGR and changed inside a region only.

    Pictures, animations and videos implement it over their own pixel format, so that what is not replaced keeps the
    decoder's exact values.
    """

    @property
    def index(self) -> int:
        """0-based number of the frame among those read."""
        ...

    @property
    def time(self) -> float:
        """Seconds from the first frame of the target."""
        ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def image(self) -> ImageArray:
        """The whole frame as BGR uint8. May be shared: do not write into it."""
        ...

    def region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """The part of the frame that covers `box`, clipped to the frame, as BGR uint8, and its top-left ``(x, y)``.

        Cheaper than `image` for videos. Equal to the same part of `image`, up to chroma interpolation at its border.
        The region may be grown to even coordinates.
        """
        ...

    def luma_region(self, box: Box) -> tuple[ImageArray, tuple[int, int]]:
        """The luma under `box`, clipped to the frame, ``(h, w)`` uint8, and its top-left ``(x, y)``; empty outside.

        Much cheaper than `region`, for what only has to be recognised again. Of RGB it is the green. A copy.
        """
        ...

    def small(self, longest: int) -> ImageArray:
        """The whole frame as BGR uint8, reduced to at most so many pixels on its longer side. Do not write into it.

        Cheaper than reducing `image`.
        """
        ...

    def luma(self) -> ImageArray:
        """A ``(36, 64)`` uint8 luma miniature for finding scene cuts."""
        ...

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        """Add ``after - before`` (BGR uint8, same shape, from `region`) at `origin` in the frame's own pixel format.

        Where both are equal the frame keeps its exact values.
        """
        ...

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        """The luma, reduced to ``(width, height)``, as ``(height, width)`` uint8."""
        ...

    def shade(self, shade: Shade) -> None:
        """Lighten and darken the whole frame. Hues are kept."""
        ...


@dataclass(frozen=True)
class MediaLimits:
    """Bounds on what is opened, checked before decoding.

    Attributes:
        pixels: of one picture or frame.
        seconds: of a video or animation.
        frames: of a video or animation.
        streams: in one container.
        decoded_bytes: of a whole picture or animation once decoded.
    """

    pixels: int = 64_000_000
    seconds: float = 4 * 3600.0
    frames: int = 1_000_000
    streams: int = 32
    decoded_bytes: int = 4_000_000_000


MediaKind = Literal["image", "animation", "video", "sequence"]
"""The last one is of numbered pictures."""


@dataclass(frozen=True)
class MediaInfo:
    """What a target is, read from its content.

    `width` and `height` are upright (after EXIF orientation or display rotation). `frames` is an estimate for videos
    and ``None`` when even that is unknown; `duration` is ``None`` when the container does not say. `alpha` tells
    whether frames hold transparency.
    """

    path: Path
    kind: MediaKind
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    rotation: int = 0
    rate: Fraction | None = None
    frames: int | None = None
    duration: float | None = None
    audio: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    chapters: int = 0
    bit_depth: int = 8
    hdr: bool = False
    interlaced: bool = False
    sample_aspect: Fraction = Fraction(1)
    alpha: bool = False
