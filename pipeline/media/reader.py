"""Frames of a video, one after the other, upright and with their own timestamps."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import NoReturn, cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.closing import Closing
from pipeline.errors import CorruptMedia, MediaTooLarge, OptionError
from pipeline.media import details as d
from pipeline.media.damage import RECORDINGS, Damage
from pipeline.media.decoder import decoder_of, is_transparent
from pipeline.media.deinterlace import Deinterlacer
from pipeline.media.flaws import Flaws, flaw_notes, flaws_of
from pipeline.media.frames import VideoFrame
from pipeline.media.guard import LIMITS, SourceFile, media_errors, open_container
from pipeline.media.holes import Holes
from pipeline.media.layout import layout_of, planar_name
from pipeline.media.orient import turn_frame
from pipeline.media.part import check_part
from pipeline.media.probe import describe, first_frame
from pipeline.media.searching import sought
from pipeline.media.sniff import Demuxer
from pipeline.media.truncation import ends_early, require_whole
from pipeline.media.uniform import uniform
from pipeline.types import MediaInfo, MediaLimits

log = logging.getLogger(__name__)


class VideoReader(Closing):
    """The frames of a video between `start` and `end` seconds; a context manager that can be iterated once.

    Frames come in the order they are shown. Their `index` counts from 0 at the first frame read, their `time` from the
    first frame of the whole video. Memory does not depend on the length.

    Attributes:
        info: what the video is.
        details: time base, tags and the like, for the writer.
        start, end: the part that is read, in seconds; ``None`` for beginning and end.
        tags: the container's own descriptions.
        other_starts: seconds at which the audio streams begin, on the container's clock.
        source, demuxer, limits: how the file is opened, for those who open it again.

    Raises:
        FileMissing, FileEmpty, UnsupportedMedia, CorruptMedia, MediaTooLarge, OptionError: when opening.
        CorruptMedia, MediaTooLarge, MediaChanged: while iterating.

    Example:
        >>> with VideoReader(Path("clip.mp4"), start=1.0) as reader:
        ...     for frame in reader:
        ...         print(frame.index, frame.time, frame.image().shape)
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
        self.path, self.start, self.end = Path(path), start, end
        self.limits = limits
        self._notes: list[str] = []
        self._holes = Holes()
        self._damage: list[Damage] = []
        self._container: InputContainer | None = None
        self._last: float | None = None
        self._searched = False
        self.source = SourceFile(self.path)
        try:
            sniffed = self.source.sniff()
            if sniffed.demuxer is None:
                raise OptionError("This is a picture, not a video.")
            self.demuxer: Demuxer = sniffed.demuxer
            require_whole(self.source, self.demuxer)
            self.info, self.details = self._look(info)
            check_part(start, end, self.info.duration)
        except BaseException:
            self.close()
            raise

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about what was done to the video while it was read, and what is wrong with it."""
        return (*self._notes, *flaw_notes([self.flaws]))

    @property
    def done_notes(self) -> tuple[str, ...]:
        """Those about what was done."""
        return tuple(self._notes)

    @property
    def flaws(self) -> Flaws:
        """What is wrong with it."""
        return flaws_of(self._damage, self._holes, self.details)

    @property
    def time_base(self) -> Fraction:
        return self.details.time_base

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None
        self.source.close()

    def __iter__(self) -> Iterator[VideoFrame]:
        details, rate = self.details, self.details.rate
        usual = max(1, round(1 / (rate * details.time_base)))
        for index, native in enumerate(self._kept()):
            if index >= self.limits.frames:
                raise MediaTooLarge(f"The video has more than {self.limits.frames} frames.")
            yield self._frame(native, index, native.duration or usual)
        self.source.check()

    def times(self) -> Iterator[float]:
        """When each frame of the whole video is shown, in seconds as `VideoFrame.time` has them. Decodes the video."""
        for native in self._timed(self._from(0, False)):
            yield float((cast(int, native.pts) - self.details.start) * self.details.time_base)

    def _frame(self, native: av.VideoFrame, index: int, duration: int) -> VideoFrame:
        details, pts = self.details, cast(int, native.pts)  # `_timed` has seen to it
        time = float((pts - details.start) * details.time_base)
        upright = turn_frame(native, details.turn)
        return VideoFrame(upright, index, time, pts, duration, details.time_base, details.codec)

    def _look(self, info: MediaInfo | None) -> tuple[MediaInfo, d.StreamDetails]:
        """Decode the first frame to learn what the stream is."""
        with open_container(self.source, self.demuxer, self.limits) as container:
            stream = d.pick_stream(container)
            d.prepare(stream, self.limits)
            first = first_frame(container, stream, self.limits)
            self.tags = dict(container.metadata)
            self.other_starts = tuple(
                s.start_time * s.time_base
                for s in container.streams.audio
                if s.start_time is not None and s.time_base is not None
            )
            info = info or describe(self.path, self.demuxer, container, stream, first, self.limits)
            if sum(not d.is_cover(s) for s in container.streams.video) > 1:
                self._notes.append("The file holds several videos; only the main one was kept.")
            layout = layout_of(planar_name(first.format.name))
            if is_transparent(stream) and not (layout and layout.alpha):
                self._notes.append("The video's transparency could not be read; it was left out.")
            return info, d.details_of(stream, first)

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is not None:
            self._container.close()
        container = self._container = open_container(self.source, self.demuxer, self.limits)
        stream = d.pick_stream(container)
        d.prepare(stream, self.limits)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        return container, stream

    def _kept(self) -> Iterator[av.VideoFrame]:
        """Frames of the part that is kept, in one size and format, with rising timestamps."""
        base, origin = self.details.time_base, self.details.start
        # Half a tick of grace: a time that was rounded to print must still name its frame.
        first = origin + (self.start / base - Fraction(1, 2) if self.start else 0)
        last = origin + self.end / base - Fraction(1, 2) if self.end is not None else None
        for frame in uniform(self._timed(self._from(first, bool(self.start))), self._note):
            pts = cast(int, frame.pts)
            if last is not None and pts >= last:
                return
            if pts >= first or not self.start:
                yield frame
        self._require_end()

    def _from(self, first: Fraction | int | float, search: bool) -> Iterator[av.VideoFrame]:
        """Decoded frames from a key frame before timestamp `first`, or from the beginning."""
        self._searched = search
        if not search:
            yield from self._decode(*self._open())
            return
        frames = self._sought(first)
        if frames is None:
            log.info("the video cannot be searched; it is read from its beginning")
            frames = self._decode(*self._open())
        yield from frames

    def _sought(self, first: Fraction | int | float) -> Iterator[av.VideoFrame] | None:
        """Decoded frames from a key frame before timestamp `first`; ``None`` where it cannot be found."""

        def decoded(place: int) -> Iterator[av.VideoFrame]:
            container, stream = self._open()
            container.seek(place, stream=stream, backward=True)
            return self._decode(container, stream)

        return sought(first, self.details.time_base, self.demuxer in RECORDINGS, decoded)

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        begun, skipped, read, interlaced = False, 0, 0, None
        decode, damage = decoder_of(stream, self.limits), Damage(self.demuxer)
        self._damage.append(damage)
        for packet in damage.watched(self._packets(container, stream)):
            try:
                frames = decode(packet)
            except av.error.InvalidDataError as error:
                if not begun:
                    skipped += 1
                elif damage.judge(packet.pts) == "refused":
                    self._fail(error)
                continue
            except av.error.EOFError:
                break
            for frame in frames:
                if not begun and (frame.is_corrupt or (skipped and not frame.key_frame)):
                    skipped += 1
                    continue
                verdict = damage.judge(frame.pts) if frame.is_corrupt else "shown"
                if verdict == "refused":
                    self._fail(None)
                if verdict == "left out":
                    continue
                begun = True
                read += 1
                if self.info.interlaced:
                    if interlaced is None:
                        interlaced = Deinterlacer(stream, frame)
                        self._note("The video is interlaced; it was deinterlaced.")
                    yield from interlaced.push(frame)
                else:
                    yield frame
            if damage.too_much(read):
                self._fail(None)
        if interlaced is not None:
            yield from interlaced.flush()
        if skipped and not begun and not self._searched:
            self._fail(None)
        if damage.stopped:
            self._note("The recording stops in the middle of a frame, which was left out.")
        if skipped and begun and not self._searched:
            self._note(f"The first {skipped} frames could not be decoded and were left out.")

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:
        packets = container.demux(stream)
        while True:
            with self._errors():
                packet = next(packets, None)
            if packet is None:
                return
            yield packet

    def _timed(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Give every frame a timestamp later than the one before."""
        usual = max(1, round(1 / (self.details.rate * self.details.time_base)))
        before, length = None, usual
        for frame in frames:
            if frame.pts is None:
                frame.pts = self.details.start if before is None else before + usual
            if before is not None and frame.pts <= before:
                frame.pts = before + 1
                self._note("Some timestamps of the video run backwards; they were mended.")
            if before is not None and self.demuxer in RECORDINGS:
                base = self.details.time_base
                shown, step = (before - self.details.start) * base, (frame.pts - before) * base
                self._holes.step(float(shown), float(step), float(max(usual, length) * base))
            before, length = frame.pts, frame.duration or usual
            self._last = float((frame.pts + (frame.duration or usual) - self.details.start) * self.details.time_base)
            yield frame

    def _note(self, sentence: str) -> None:
        if sentence not in self._notes:
            self._notes.append(sentence)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with media_errors(self._where()):
                yield
        except CorruptMedia:
            self.source.check()
            raise

    def _where(self) -> str:
        return f" at {self._last:.2f} s" if self._last is not None else ""

    def _fail(self, cause: Exception | None) -> NoReturn:
        """Say where the video is damaged; a file that was changed meanwhile is told as such."""
        self.source.check()
        raise CorruptMedia(f"The video is damaged{self._where()}.") from cause

    def _require_end(self) -> None:
        """Raise `CorruptMedia` when frames stop long before the header says."""
        reached = self._last or 0.0
        if self.end is None and ends_early(self.demuxer, self.info, self.details.rate, reached):
            self.source.check()
            raise CorruptMedia(f"The video is cut off at {reached:.2f} s of {self.info.duration:.2f} s.")
