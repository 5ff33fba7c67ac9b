"""What reading and writing need to know about a video stream, beyond what `MediaInfo` tells users."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.errors import CorruptMedia, MediaTooLarge, UnsupportedMedia
from pipeline.media.guard import AUDIO_DECODERS, VIDEO_DECODERS
from pipeline.media.orient import Turn, matrix_turn
from pipeline.media.timecode import timecode_of
from pipeline.types import MediaLimits


@dataclass(frozen=True)
class ColourTags:
    """The stream's own tags, as FFmpeg's numbers; passed on, never guessed."""

    matrix: int = 2
    range: int = 0
    transfer: int = 2
    primaries: int = 2


@dataclass(frozen=True)
class StreamDetails:
    """One video stream, after its first frame has been decoded.

    Attributes:
        time_base: unit of `start` and of all timestamps.
        start: timestamp of the first frame.
        rate: frames a second, a guess for a variable rate.
        turn: what makes frames upright.
        sample_aspect: of upright pixels.
        tags: colour tags.
        mastering, light_level: HDR10 side data as FFmpeg's structures, empty where there is none.
        codec: name of the codec, not of the decoder.
        timecode: of the first frame, ``""`` where there is none.
    """

    time_base: Fraction
    start: int
    rate: Fraction
    turn: Turn
    sample_aspect: Fraction
    tags: ColourTags
    mastering: bytes
    light_level: bytes
    codec: str
    timecode: str = ""


def pick_stream(container: InputContainer) -> VideoStream:
    """The video stream to change: the best one that is no cover picture.

    Raises:
        UnsupportedMedia: there is none, or its codec is not on the list.
    """
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams:
        raise UnsupportedMedia("The file holds no video.")
    best = container.streams.best("video")
    stream = next((s for s in streams if best is not None and s.index == best.index), streams[0])
    if stream.codec_context is None or stream.codec_context.codec.name not in VIDEO_DECODERS:
        raise UnsupportedMedia("The video uses a codec that Recast cannot open.")
    return stream


def is_cover(stream: VideoStream) -> bool:
    """Whether the stream is a cover picture or a thumbnail instead of a video."""
    marks = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return bool(stream.disposition & marks)


def prepare(stream: VideoStream, limits: MediaLimits) -> None:
    """Set up the decoder: threads and limits. To be called before the first packet is decoded."""
    context = stream.codec_context
    if context.width * context.height > limits.pixels:
        raise MediaTooLarge(f"Frames of {context.width} x {context.height} pixels are larger than allowed.")
    context.options = {"max_pixels": str(limits.pixels)}
    context.thread_type = "AUTO"


def details_of(stream: VideoStream, first: av.VideoFrame) -> StreamDetails:
    """The details of `stream`, of which `first` is the first decoded frame."""
    if stream.time_base is None or stream.time_base <= 0:
        raise CorruptMedia("The video has no time base.")
    turn = matrix_turn(side_data(first, "DISPLAYMATRIX"))
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if aspect <= 0:
        aspect = Fraction(1)
    start = first.pts if first.pts is not None else (stream.start_time or 0)
    return StreamDetails(
        time_base=stream.time_base,
        start=start,
        rate=frame_rate(stream),
        turn=turn,
        sample_aspect=1 / aspect if turn.swaps else aspect,
        tags=ColourTags(first.colorspace, first.color_range, first.color_trc, first.color_primaries),
        mastering=side_data(first, "MASTERING_DISPLAY_METADATA"),
        light_level=side_data(first, "CONTENT_LIGHT_LEVEL"),
        codec=codec_name(stream),
        timecode=timecode_of(stream.metadata, stream.container.metadata),
    )


def frame_rate(stream: VideoStream) -> Fraction:
    """The average rate where it is believable, else the base rate, else 25."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate is not None and 0 < rate <= 1000:
            return Fraction(rate)
    return Fraction(25)


def codec_name(stream: av.stream.Stream) -> str:
    """``"av1"`` rather than ``"libdav1d"``."""
    # PyAV's types do not say so, but a stream without a decoder has no context.
    context: av.CodecContext | None = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "unknown"


def can_decode_audio(stream: av.stream.Stream) -> bool:
    return stream.codec_context is not None and stream.codec_context.codec.name in AUDIO_DECODERS


def side_data(frame: av.VideoFrame, name: str) -> bytes:
    """One kind of side data of a frame, empty where there is none."""
    found = cast(Any, frame.side_data).get(name)
    return bytes(found) if found is not None else b""
