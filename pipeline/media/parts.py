"""A video that is read and written in parts: each by itself, in any order, later joined without encoding anew.

A part's packets lie in a file of their own as the encoder gave them, with the source's timestamps. Joining them gives
every packet the decoding time that one run of the encoder would have given it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import av

from pipeline.errors import CorruptMedia, EncoderError, MediaTooLarge
from pipeline.media.frames import VideoFrame
from pipeline.media.holes import Holes
from pipeline.media.output import PendingFile, encoding_errors, output_errors
from pipeline.media.reader import VideoReader
from pipeline.media.uniform import uniform
from pipeline.media.writer import VideoWriter
from pipeline.options import Options

_RECORD = struct.Struct("<qqI?")
"""Timestamp, duration, bytes of the packet, whether it is a key frame."""

_BRIEF = 120.0
"""Seconds of video that may well be read from the beginning for each part."""


class PartReader(VideoReader):
    """Reads parts of a video, each as often as one likes.

    Attributes:
        more: whether the part that was read last is not the last one.
    """

    more = False

    def first(self) -> VideoFrame:
        """The first frame that is kept.

        Raises:
            EncoderError: there is none.
        """
        for frame in self:
            return frame
        raise EncoderError("The part of the video to keep holds no frame.")

    def searchable(self) -> bool:
        """Whether frames in the middle can be reached without reading everything before them, or that is not much."""
        details, duration = self.details, self.info.duration
        if duration is None:
            return False
        middle = details.start + int(duration * 0.6 / details.time_base)
        self._searched = True
        try:
            head = next(self._sought(middle) or iter(()), None)
        except CorruptMedia:
            return False
        if head is None or head.pts is None:
            return False
        return head.pts > details.start or duration <= _BRIEF

    def part(self, number: int, seconds: float, before: int, after: int) -> Iterator[VideoFrame]:
        """The frames of part `number`, of `seconds` each, with so many (about) before and (at most) after it.

        Their `index` goes on as in the whole video, as far as its rate is constant. `flaws` are the part's own from
        here on.
        """
        self._damage.clear()
        self._holes = Holes()
        details, base = self.details, self.details.time_base
        usual = max(1, round(1 / (details.rate * base)))
        first, end = self._window()
        begin, stop = self.bounds(number, seconds)
        lead = max(first, begin - before * usual)
        search = number > 0 or bool(self.start)
        self.more, past, index = False, 0, None
        for native in uniform(self._timed(self._from(lead, search)), self._note, self._shape()):
            pts = cast(int, native.pts)
            if search and pts < lead:
                continue
            if end is not None and pts >= end:
                break
            if pts >= stop:
                self.more = True
                past += 1
                if past > after:
                    break
            index = round((pts - details.start) * base * details.rate) if index is None else index + 1
            if index >= self.limits.frames:
                raise MediaTooLarge(f"The video has more than {self.limits.frames} frames.")
            yield self._frame(native, index, native.duration or usual)
        else:
            self._require_end()
        self.source.check()

    def bounds(self, number: int, seconds: float) -> tuple[Fraction, Fraction]:
        """First timestamp of a part, and of the next one."""
        first, step = self._window()[0], Fraction(seconds) / self.details.time_base
        return first + number * step, first + (number + 1) * step

    def _window(self) -> tuple[Fraction, Fraction | None]:
        """Timestamps between which frames are kept, as `VideoReader` keeps them."""
        base, origin, grace = self.details.time_base, self.details.start, Fraction(1, 2)
        first = origin + Fraction(self.start) / base - grace if self.start else Fraction(origin)
        return first, None if self.end is None else origin + Fraction(self.end) / base - grace

    def _shape(self) -> tuple[int, int, str] | None:
        """Size and format of the video's first frame, before it is turned."""
        if self.info.interlaced:
            return None
        width, height = self.info.width, self.info.height
        return (*((height, width) if self.details.turn.swaps else (width, height)), self.info.pixel_format)


@dataclass(frozen=True)
class Part:
    """A finished part.

    Attributes:
        times: timestamps of its frames, rising.
        delay: frames that its encoder held back.
    """

    path: Path
    times: tuple[int, ...]
    delay: int


def settled(output: Path, source: VideoReader, first: VideoFrame, options: Options) -> str | None:
    """How `output` is encoded, in words that are the same only where parts can be joined; ``None`` where none can."""
    with VideoWriter(output, source, options) as writer:
        choice = writer._settle(first)
        # WebM's transparency lies beside the packets, where PyAV cannot put anything.
        return None if (choice.encoder, choice.pixel_format) == ("libvpx-vp9", "yuva420p") else repr(choice)


class PartWriter(VideoWriter):
    """Encodes the frames of one part into `path`, as `VideoWriter` would into `output`, whose ending it is told by.

    Args:
        first: the first frame of the whole result, which settles how all are encoded.
    """

    def __init__(self, path: Path, output: Path, source: VideoReader, first: VideoFrame, options: Options) -> None:
        super().__init__(path.with_suffix(output.suffix), source, options)
        self._file: BinaryIO | None = None
        self._part = PendingFile(path)
        self._order: list[int] = []
        choice = self._settle(first)
        with self._encoding():
            self._container = self._open(_Nowhere())
            self._stream = self._add_video(self._container, first, choice)
            self._file = self._part.temporary.open("wb")

    def finish_part(self) -> Part:
        """Write what the encoder still holds, and give the file its name."""
        assert self._file is not None
        with self._encoding():
            if self._order or self._durations:
                self._drain()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        self._part.commit()
        self.abort()
        ranks = {pts: rank for rank, pts in enumerate(sorted(self._order))}
        delay = max((place - ranks[pts] for place, pts in enumerate(self._order)), default=0)
        return Part(self._part.final, tuple(sorted(self._order)), delay)

    def abort(self) -> None:
        super().abort()
        if self._file is not None:
            # What a full disk did not take before, it does not take now.
            with suppress(OSError):
                self._file.close()
        self._part.discard()

    def _mux(self, packets: list[av.Packet]) -> None:
        assert self._file is not None
        for packet in packets:
            if packet.pts is None:
                raise EncoderError
            duration = self._durations.pop(packet.pts, packet.duration or 0)
            data = bytes(packet)
            self._file.write(_RECORD.pack(packet.pts, duration, len(data), packet.is_keyframe))
            self._file.write(data)
            self._order.append(packet.pts)


class PartJoiner(VideoWriter):
    """Writes `output` from finished parts, and with them everything of the source that is not its picture."""

    def join(self, parts: Sequence[Part], first: VideoFrame) -> None:
        """Write all packets; `finish` comes after it.

        Args:
            first: the frame that all parts were settled by.
        """
        self._begin(first)
        times = list(chain.from_iterable(part.times for part in parts))
        delay = max((part.delay for part in parts), default=0)
        place = 0
        for part in parts:
            for packet in _packets(part.path):
                # As an encoder does: by `delay` frames behind the shown ones, before the first by as much time.
                decoded = times[place - delay] if place >= delay else times[place] - (times[delay] - times[0])
                assert packet.pts is not None
                packet.pts, packet.dts = packet.pts - self._shift, decoded - self._shift
                packet.time_base, packet.stream = self._source.time_base, self._stream
                with encoding_errors():
                    self._mux([packet])
                place += 1

    def _drain(self) -> None:
        """The encoder was only asked for its header."""


def _packets(path: Path) -> Iterator[av.Packet]:
    with output_errors(), path.open("rb") as file:
        while record := file.read(_RECORD.size):
            pts, duration, size, key = _RECORD.unpack(record)
            packet = av.Packet(file.read(size))
            packet.pts, packet.duration, packet.is_keyframe = pts, duration, key
            yield packet


class _Nowhere:
    """A file for a container that is opened for its settings only."""

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def tell(self) -> int:
        return 0
