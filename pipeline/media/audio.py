"""Re-encoding one audio stream, for containers that cannot hold it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
from av.audio.resampler import AudioResampler
from av.container import OutputContainer
from av.packet import Packet

from pipeline.media.guard import media_errors

_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MIDDLE = {"u8": 128, "u8p": 128}
"""The byte of silence, where that is not 0."""
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_APART = Fraction(1, 10)
"""Seconds that stamps may be away from the count of samples: what rounding shakes is less, what a recording has lost is
more."""
_LEAP = Fraction(3600)
"""Seconds that no gap is long: a stamp that leaps so far is the first of another clock."""
_BITS_A_CHANNEL = {"aac": 96_000, "libopus": 64_000}


class AudioConverter:
    """Packets of one codec in, packets of `encoder` out, on the result's clock.

    Attributes:
        stream: the stream that was added to the output.
    """

    def __init__(self, source: av.AudioStream, output: OutputContainer, encoder: str, offset: Fraction) -> None:
        context = source.codec_context
        rate = context.sample_rate or 48000
        if encoder == "libopus" and rate not in _OPUS_RATES:
            rate = 48000
        channels = max(1, context.layout.nb_channels)
        layout = _LAYOUTS.get(channels, "stereo")
        self.stream: av.AudioStream = output.add_stream(encoder, rate=rate)  # type: ignore[assignment]
        self.stream.codec_context.layout = layout
        self.stream.codec_context.bit_rate = _BITS_A_CHANNEL[encoder] * min(channels, 8)
        self.stream.codec_context.time_base = Fraction(1, rate)
        self._rate, self._layout, self._offset = rate, layout, offset
        self._resampler: AudioResampler | None = None
        self._pts: int | None = None
        self._end: Fraction | None = None
        self._heard = False

    def convert(self, packet: Packet) -> Iterator[Packet]:
        with media_errors(" in the sound"):
            frames = cast(list[av.AudioFrame], packet.decode())
        for frame in frames:
            begin = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else self._end
            if self._pts is None:
                begin = self._offset if begin is None else begin
                self._pts = round((begin - self._offset) * self._rate)
            assert begin is not None
            apart = begin - self._end if self._end is not None else Fraction(0)
            length = Fraction(frame.samples, frame.sample_rate)
            self._heard = -_LEAP < apart < (0 if self._heard else -_APART)
            if self._heard:
                continue  # a later part of the sound was
            if _APART < apart < _LEAP:
                yield from self._silence(frame, round(apart * frame.sample_rate))
            self._end = length + (self._end if self._end is not None and abs(apart) <= _APART else begin)
            yield from self._encode(frame)

    def _silence(self, like: av.AudioFrame, samples: int) -> Iterator[Packet]:
        """What a gap in the stream is filled with, as what comes after it would be heard too early."""
        while samples > 0:
            some = min(samples, like.sample_rate)
            frame = av.AudioFrame(format=like.format.name, layout=like.layout, samples=some)
            for plane in frame.planes:
                plane.update(bytes([_MIDDLE.get(like.format.name, 0)]) * plane.buffer_size)
            frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
            yield from self._encode(frame)
            samples -= some

    def flush(self) -> Iterator[Packet]:
        """What is left in the resampler and the encoder."""
        if self._resampler is not None:
            yield from self._encode(None)
            yield from self.stream.encode(None)

    def _encode(self, frame: av.AudioFrame | None) -> Iterator[Packet]:
        if self._resampler is None:
            context = self.stream.codec_context
            if not context.is_open:
                context.open()
            self._resampler = AudioResampler(context.format, self._layout, self._rate, context.frame_size or None)
        for ready in self._resampler.resample(frame):
            # Samples are counted rather than stamped: stamps may be rounded, and encoders want no gaps.
            ready.pts, ready.time_base = self._pts, Fraction(1, self._rate)
            self._pts = (self._pts or 0) + ready.samples
            yield from self.stream.encode(ready)
