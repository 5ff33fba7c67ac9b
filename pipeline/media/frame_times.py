"""Frames by their numbers: the part of a film that options name so, as times.

What reads a film goes by time. A rate tells when a frame is shown only where every frame is shown equally long, so the
frames are counted instead: by the packets of a film that holds one frame in each, which is as quick as reading it, and
else by decoding.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import replace

import av.error

from pipeline.errors import Cancelled, OptionError
from pipeline.media import details as d
from pipeline.media.animation import AnimationReader
from pipeline.media.guard import open_container
from pipeline.media.open import open_target
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.options import Options
from pipeline.types import MediaInfo, MediaLimits

_ONE_EACH = ("h264", "hevc", "av1", "prores", "dnxhd", "mjpeg", "ffv1")
"""Codecs of which a packet of MP4, QuickTime or Matroska is one frame that is shown. VP8 and VP9 may have packets that
show nothing, MPEG-2 packets of one field."""


def in_time(options: Options, info: MediaInfo, limits: MediaLimits, cancel: threading.Event | None = None) -> Options:
    """`options` with `start` and `end` where they had `first_frame` and `last_frame`, exact to the frame.

    Frames of a video or an animation are counted from 1, those of a sequence have the numbers of their files. Both
    ends are kept. A single picture has no part; its options stay as they are.

    Args:
        info: of the target, as `probe` told it.
        cancel: set it to stop.

    Raises:
        OptionError: there is no such frame, or see `Options.check_part`.
        InputError: the film cannot be read.
        Cancelled: `cancel` was set.
    """
    options.check_part()
    if (options.first_frame is None and options.last_frame is None) or info.kind == "image":
        return options
    start, end = options.start, options.end
    with open_target(info.path, info, limits=limits) as reader:
        if isinstance(reader, SequenceReader):
            begin, over = _of_files(reader, options)
        else:
            begin, over = _counted(_shown(reader, options.last_frame or options.first_frame or 1, cancel), options)
    return replace(
        options, first_frame=None, last_frame=None,
        start=start if options.first_frame is None else begin, end=end if options.last_frame is None else over,
    )  # fmt: skip


def _of_files(reader: SequenceReader, options: Options) -> tuple[float | None, float | None]:
    numbers, rate = list(reader.files), reader.details.rate
    first, last = options.first_frame, options.last_frame
    for number in (first, last):
        if number is not None and not numbers[0] <= number <= numbers[-1]:
            raise OptionError(f"There is no frame {number}: the sequence goes from {numbers[0]} to {numbers[-1]}.")
    begin = float((first - numbers[0]) / rate) if first is not None and first > numbers[0] else None
    over = float((last + 1 - numbers[0]) / rate) if last is not None and last < numbers[-1] else None
    return begin, over


def _counted(times: list[float], options: Options) -> tuple[float | None, float | None]:
    """Args: times: of the frames, as far as the one after the last that is asked for, if there is one."""
    first, last = options.first_frame, options.last_frame
    for number in (first, last):
        if number == 0:
            raise OptionError("Frames of a film are counted from 1; there is no frame 0.")
        if number is not None and number > len(times):
            raise OptionError(f"There is no frame {number}: the film has {len(times)}, counted from 1.")
    begin = times[first - 1] if first is not None and first > 1 else None
    return begin, times[last] if last is not None and last < len(times) else None


def _shown(reader: VideoReader | AnimationReader, last: int, cancel: threading.Event | None) -> list[float]:
    """Seconds at which frames are shown, as far as the one after number `last`."""
    if not isinstance(reader, VideoReader):
        return _up_to((frame.time for frame in reader), last, cancel)
    ticks = _by_packets(reader, last, cancel)
    if ticks is None:
        return _up_to(reader.times(), last, cancel)
    return [float((pts - reader.details.start) * reader.time_base) for pts in ticks]


def _up_to(times: Iterator[float], last: int, cancel: threading.Event | None) -> list[float]:
    found = []
    for time in times:
        _stop_if(cancel)
        found.append(time)
        if len(found) > last:
            break
    return found


def _by_packets(reader: VideoReader, last: int, cancel: threading.Event | None) -> list[int] | None:
    """Timestamps of the frames; ``None`` where packets do not tell."""
    if reader.demuxer not in ("mov", "matroska") or reader.details.codec not in _ONE_EACH or reader.info.interlaced:
        return None
    found: list[int] = []
    with open_container(reader.source, reader.demuxer, reader.limits) as container:
        stream = d.pick_stream(container)
        try:
            for packet in container.demux(stream):
                _stop_if(cancel)
                if not packet.size or packet.is_discard:
                    continue
                now = packet.dts  # Matroska does not say it of the first ones
                if packet.pts is None or packet.is_corrupt or (now is not None and packet.pts < now):
                    return None
                insort(found, packet.pts)
                # None that comes later is shown before it is decoded: what is older than now is complete.
                if now is not None and bisect_right(found, now) > last:
                    break
        except av.error.FFmpegError:
            return None
    if not found or found[0] != reader.details.start or len(set(found)) < len(found):
        return None
    return found


def _stop_if(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled
