"""Frames of an animated GIF, WebP, PNG or AVIF, as pictures with a place in time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import ImageFile

from pipeline.closing import Closing
from pipeline.errors import MediaTooLarge, UnsupportedMedia
from pipeline.media.details import ColourTags, StreamDetails
from pipeline.media.guard import LIMITS, SourceFile
from pipeline.media.image import info_of, open_picture, picture_errors, samples
from pipeline.media.orient import Turn
from pipeline.media.part import check_part
from pipeline.media.picture import Picture
from pipeline.types import MediaInfo, MediaLimits

_TOO_FAST = 0.0101
_USUAL = 0.1
"""Browsers show frames that ask for 10 milliseconds or less for a tenth of a second."""


class AnimationReader(Closing):
    """The frames of an animation between `start` and `end` seconds; the same contract as `VideoReader`.

    Attributes:
        info, start, end, limits, source, tags: as in `VideoReader`.
        details: a time base of a millisecond and RGB; for writing the animation as a video.
        loop: how often it plays, 0 for ever, ``None`` once.
        icc: colour profile of the frames, empty where there is none.
    """

    def __init__(
        self,
        path: Path,
        start: float | None = None,
        end: float | None = None,
        limits: MediaLimits = LIMITS,
        info: MediaInfo | None = None,
    ) -> None:
        check_part(start, end)
        self.path, self.start, self.end, self.limits = Path(path), start, end, limits
        self.tags: dict[str, str] = {}
        self.other_starts: tuple[Fraction, ...] = ()
        self.demuxer = None
        self.source = SourceFile(self.path)
        self._image: ImageFile.ImageFile | None = None
        try:
            found = self.source.sniff().picture
            if found is None:
                raise UnsupportedMedia("This is a video, not an animation.")
            self._image = open_picture(self.source.file, found)
            self.info = info_of(self.path, self._image, found, limits)
            # Counting frames leaves PIL without the first one's transparency, so it starts anew.
            self._image = open_picture(self.source.file, found)
            with picture_errors():
                self.loop: int | None = self._image.info.get("loop", None if found == "GIF" else 0)
                self.icc: bytes = self._image.info.get("icc_profile") or b""
                first = _duration(self._image)
        except BaseException:
            self.close()
            raise
        self.details = StreamDetails(
            time_base=Fraction(1, 1000),
            start=0,
            rate=Fraction(1000, max(1, round(first * 1000))),
            turn=Turn(),
            sample_aspect=Fraction(1),
            tags=ColourTags(),
            mastering=b"",
            light_level=b"",
            codec=self.info.codec,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def time_base(self) -> Fraction:
        return self.details.time_base

    def close(self) -> None:
        if self._image is not None:
            self._image.close()
        self.source.close()

    def __iter__(self) -> Iterator[Picture]:
        time, index = 0.0, 0
        start, end = self.start or 0.0, self.end
        for number in range(self.info.frames or 1):
            picture = self._decode(number, time)
            shown, time = time, time + picture.duration
            if end is not None and shown >= end - 1e-4:
                break
            if time > self.limits.seconds:
                raise MediaTooLarge(f"The animation is longer than the {self.limits.seconds:.0f} seconds allowed.")
            if shown >= start - 1e-4:
                picture.index = index
                index += 1
                yield picture
        self.source.check()

    def _decode(self, number: int, time: float) -> Picture:
        assert self._image is not None
        with picture_errors():
            self._image.seek(number)
            self._image.load()
            native, alpha, icc = samples(self._image, self.icc)
            if native.ndim == 2:  # a single grey frame among coloured ones: animations are RGB
                native = np.repeat(native[:, :, None], 3, axis=2)
            duration = _duration(self._image)
        if alpha is not None and alpha.min() == 255:
            alpha = None
        return Picture(np.ascontiguousarray(native), alpha, icc, time=time, duration=duration)


def _duration(image: ImageFile.ImageFile) -> float:
    """Seconds the current frame is shown."""
    seconds = float(image.info.get("duration") or 0) / 1000.0
    return seconds if seconds > _TOO_FAST else _USUAL
