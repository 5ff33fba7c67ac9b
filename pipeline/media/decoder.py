"""What makes frames of a video's packets.

WebM keeps transparency as a second picture beside each packet, which FFmpeg's own decoders of VP8 and VP9 pass over.
libvpx's, which come along with it, look there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import av
from av.video.stream import VideoStream

from pipeline.types import MediaLimits

Decode = Callable[[av.Packet], list[av.VideoFrame]]
_WITH_ALPHA: Mapping[str, str] = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: VideoStream, limits: MediaLimits) -> Decode:
    """Decodes packets of `stream` from a key frame on, in their order; the last one, which is empty, gives the rest."""
    usual = stream.codec_context
    name = _WITH_ALPHA.get(usual.codec.canonical_name) if is_transparent(stream) else None
    if name is None:
        return lambda packet: packet.decode()
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.options = {"max_pixels": str(limits.pixels)}
    context.thread_type = "AUTO"
    # What the container says of colours, where the packets say nothing.
    context.color_range, context.colorspace = usual.color_range, usual.colorspace
    context.color_primaries, context.color_trc = usual.color_primaries, usual.color_trc
    return context.decode


def is_transparent(stream: VideoStream) -> bool:
    """Whether there is such a second picture."""
    return stream.metadata.get("alpha_mode") == "1"
