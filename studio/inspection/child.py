"""What the confined process does: decode a file, and say in a few plain words how that went."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import av

from pipeline.errors import InputError, MediaTooLarge, about
from pipeline.media import Numbering, open_target, probe, read_picture
from pipeline.media.guard import SourceFile, open_container
from pipeline.media.sequence import require_size
from pipeline.types import MediaInfo, MediaLimits
from studio.inspection.confine import Bounds, confine

PLACES, TASTE = 8, 0.4
"""Places of a long video that are tried, and seconds of work at each."""
_FIRST_FRAMES = 5


def work(answer: Connection, path: str, thorough: bool, limits: MediaLimits, bounds: Bounds, budget: float) -> None:
    """Entry of the process.

    Args:
        thorough: decode a video as far as `budget` seconds go, then parts of what is left; else its beginning only.
    """
    logging.disable(logging.CRITICAL)
    av.logging.set_level(None)
    missing = confine(bounds)
    try:
        _decode(Path(path), thorough, limits, budget)
        said = {"code": "", "missing": missing}
    except InputError as error:
        said = {"code": error.code, "sentence": str(error)[:500]}
    except MemoryError:
        said = {"code": MediaTooLarge.code, "sentence": MediaTooLarge.sentence}
    answer.send_bytes(json.dumps(said).encode())
    answer.close()
    # Nothing of this process is worth tidying up, and a decoder's own end may be what is broken.
    os._exit(0)


def _decode(path: Path, thorough: bool, limits: MediaLimits, budget: float) -> None:
    info = probe(path, limits)
    if info.kind == "image":
        read_picture(path, limits)
    elif info.kind == "sequence":
        _decode_frames(info, limits, budget)
    elif info.kind == "video" and thorough:
        _decode_video(path, info, limits, budget)
    else:
        until = time.monotonic() + budget
        with open_target(path, info, limits=limits) as reader:
            for number, _ in enumerate(reader):
                if time.monotonic() > until or (not thorough and number > _FIRST_FRAMES):
                    break


def _decode_video(path: Path, info: MediaInfo, limits: MediaLimits, budget: float) -> None:
    """Pictures and sound, one packet after the other. What is merely damaged is told when the job comes to it."""
    with SourceFile(path) as source:
        sniffed = source.sniff()
        assert sniffed.demuxer is not None
        with open_container(source, sniffed.demuxer, limits) as container:
            container.streams.video[0].thread_type = "AUTO"
            if _decode_for(container, budget) or info.duration is None:
                return
            for place in range(1, PLACES + 1):
                try:
                    container.seek(int(info.duration * place / (PLACES + 1) * av.time_base))
                except av.error.FFmpegError:
                    return
                _decode_for(container, TASTE)


def _decode_frames(info: MediaInfo, limits: MediaLimits, budget: float) -> None:
    """The size of each frame, which takes little, and as many of them as there is time for, from all over the film."""
    numbering = Numbering.of(info.path)
    files = [] if numbering is None else list(numbering.files().values())
    until = time.monotonic() + budget
    for decode in (False, True):
        for file in _scattered(files):
            if time.monotonic() > until:
                break
            with about(file.name):
                require_size(read_picture(file, limits) if decode else probe(file, limits), info)


def _scattered(files: Sequence[Path]) -> list[Path]:
    """The first one, one from the middle, from the middle of each half, and so on: by its place's bits turned round."""
    bits = len(files).bit_length()
    return [file for _, file in sorted(enumerate(files), key=lambda one: f"{one[0]:0{bits}b}"[::-1])]


def _decode_for(container: av.container.InputContainer, seconds: float) -> bool:
    """Decode from where the container is; whether the end came before the time was over."""
    until = time.monotonic() + seconds
    try:
        for packet in container.demux(container.streams.video[0], *container.streams.audio):
            with contextlib.suppress(av.error.FFmpegError):
                packet.decode()
            if time.monotonic() > until:
                return False
    except av.error.FFmpegError:
        pass
    return True
