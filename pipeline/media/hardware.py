"""Hardware encoders: used when present and working, which only encoding a few frames can tell."""

from __future__ import annotations

import ctypes.util
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from pipeline.media import encoders
from pipeline.media.encoders import Choice, Container
from pipeline.media.layout import Layout
from pipeline.options import HardwareUse, Quality, VideoCodec

log = logging.getLogger(__name__)

_INTEL, _AMD = "0x8086", "0x1002"
_TRIED_FRAMES = 4


@dataclass(frozen=True)
class Maker:
    """One maker's encoders.

    Attributes:
        title: for people.
        suffix: of the encoder's names, as in ``h264_nvenc``.
        present: whether the hardware seems to be there.
        formats: pixel formats for 8 and 10 bits.
        options: by the constant quality that is asked for (0 to 51, as x264's).
    """

    title: str
    suffix: str
    present: Callable[[], bool]
    formats: tuple[str, str]
    options: Callable[[int], Mapping[str, str]]


def _graphics(vendor: str) -> bool:
    """Whether Linux knows a graphics card of this vendor, with a render node."""
    return any(path.read_text().strip() == vendor for path in Path("/sys/class/drm").glob("renderD*/device/vendor"))


def _nvidia() -> bool:
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return Path("/dev/nvidiactl").exists()


_MAKERS = (
    Maker(
        "NVIDIA",
        "nvenc",
        _nvidia,
        ("yuv420p", "p010le"),
        lambda q: {"preset": "p5", "rc": "vbr", "cq": str(q), "b": "0", "spatial-aq": "1"},
    ),
    Maker(
        "Intel",
        "qsv",
        lambda: _graphics(_INTEL),
        ("nv12", "p010le"),
        lambda q: {"preset": "medium", "global_quality": str(q)},
    ),
    Maker(
        "AMD",
        "amf",
        lambda: _graphics(_AMD) and sys.platform == "win32",
        ("nv12", "p010le"),
        lambda q: {"quality": "balanced", "rc": "cqp", "qp_i": str(q), "qp_p": str(q)},
    ),
    Maker(
        "Apple",
        "videotoolbox",
        lambda: sys.platform == "darwin",
        ("nv12", "p010le"),
        lambda q: {"q:v": str(max(1, 100 - 2 * q))},
    ),
)

_QUALITY: Mapping[Quality, int] = {"draft": 32, "standard": 27, "high": 22, "best": 17}
_CODECS = ("h264", "hevc", "av1")


def choose(
    codec: VideoCodec, quality: Quality, container: Container, layout: Layout, size: tuple[int, int], use: HardwareUse
) -> tuple[Choice, tuple[str, ...]]:
    """The encoder for upright frames of `layout` and ``(width, height)``, and notes for the user.

    With ``"auto"`` a hardware encoder is taken when it really encodes a few frames of this size; one that is there and
    fails is told in a note, one that is simply absent is not. Odd sizes and the lossless codec are left to software.
    """
    plain = encoders.software(codec, quality, container, layout, size)
    if use == "never" or codec not in _CODECS or size[0] % 2 or size[1] % 2 or layout.alpha:
        return plain, ()
    deep = layout.depth > 8 and codec != "h264"
    notes: list[str] = []
    for maker in _MAKERS:
        name = encoder_name(codec, maker)
        if name not in av.codecs_available or not maker.present():
            continue
        options = maker.options(_QUALITY[quality])
        failure = trial(name, maker.formats[deep], size, tuple(sorted(options.items())))
        if failure is None:
            return Choice(name, options, maker.formats[deep], hardware=True, tag=plain.tag, notes=plain.notes), ()
        log.warning("%s is present but does not work: %s", name, failure)
        notes.append(f"The {maker.title} video encoder is present but did not work; {plain.encoder} was used.")
    return plain, tuple(notes)


def encoder_name(codec: VideoCodec, maker: Maker) -> str:
    """FFmpeg's name of a maker's encoder."""
    return f"{codec}_{maker.suffix}"


@lru_cache(maxsize=64)
def trial(name: str, pixel_format: str, size: tuple[int, int], options: tuple[tuple[str, str], ...]) -> str | None:
    """Encode a few frames; ``None`` when packets came out, else why not."""
    try:
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = *size, pixel_format
        context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
        context.options = dict(options)
        packets = 0
        for number in range(_TRIED_FRAMES):
            grey = av.VideoFrame.from_ndarray(np.full((size[1], size[0]), 40 * number, np.uint8), "gray")
            frame = grey.reformat(format=pixel_format)
            frame.pts = number
            packets += len(context.encode(frame))
        packets += len(context.encode(None))
    except (av.error.FFmpegError, ValueError, OSError) as error:
        return str(error)
    return None if packets else "no packets came out"
