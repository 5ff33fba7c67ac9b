"""Which packets of a recording's sound are whole: where one of a broadcast's was lost, parsers cut rubbish out of the
rest, which no container takes."""

from __future__ import annotations

from typing import cast

import av
import av.error
from av.packet import Packet

_ADTS_HEAD = 7
"""Bytes of the head before each packet of AAC in a broadcast."""
_MOMENT = 1
"""Seconds of silence that are a moment."""


class SoundCheck:
    """Hears every packet of one stream before it is kept, with a decoder of its own.

    Args:
        stream: of a codec that can be decoded.

    Attributes:
        gap: whether something is missing before the packet that passed last.
    """

    def __init__(self, stream: av.AudioStream) -> None:
        usual = stream.codec_context
        self._context = cast(av.AudioCodecContext, av.CodecContext.create(usual.codec.name, "r"))
        self._context.extradata = usual.extradata
        self._with_head = usual.codec.canonical_name == "aac" and not usual.extradata
        self._last: int | None = None
        self._length = 0
        self.gap = False

    def passes(self, packet: Packet) -> bool:
        """Whether it can be heard, and comes after those before it."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is not None and self._last is not None and stamp <= self._last:
            return False
        if self._with_head and not _is_whole(bytes(packet)):
            return False
        try:
            self._context.decode(packet)
        except av.error.FFmpegError:
            return False
        step = (stamp - self._last) if stamp is not None and self._last is not None else 0
        # What is longer is told as a hole of the whole recording.
        self.gap = bool(self._length) and 1.5 * self._length < step < _MOMENT / packet.time_base
        self._last, self._length = stamp, packet.duration or 0
        return True


def _is_whole(data: bytes) -> bool:
    """Whether AAC begins with its head, and is as long as that says."""
    if len(data) < _ADTS_HEAD or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return False
    return (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5 == len(data)
