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
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
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

    def convert(self, packet: Packet) -> Iterator[Packet]:
        with media_errors(" in the sound"):
            frames = cast(list[av.AudioFrame], packet.decode())
        for frame in frames:
            if self._pts is None:
                begin = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else self._offset
                self._pts = round((begin - self._offset) * self._rate)
            yield from self._encode(frame)

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
            # Samples are counted rather than stamped: a decoder's stamps may be rounded, and encoders want no gaps.
            ready.pts, ready.time_base = self._pts, Fraction(1, self._rate)
            self._pts = (self._pts or 0) + ready.samples
            yield from self.stream.encode(ready)
