"""Frames into a video file, together with everything of the target that is not its picture."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from pipeline.errors import EncoderError, MediaChanged
from pipeline.media import encoders
from pipeline.media.animation import AnimationReader
from pipeline.media.as_video import as_video_frame
from pipeline.media.camera import CameraSource
from pipeline.media.copy_streams import StreamCopier
from pipeline.media.encoders import OPTIONS, Choice
from pipeline.media.fit import fit, rgb_matrix
from pipeline.media.frames import VideoFrame
from pipeline.media.guard import SourceFile
from pipeline.media.hardware import choose
from pipeline.media.hdr import with_hdr
from pipeline.media.layout import layout_of, planar_name
from pipeline.media.metadata import MP4_KEYS, kept_tags
from pipeline.media.output import PendingFile, encoding_errors
from pipeline.media.picture import Picture
from pipeline.media.profile import in_srgb, is_srgb
from pipeline.media.reader import VideoReader
from pipeline.media.scheduling import share_the_processor
from pipeline.media.sequence import SequenceReader
from pipeline.media.sound import Samples, SoundTrack
from pipeline.media.timecode import later
from pipeline.options import Options
from pipeline.report import Seal
from pipeline.types import Frame

log = logging.getLogger(__name__)

_NO_PICTURE_TYPE = 0
_DEEP_PROFILE = (
    "The frames have a colour profile of their own, which no video keeps and which is only applied to 8 bits a sample; "
    "its colours are shown as if they were sRGB."
)


class VideoWriter:
    """Writes the frames of `source` to `output`; the file appears when `finish` is done.

    Use it as a context manager: leaving it without `finish`, or by an exception, leaves no file.

    Args:
        output: the result; its ending chooses the container.
        source: the reader that the frames come from. Its other streams are copied from a second opening of its file.
        options: codec, quality and use of hardware.
        tags: descriptions to put into the container, beside those of the source that are kept.
        seal: what is done to the finished file before it gets its name.

    Attributes:
        encoder: the encoder that is used, ``""`` before the first frame.

    Raises:
        OutputError: the result cannot be written there, or not as this kind of file.
        OptionError: the container cannot hold the codec.
        EncoderError: the encoder refused to work.
        MediaChanged, CorruptMedia: the source's other streams cannot be read.
    """

    def __init__(
        self,
        output: Path,
        source: VideoReader | AnimationReader | SequenceReader | CameraSource,
        options: Options = OPTIONS,
        tags: Mapping[str, str] | None = None,
        seal: Seal | None = None,
    ) -> None:
        self._container_name = encoders.container_of(Path(output).suffix)
        self._pending = PendingFile(output, (source.path,), seal)
        self._source, self._options, self._tags = source, options, dict(tags or {})
        self._notes: list[str] = []
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._copier: StreamCopier | None = None
        self._sound: SoundTrack | None = None
        self._choice: Choice | None = None
        self._durations: dict[int, int] = {}
        self._shift = 0
        self._finished = False

    @property
    def encoder(self) -> str:
        return self._choice.encoder if self._choice else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about what was converted, dropped or decided."""
        return tuple(self._notes) + tuple(self._copier.notes if self._copier else ())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abort()

    def write(self, frame: Frame) -> None:
        """Encode one frame of `source`. They come in the order they were read; none may be changed afterwards."""
        if isinstance(frame, Picture):
            frame = as_video_frame(self._in_srgb(frame), self._source)
        if not isinstance(frame, VideoFrame):
            raise TypeError("only frames of a reader can be written")
        first = self._container is None
        if first:
            self._begin(frame)
        assert self._choice is not None and self._stream is not None
        native = fit(frame.native, frame.layout, self._choice.pixel_format, self._choice.limited)
        native.pts, native.time_base = frame.pts - self._shift, frame.time_base
        # The decoder's picture types would be taken as orders.
        native.pict_type = _NO_PICTURE_TYPE
        self._durations[native.pts] = frame.duration
        with self._encoding():
            packets = self._stream.encode(native)
            if first:
                share_the_processor()
            self._mux(packets)

    def _in_srgb(self, picture: Picture) -> Picture:
        if picture.deep and not is_srgb(picture.icc) and _DEEP_PROFILE not in self._notes:
            self._notes.append(_DEEP_PROFILE)
        return in_srgb(picture)

    def write_sound(self, samples: Samples, time: float) -> None:
        """Encode a camera's sound, from the first picture on; see `SoundTrack.write`."""
        if self._sound is not None and self._container is not None:
            with self._encoding():
                self._container.mux(self._sound.write(samples, time))

    def finish(self) -> None:
        """Write what is left and give the file its name.

        Raises:
            EncoderError: no frame was written.
        """
        if self._container is None or self._stream is None:
            self.abort()
            raise EncoderError("The part of the video to keep holds no frame.")
        try:
            with self._encoding():
                self._drain()
                if self._copier is not None:
                    self._copier.until(None)
                if self._sound is not None:
                    self._container.mux(self._sound.finish())
                self._container.close()
            # The encoder holds dozens of frames for as long as its stream is known; signing needs that memory.
            self._container = self._stream = self._sound = None
            self._source.source.check()
            self._pending.commit()
            self._finished = True
        finally:
            if self._finished:
                self._close_copier()
            else:
                self.abort()

    def abort(self) -> None:
        """Stop and leave nothing behind. Does nothing after `finish`."""
        if self._finished:
            return
        self._finished = True
        # Gone first, so that closing the container does not spend time on making a whole file of it.
        self._pending.discard()
        if self._container is not None:
            with suppress(av.error.FFmpegError, OSError, ValueError):
                self._container.close()
            self._container = None
        self._pending.discard()
        self._close_copier()

    def _encoding(self) -> AbstractContextManager[None]:
        return encoding_errors(self._choice is not None and self._choice.hardware)

    def _drain(self) -> None:
        """Write what the encoder still holds."""
        assert self._stream is not None
        self._mux(self._stream.encode(None))

    def _close_copier(self) -> None:
        if self._copier is not None:
            self._copier.close()

    def _begin(self, frame: VideoFrame) -> None:
        """Open everything, now that the first frame shows what is to be encoded."""
        source = self._source
        choice = self._settle(frame)
        self._shift, offset, window = self._clock(frame)
        with self._encoding():
            self._container = self._open(str(self._pending.temporary))
            self._stream = self._add_video(self._container, frame, choice)
        if isinstance(source, VideoReader):
            second = SourceFile(source.path)
            if not second.same_as(source.source):
                second.close()
                raise MediaChanged
            self._copier = StreamCopier(
                second, source.demuxer, source.limits, self._container, self._container_name, offset, window
            )
        elif isinstance(source, CameraSource) and source.sound_rate:
            self._sound = SoundTrack(self._container, source.sound_rate)
        self._container.metadata.update(self._describe())
        with self._encoding():
            self._container.start_encoding()

    def _settle(self, frame: VideoFrame) -> Choice:
        """Decide how frames like this one are encoded."""
        source, options = self._source, self._options
        codec, notes = encoders.settle_codec(options.codec, self._container_name, frame.layout, source.info.hdr)
        size = (frame.width, frame.height)
        choice, more = choose(codec, options.quality, self._container_name, frame.layout, size, options.hardware)
        choice = with_hdr(choice, source.details) if source.info.hdr else choice
        self._choice = choice
        self._notes += [*notes, *more, *choice.notes]
        return choice

    def _open(self, file: Any) -> OutputContainer:
        options: dict[str, str] = {}
        if self._container_name in ("mp4", "mov"):
            flags = "+faststart"
            if not MP4_KEYS.issuperset(self._tags):
                flags += "+use_metadata_tags"
            options["movflags"] = flags
            if self._source.time_base.numerator == 1:
                # The same clock, so that timestamps are the same numbers.
                options["video_track_timescale"] = str(self._source.time_base.denominator)
        name = encoders.MUXER_NAMES[self._container_name]
        return av.open(file, "w", format=name, container_options=options)

    def _add_video(self, container: OutputContainer, frame: VideoFrame, choice: Choice) -> VideoStream:
        details, native = self._source.details, frame.native
        stream = container.add_stream(choice.encoder, rate=details.rate, options=dict(choice.options))
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = choice.pixel_format
        context.time_base = details.time_base
        stream.time_base = details.time_base
        context.sample_aspect_ratio = details.sample_aspect
        context.colorspace, context.color_range = native.colorspace, native.color_range
        context.color_trc, context.color_primaries = native.color_trc, native.color_primaries
        target = layout_of(planar_name(choice.pixel_format))
        if frame.layout.family == "gbr" and target is not None and target.family == "yuv":
            context.colorspace, context.color_range = rgb_matrix(frame.width, frame.height), 1
        elif frame.layout.family == "grey" and frame.colour.full:
            context.color_range = 2
        if choice.limited:
            context.color_range = 1
        if choice.tag is not None:
            context.codec_tag = choice.tag
        if details.timecode:
            passed = round((frame.pts - details.start) * details.time_base * details.rate) if self._source.start else 0
            stream.metadata["timecode"] = later(details.timecode, passed, details.rate)
        if not choice.hardware:
            context.thread_count = 0
        return stream

    def _clock(self, first: VideoFrame) -> tuple[int, Fraction, tuple[Fraction | None, Fraction | None]]:
        """Ticks to take off frames, seconds to take off other packets, and the part of these to keep.

        A whole video keeps its timestamps, except that one whose streams all begin late (or early) begins at 0. A part
        begins at 0 with its first frame.
        """
        source, base = self._source, self._source.time_base
        begin = source.details.start * base
        end = begin + Fraction(source.end) if source.end is not None else None
        if source.start:
            offset = first.pts * base
            return first.pts, offset, (offset, end)
        earliest = min([begin, *source.other_starts])
        ticks = first.pts if begin < 0 else int(earliest / base) if earliest > 0 else 0
        return ticks, ticks * base, (None, end)

    def _describe(self) -> dict[str, str]:
        return kept_tags(self._source.tags) | self._tags

    def _mux(self, packets: list[av.Packet]) -> None:
        assert self._container is not None
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, packet.duration or 0) if packet.pts is not None else 0
            if self._copier is not None and packet.dts is not None:
                self._copier.until(packet.dts * packet.time_base)
            self._container.mux(packet)
