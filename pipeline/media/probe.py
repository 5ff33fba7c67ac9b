"""Looking at a file before anything is done with it: what it is, how large, whether it can be opened at all."""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.errors import CorruptMedia, MediaTooLarge
from pipeline.media import details as d
from pipeline.media.colour import TRC_HLG, TRC_PQ
from pipeline.media.decoder import decoder_of
from pipeline.media.guard import LIMITS, SourceFile, media_errors, open_container
from pipeline.media.layout import layout_of, planar_name
from pipeline.media.numbering import Numbering
from pipeline.media.sniff import Demuxer
from pipeline.media.truncation import require_whole
from pipeline.types import MediaInfo, MediaLimits

log = logging.getLogger(__name__)

_PROBE_PACKETS = 400
"""Packets of the video that are tried before a file without a picture in it is given up."""


def probe(path: Path, limits: MediaLimits = LIMITS, rate: Fraction | None = None) -> MediaInfo:
    """Tell what the file at `path` is, from its content; or the files, where it numbers them (see `Numbering`).

    Pictures are opened but not decoded; of a video the first frame is decoded, so that its pixel format, orientation
    and tags are the real ones.

    Args:
        rate: frames a second of numbered pictures, which tell none; a video keeps its own.

    Raises:
        FileMissing, FileEmpty, UnsupportedMedia, CorruptMedia, MediaTooLarge, MediaChanged.
    """
    numbering = Numbering.of(path)
    if numbering is not None:
        from pipeline.media.sequence import RATE, sequence_info

        return sequence_info(numbering, limits, rate or RATE)
    with SourceFile(path) as source:
        sniffed = source.sniff()
        if sniffed.picture is not None:
            from pipeline.media.image import picture_info

            info = picture_info(source, sniffed.picture, limits)
        else:
            assert sniffed.demuxer is not None
            info = video_info(source, sniffed.demuxer, limits)
        source.check()
        return info


def video_info(source: SourceFile, demuxer: Demuxer, limits: MediaLimits) -> MediaInfo:
    """`probe` for a video that is already open; checks every limit."""
    require_whole(source, demuxer)
    with open_container(source, demuxer, limits) as container:
        stream = d.pick_stream(container)
        d.prepare(stream, limits)
        first = first_frame(container, stream, limits)
        return describe(source.path, demuxer, container, stream, first, limits)


def first_frame(container: InputContainer, stream: VideoStream, limits: MediaLimits) -> av.VideoFrame:
    """Decode until there is a frame.

    Raises:
        CorruptMedia: there is none.
    """
    decode = decoder_of(stream, limits)
    with media_errors(" at the beginning"):
        for number, packet in enumerate(container.demux(stream)):
            try:
                frames = decode(packet)
            except av.error.InvalidDataError:
                # Recordings often begin between key frames; the next packets may do.
                log.info("the first packets of the video could not be decoded")
                frames = []
            if frames:
                return frames[0]
            if number > _PROBE_PACKETS:
                break
    raise CorruptMedia("The file holds a video track, but no frame of it can be decoded.")


def describe(
    path: Path,
    demuxer: Demuxer,
    container: InputContainer,
    stream: VideoStream,
    first: av.VideoFrame,
    limits: MediaLimits,
) -> MediaInfo:
    """`MediaInfo` of an open video; raises `MediaTooLarge` where a limit is passed."""
    details = d.details_of(stream, first)
    width, height = (first.height, first.width) if details.turn.swaps else (first.width, first.height)
    layout = layout_of(planar_name(first.format.name))
    assert layout is not None
    duration = stream_duration(container, stream)
    frames = stream.frames or (round(duration * details.rate) if duration is not None else None)
    info = MediaInfo(
        path=path,
        kind="video",
        container=demuxer,
        codec=details.codec,
        pixel_format=first.format.name,
        width=width,
        height=height,
        rotation=details.turn.quarters * 90,
        rate=details.rate,
        frames=frames,
        duration=duration,
        audio=tuple(d.codec_name(s) for s in container.streams.audio),
        subtitles=tuple(d.codec_name(s) for s in container.streams.subtitles),
        chapters=len(container.chapters()),
        bit_depth=layout.depth,
        hdr=details.tags.transfer in (TRC_PQ, TRC_HLG),
        interlaced=is_interlaced(stream, first),
        sample_aspect=details.sample_aspect,
        alpha=layout.alpha,
    )
    check_limits(info, limits)
    return info


def check_limits(info: MediaInfo, limits: MediaLimits) -> None:
    """Raise `MediaTooLarge`, naming what is too large, before anything long is begun."""
    if info.width * info.height > limits.pixels:
        raise MediaTooLarge(too_many_pixels(info.width, info.height, limits))
    if info.duration is not None and info.duration > limits.seconds:
        raise MediaTooLarge(f"{info.duration:.0f} seconds are more than the {limits.seconds:.0f} allowed.")
    if info.frames is not None and info.frames > limits.frames:
        raise MediaTooLarge(f"{info.frames} frames are more than the {limits.frames} allowed.")


def too_many_pixels(width: int, height: int, limits: MediaLimits) -> str:
    return f"{width} x {height} pixels are more than the {limits.pixels / 1e6:g} million allowed."


def stream_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds of the video, from its own header or the container's; ``None`` when neither says."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tagged = _tagged_duration(stream.metadata.get("DURATION", ""))
    if tagged is not None:
        return tagged
    if container.duration:
        return container.duration / av.time_base
    return None


def _tagged_duration(text: str) -> float | None:
    """Seconds of Matroska's ``DURATION`` tag, ``HH:MM:SS.fraction``."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = int(parts[0]), int(parts[1]), float(parts[2])
    except (ValueError, IndexError):
        return None
    return hours * 3600 + minutes * 60 + seconds


_INTERLACED_ORDERS = (2, 3, 4, 5)  # AVFieldOrder: TT, BB, TB, BT


def is_interlaced(stream: VideoStream, first: av.VideoFrame) -> bool:
    return first.interlaced_frame or stream.codec_context.field_order in _INTERLACED_ORDERS
