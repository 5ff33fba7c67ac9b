"""An image sequence as a film: numbered pictures, one a frame."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from pipeline.closing import Closing
from pipeline.errors import FileMissing, InputError, MediaChanged, UnsupportedMedia, about
from pipeline.media.details import ColourTags, StreamDetails
from pipeline.media.guard import LIMITS, SourceFile
from pipeline.media.image import picture_info, read_picture
from pipeline.media.numbering import Numbering
from pipeline.media.orient import Turn
from pipeline.media.part import check_part
from pipeline.media.picture import Picture
from pipeline.media.probe import check_limits
from pipeline.types import MediaInfo, MediaLimits

RATE = Fraction(24)
"""Frames a second where nobody says."""
_AHEAD = 4
"""Frames that are decoded at once; they do not wait for each other, as those of a video do."""
_GAPS = 4
"""Of these a note tells."""


def sequence_info(numbering: Numbering, limits: MediaLimits = LIMITS, rate: Fraction = RATE) -> MediaInfo:
    """What `probe` tells about a sequence, from its first frame and the names of all.

    Raises:
        FileMissing: there is no such frame.
        InputError: the first one cannot be read, or is no single picture.
        MediaTooLarge: a limit is passed.
    """
    files = numbering.files()
    if not files:
        raise FileMissing(f"There is no frame with a name such as {_example(numbering)}.")
    first = next(iter(files.values()))
    with about(first.name), SourceFile(first) as source:
        found = source.sniff().picture
        if found is None:
            raise UnsupportedMedia("This is a video, not a frame of a sequence.")
        picture = picture_info(source, found, limits)
    if picture.kind != "image":
        raise UnsupportedMedia(f"{first.name}: This is an animation, not a frame of a sequence.")
    numbers = list(files)
    info = replace(
        picture, path=numbering.path, kind="sequence", rate=rate, frames=len(files),
        duration=float((numbers[-1] - numbers[0] + 1) / rate),
    )  # fmt: skip
    check_limits(info, limits)
    return info


def require_size(frame: Picture | MediaInfo, first: MediaInfo) -> None:
    """Raise `InputError` where a frame has another size than the first one of its sequence."""
    if (frame.width, frame.height) != (first.width, first.height):
        raise InputError(
            f"The frame has {frame.width} x {frame.height} pixels, and the first one {first.width} x {first.height}."
        )


class SequenceReader(Closing):
    """The frames of a sequence between `start` and `end` seconds; the same contract as `VideoReader`.

    A frame's time is told by its number, so that one that is missing leaves a gap and moves none of the others.

    Attributes:
        info, start, end, limits, tags: as in `VideoReader`.
        details: a time base of one frame; for writing the sequence as a video.
        source: tells whether a file has changed since.

    Raises:
        InputError: when opening, see `sequence_info`; while iterating, a frame cannot be read or has another size.
    """

    def __init__(
        self,
        path: Path,
        start: float | None = None,
        end: float | None = None,
        limits: MediaLimits = LIMITS,
        info: MediaInfo | None = None,
    ) -> None:
        numbering = Numbering.of(path)
        if numbering is None:
            raise UnsupportedMedia("This is one file, not a sequence of frames.")
        self.path, self.start, self.end, self.limits = Path(path), start, end, limits
        self.info = info or sequence_info(numbering, limits)
        check_part(start, end, self.info.duration)
        self.tags: dict[str, str] = {}
        self.other_starts: tuple[Fraction, ...] = ()
        self.demuxer = None
        self.files = numbering.files()
        self.source = _Files(tuple(self.files.values()))
        self._notes = _missing(list(self.files))
        rate = self.info.rate or RATE
        self.details = StreamDetails(
            time_base=1 / rate, start=0, rate=rate, turn=Turn(), sample_aspect=Fraction(1), tags=ColourTags(),
            mastering=b"", light_level=b"", codec=self.info.codec,
        )  # fmt: skip

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes

    @property
    def time_base(self) -> Fraction:
        return self.details.time_base

    def close(self) -> None:
        """Nothing stays open between two frames."""

    def number(self, frame: Picture) -> int:
        """The number of one of its frames."""
        return next(iter(self.files), 0) + round(frame.time * self.details.rate)

    def __iter__(self) -> Iterator[Picture]:
        pool, waiting = ThreadPoolExecutor(_AHEAD, "frames"), deque[Future[Picture]]()
        try:
            for index, (number, file) in enumerate(self.kept()):
                waiting.append(pool.submit(self._read, number, file, index))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
        self.source.check()

    def kept(self) -> list[tuple[int, Path]]:
        """The numbers and files of the part that is read. With half a frame of grace: a time that was rounded to print
        must still name its frame."""
        rate, first, grace = self.details.rate, next(iter(self.files), 0), Fraction(1, 2)
        begin = Fraction(self.start or 0) * rate - grace
        over = Fraction(self.end) * rate - grace if self.end is not None else None
        return [
            (number, file)
            for number, file in self.files.items()
            if number - first >= begin and (over is None or number - first < over)
        ]

    def _read(self, number: int, file: Path, index: int) -> Picture:
        with about(file.name):
            picture = read_picture(file, self.limits)
            require_size(picture, self.info)
        rate = self.details.rate
        picture.index, picture.duration = index, float(1 / rate)
        picture.time = float((number - next(iter(self.files))) / rate)
        return picture


class _Files:
    """The files of a sequence, as they were when it was opened."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._stamps = {file: _stamp(file) for file in files}

    def check(self) -> None:
        """Raise `MediaChanged` where one of them was written to, replaced or removed."""
        for file, before in self._stamps.items():
            if _stamp(file) != before:
                raise MediaChanged(f"{file.name}: {MediaChanged.sentence}")


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = os.stat(file)
    except OSError as error:
        raise MediaChanged(f"{file.name}: {MediaChanged.sentence}") from error
    return found.st_size, found.st_mtime_ns


def _missing(numbers: list[int]) -> tuple[str, ...]:
    """A note of the numbers that are left out between the first and the last one."""
    gaps = [(before + 1, after - 1) for before, after in pairwise(numbers) if after > before + 1]
    if not gaps:
        return ()
    spans = ", ".join(str(one) if one == last else f"{one}-{last}" for one, last in gaps[:_GAPS])
    more = f" and {len(gaps) - _GAPS} more gaps" if len(gaps) > _GAPS else ""
    return (f"The sequence has gaps: there is no frame {spans}{more}.",)


def _example(numbering: Numbering) -> str:
    return numbering.file(1).name
