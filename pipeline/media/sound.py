"""Sound that is recorded beside a camera's pictures: samples in as they come, AAC packets out."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

BITS = 96_000
APART = 0.25
"""Seconds that the samples may be away from the clock before silence is put in, or some are left out: what a network
shakes is less, what a microphone leaves out is more."""
_FRAME = 1024

Samples = NDArray[np.int16]


class SoundTrack:
    """One channel of sound in a container that is about to be begun.

    Samples are counted, not stamped: one chunk follows the other without a gap, whenever they come, as long as the
    count stays within `APART` of the clock.

    Args:
        output: not yet begun.
        rate: samples a second.
    """

    def __init__(self, output: OutputContainer, rate: int) -> None:
        self.rate = rate
        self._stream: av.AudioStream = output.add_stream("aac", rate=rate)
        self._stream.codec_context.layout = "mono"
        self._stream.codec_context.bit_rate = BITS
        self._stream.codec_context.time_base = Fraction(1, rate)
        self._waiting = np.empty(0, np.int16)
        self._taken = 0
        self._encoded = 0

    def write(self, samples: Samples, time: float) -> list[Packet]:
        """Packets of what is whole by now.

        Args:
            samples: ``(n,)`` int16.
            time: of the first of them, seconds after the first picture; what lies before that is left out.
        """
        place = round(time * self.rate)
        if self._taken == 0 or abs(place - self._taken) > APART * self.rate:
            samples = samples[max(0, self._taken - place) :]
            if len(samples):
                silence = np.zeros(max(0, place - self._taken), np.int16)
                samples = np.concatenate([silence, samples])
        self._taken += len(samples)
        self._waiting = np.concatenate([self._waiting, samples])
        return self._packets(len(self._waiting) // _FRAME)

    def finish(self) -> list[Packet]:
        """What is left."""
        rest = -len(self._waiting) % _FRAME
        self._waiting = np.concatenate([self._waiting, np.zeros(rest, np.int16)])
        packets = self._packets(len(self._waiting) // _FRAME)
        return packets + (list(self._stream.encode(None)) if self._encoded else [])

    def _packets(self, frames: int) -> list[Packet]:
        packets: list[Packet] = []
        for number in range(frames):
            part = self._waiting[number * _FRAME : (number + 1) * _FRAME]
            level = (part.astype(np.float32) / 32768)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(level, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self._encoded, Fraction(1, self.rate)
            packets += self._stream.encode(frame)
            self._encoded += _FRAME
        self._waiting = self._waiting[frames * _FRAME :]
        return packets
