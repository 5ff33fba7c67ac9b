"""Everything of a video that is not its picture: audio, subtitles, attachments, chapters, descriptions.

Packets are copied as they are from a second opening of the same file, in step with the frames that are written, so that
memory does not depend on the length. Only what the container forbids is converted, and a note says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, cast

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from pipeline.media import details as d
from pipeline.media.audio import AudioConverter
from pipeline.media.damage import RECORDINGS, sound_notes
from pipeline.media.encoders import Container
from pipeline.media.guard import SourceFile, media_errors, open_container
from pipeline.media.metadata import kept_stream_tags
from pipeline.media.sniff import Demuxer
from pipeline.media.sound_check import SoundCheck
from pipeline.media.subtitles import ASS_HEADER, TEXT_CODECS, convert
from pipeline.types import MediaLimits

log = logging.getLogger(__name__)

_AUDIO: dict[Container, tuple[str, ...] | None] = {
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "dts", "mp2"),
    "mov": ("aac", "mp3", "ac3", "eac3", "alac", "amr_nb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
            "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"),
    "webm": ("opus", "vorbis"),
    "mkv": None,  # nearly all; what it refuses is found out by asking the muxer
}  # fmt: skip
_TEXT: dict[Container, str] = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt", "mkv": "subrip"}
_MKV_SUBTITLES = ("subrip", "srt", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle")

Handle = Callable[[Packet], Iterable[Packet]]


class StreamCopier:
    """Copies the other streams of `source` into `output`, which must not have been started.

    Args:
        source: the target, opened a second time; closed by `close`.
        offset: seconds of the source's clock that become 0 of the result's.
        window: first and last second (exclusive) of the source's clock to keep; ``None`` is beginning or end.

    """

    def __init__(
        self,
        source: SourceFile,
        demuxer: Demuxer,
        limits: MediaLimits,
        output: OutputContainer,
        container: Container,
        offset: Fraction,
        window: tuple[Fraction | None, Fraction | None],
    ) -> None:
        self._notes: list[str] = []
        self._source, self._output, self._container = source, output, container
        self._offset, (self._start, self._end) = offset, window
        self._input: InputContainer = open_container(source, demuxer, limits, pictures=False)
        self._handles: dict[int, Handle] = {}
        self._checks: dict[int, SoundCheck] = {}
        self._lost: set[float] = set()
        self._converters: list[AudioConverter] = []
        self._next: Packet | None = None
        self._due = Fraction(0)
        for stream in self._input.streams:
            handle = self._plan(stream)
            if demuxer in RECORDINGS and isinstance(stream, av.AudioStream) and d.can_decode_audio(stream):
                self._checks[stream.index] = SoundCheck(stream)
            if handle is None:
                stream.discard = av.stream.Discard.all
            else:
                self._handles[stream.index] = handle
        output.set_chapters(self._chapters())
        self._packets: Iterator[Packet] = self._kept() if self._handles else iter(())

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was converted, dropped or lost."""
        return (*self._notes, *sound_notes(self._lost))

    def until(self, time: Fraction | None) -> None:
        """Write every packet whose decoding time in the result is up to `time` seconds; ``None`` writes the rest."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
                if self._next is None:
                    break
                self._due = self._result_time(self._next)
            if time is not None and self._due > time:
                return
            packet, self._next = self._next, None
            check = self._checks.get(packet.stream_index)
            if check is not None and not check.passes(packet):
                self._lost.add(float(self._due))
                continue
            if check is not None and check.gap:
                self._lost.add(float(self._due))
            self._output.mux(list(self._handles[packet.stream_index](packet)))
        if time is None:
            for converter in self._converters:
                self._output.mux(list(converter.flush()))
            self._converters = []

    def close(self) -> None:
        self._input.close()
        self._source.close()

    def _plan(self, stream: Stream) -> Handle | None:
        """Add a stream to the output for this one and tell what becomes of its packets; ``None`` drops it."""
        if isinstance(stream, av.AudioStream):
            return self._plan_audio(stream)
        if stream.type == "subtitle":
            return self._plan_subtitle(stream)
        if stream.type == "attachment" and self._container == "mkv":
            self._add_copy(stream)
            return None  # an attachment is in the header; it has no packets
        return None

    def _tell(self, note: str) -> None:
        """Several streams of one kind are told of once."""
        if note not in self._notes:
            self._notes.append(note)

    def _plan_audio(self, stream: av.AudioStream) -> Handle | None:
        name, allowed = d.codec_name(stream), _AUDIO[self._container]
        if allowed is None or name in allowed:
            copied = self._add_copy(stream)
            if copied is not None:
                return self._copy_to(copied)
        if not d.can_decode_audio(stream):
            self._tell(f"Audio in the format {name} cannot be kept in a .{self._container} file; it was left out.")
            return None
        converter = AudioConverter(
            stream, self._output, "libopus" if self._container == "webm" else "aac", self._offset
        )
        self._describe(stream, converter.stream)
        self._converters.append(converter)
        new = "Opus" if self._container == "webm" else "AAC"
        self._tell(f"A .{self._container} file cannot hold {name.upper()} audio; it was re-encoded as {new}.")
        return converter.convert

    def _plan_subtitle(self, stream: Stream) -> Handle | None:
        name, target = d.codec_name(stream), _TEXT[self._container]
        if name == target or (self._container == "mkv" and name in _MKV_SUBTITLES):
            copied = self._add_copy(stream)
            if copied is not None:
                return self._copy_to(copied)
        if name not in TEXT_CODECS:
            self._tell(f"Subtitles in the format {name} cannot be kept in a .{self._container} file; left out.")
            return None
        added = cast(SubtitleStream, self._output.add_stream(target))
        added.codec_context.subtitle_header = ASS_HEADER
        added.time_base = stream.time_base
        self._describe(stream, added)

        def rewrite(packet: Packet) -> Iterable[Packet]:
            changed = Packet(convert(name, target, bytes(packet)))
            changed.pts, changed.dts, changed.duration = packet.pts, packet.dts, packet.duration or 0
            changed.time_base, changed.stream = packet.time_base, added
            return (self._shifted(changed),)

        return rewrite

    def _add_copy(self, stream: Stream) -> Stream | None:
        try:
            added = self._output.add_stream_from_template(stream)
        except ValueError:
            log.info("the container refuses a stream of codec %s", d.codec_name(stream))
            return None
        self._describe(stream, added)
        return added

    def _describe(self, source: Stream, target: Stream) -> None:
        target.metadata.update(kept_stream_tags(source.metadata))
        target.disposition = source.disposition

    def _copy_to(self, target: Stream) -> Handle:
        def copy(packet: Packet) -> Iterable[Packet]:
            packet.stream = target
            return (self._shifted(packet),)

        return copy

    def _shifted(self, packet: Packet) -> Packet:
        """Move a packet to the result's clock."""
        if not self._offset:
            return packet
        ticks = round(self._offset / packet.time_base)
        if packet.pts is not None:
            packet.pts -= ticks
        if packet.dts is not None:
            packet.dts -= ticks
        return packet

    def _kept(self) -> Iterator[Packet]:
        """Packets that overlap the window, in the order of the file."""
        self._seek()
        streams = [s for s in self._input.streams if s.index in self._handles]
        texts = {s.index for s in streams if s.type == "subtitle"}
        done: set[int] = set()
        with media_errors(" in the sound or the subtitles"):
            for packet in self._input.demux(*streams):
                if packet.size == 0 or packet.stream_index in done:
                    continue
                if packet.dts is None and packet.pts is None:
                    continue
                if self._start is None and self._end is None:
                    yield packet
                    continue
                begin = _time(packet)
                end = begin + (packet.duration or 0) * packet.time_base
                if self._start is not None and end <= self._start:
                    continue
                if self._end is not None and begin >= self._end:
                    done.add(packet.stream_index)
                    if len(done) == len(streams):
                        return
                    continue
                if packet.stream_index in texts:
                    self._clip(packet, begin, end)
                yield packet

    def _clip(self, packet: Packet, begin: Fraction, end: Fraction) -> None:
        """Shorten a line of text to the window; muxers take no line that begins before the film."""
        first = begin if self._start is None else max(begin, self._start)
        last = end if self._end is None else min(end, self._end)
        if (first, last) != (begin, end):
            packet.pts = packet.dts = -int(-first // packet.time_base)
            packet.duration = max(0, int(last / packet.time_base) - packet.pts)

    def _seek(self) -> None:
        if self._start is None or self._start <= 0:
            return
        try:
            self._input.seek(int(self._start * av.time_base), backward=True)
        except av.error.FFmpegError:
            log.info("the sound cannot be searched; it is read from its beginning")

    def _result_time(self, packet: Packet) -> Fraction:
        stamp = packet.dts if packet.dts is not None else packet.pts
        return (stamp or 0) * packet.time_base - self._offset

    def _chapters(self) -> list[av.container.core.Chapter]:
        """Chapters on the result's clock, clipped to the window."""
        kept: list[Any] = []
        for chapter in self._input.chapters():
            base = chapter["time_base"]
            if not base:
                continue
            begin, end = chapter["start"] * base, chapter["end"] * base
            if self._start is not None:
                begin = max(begin, self._start)
            if self._end is not None:
                end = min(end, self._end)
            if end > begin:
                times = {"start": round((begin - self._offset) / base), "end": round((end - self._offset) / base)}
                kept.append({**chapter, "id": len(kept) + 1, **times})
        return kept


def _time(packet: Packet) -> Fraction:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return (stamp or 0) * packet.time_base
