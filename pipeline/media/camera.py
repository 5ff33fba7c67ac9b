"""Pictures of a camera as what a video is written from: they come when they come, and no file is behind them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from pipeline.media.colour import LIMITED_RANGE
from pipeline.media.details import ColourTags, StreamDetails
from pipeline.media.fit import rgb_matrix
from pipeline.media.frames import VideoFrame
from pipeline.media.guard import LIMITS
from pipeline.media.orient import Turn
from pipeline.types import ImageArray, MediaInfo, MediaLimits

TIME_BASE = Fraction(1, 90_000)
FORMAT = "yuv420p"


class CameraSource:
    """Stands where a reader would for `VideoWriter`; `frame` makes its frames.

    Args:
        size: width and height of every frame, even numbers.
        rate: frames a second, about.
        sound_rate: samples a second of the sound that is recorded beside it; 0 without sound.

    Attributes:
        info, details, limits, start, end, tags, other_starts, demuxer, source: as in `VideoReader`.
    """

    def __init__(
        self, size: tuple[int, int], rate: Fraction = Fraction(30), limits: MediaLimits = LIMITS, sound_rate: int = 0
    ) -> None:
        width, height = size
        if width % 2 or height % 2:
            raise ValueError("a recording needs an even size")
        self.path, self.limits, self.sound_rate = Path(), limits, sound_rate
        self.start: float | None = None
        self.end: float | None = None
        self.tags: dict[str, str] = {}
        self.other_starts: tuple[Fraction, ...] = ()
        self.demuxer = None
        self.source = self
        self._count = 0
        matrix = rgb_matrix(width, height)
        self.info = MediaInfo(
            path=self.path, kind="video", container="camera", codec="rawvideo", pixel_format=FORMAT, width=width,
            height=height, rate=rate,
        )  # fmt: skip
        self.details = StreamDetails(
            time_base=TIME_BASE, start=0, rate=rate, turn=Turn(), sample_aspect=Fraction(1),
            tags=ColourTags(matrix=matrix, range=LIMITED_RANGE), mastering=b"", light_level=b"", codec="rawvideo",
        )  # fmt: skip

    @property
    def time_base(self) -> Fraction:
        return self.details.time_base

    def check(self) -> None:
        """A camera does not change under one's hands."""

    def frame(self, image: ImageArray, time: float) -> VideoFrame:
        """``(height, width, 3)`` BGR uint8 of the source's size, `time` seconds after the first."""
        native = av.VideoFrame.from_ndarray(image, "bgr24").reformat(
            format=FORMAT, dst_colorspace=_SWS[self.details.tags.matrix], dst_color_range=LIMITED_RANGE
        )
        native.colorspace, native.color_range = self.details.tags.matrix, LIMITED_RANGE
        index, self._count = self._count, self._count + 1
        return VideoFrame(native, index, time, round(time / TIME_BASE), 0, TIME_BASE)


_SWS = {1: 1, 6: 5}
"""swscale's own numbers of the matrices that `rgb_matrix` chooses from."""
