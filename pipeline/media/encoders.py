"""Which encoder, with which options, in which pixel format: small pure functions over tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import av

from pipeline.errors import OptionError, OutputError
from pipeline.media.layout import Layout
from pipeline.types import Options, Quality, VideoCodec

OPTIONS = Options()
"""The options where none are given."""

Container = Literal["mp4", "mov", "mkv", "webm"]

MUXERS: Mapping[str, Container] = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "mkv", ".webm": "webm"}
MUXER_NAMES: Mapping[Container, str] = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}

_ALLOWED: Mapping[Container, tuple[VideoCodec, ...]] = {
    "mp4": ("h264", "hevc", "vp9", "av1", "lossless"),
    "mov": ("h264", "hevc", "lossless"),
    "mkv": ("h264", "hevc", "vp9", "av1", "lossless"),
    "webm": ("vp9", "av1", "lossless"),
}

# Measured with benchmarks/media.py on two cores: the slowest preset of each quality that leaves a 720p30 clip several
# times faster than real time (best excepted, which trades speed for size).
_X264: Mapping[Quality, tuple[str, str]] = {
    "draft": ("superfast", "28"),
    "standard": ("veryfast", "23"),
    "high": ("veryfast", "19"),
    "best": ("medium", "15"),
}
_X265: Mapping[Quality, tuple[str, str]] = {
    "draft": ("ultrafast", "30"),
    "standard": ("superfast", "25"),
    "high": ("superfast", "21"),
    "best": ("fast", "17"),
}
_VP9: Mapping[Quality, tuple[str, str]] = {  # cpu-used, crf
    "draft": ("8", "40"),
    "standard": ("7", "33"),
    "high": ("6", "26"),
    "best": ("3", "18"),
}
_AV1: Mapping[Quality, tuple[str, str]] = {  # preset, crf
    "draft": ("12", "42"),
    "standard": ("11", "34"),
    "high": ("10", "26"),
    "best": ("6", "18"),
}


@dataclass(frozen=True)
class Choice:
    """An encoder and how to run it.

    Attributes:
        encoder: FFmpeg's name.
        options: its options.
        pixel_format: what frames are brought to before they are encoded.
        hardware: whether it is a piece of hardware, which may be present and still not work.
        tag: codec tag the container should carry, where the default is not what players want.
        notes: sentences for the user.
    """

    encoder: str
    options: Mapping[str, str]
    pixel_format: str
    hardware: bool = False
    tag: str | None = None
    notes: tuple[str, ...] = field(default=())


def container_of(suffix: str) -> Container:
    """The container that an ending asks for.

    Raises:
        OutputError: none.
    """
    found = MUXERS.get(suffix.lower())
    if found is None:
        raise OutputError(
            f"Videos can be saved as {', '.join(sorted(MUXERS))}; not as {suffix or 'a name without ending'}."
        )
    return found


def settle_codec(
    codec: VideoCodec, container: Container, layout: Layout, hdr: bool, rgb_tagged: bool = False
) -> tuple[VideoCodec, tuple[str, ...]]:
    """The codec that is really used, and notes about why it is not the one asked for.

    Raises:
        OptionError: the container cannot hold the codec, and there is no obvious other one.
    """
    notes: list[str] = []
    if codec == "h264" and container == "webm":
        codec = "vp9"
        notes.append("WebM cannot hold H.264; VP9 was used.")
    if hdr and codec == "h264":
        codec = "hevc"
        notes.append("The video is HDR, which H.264 does not carry well; HEVC with 10 bits was used to keep it.")
    if hdr and codec == "vp9":
        codec = "av1"
        notes.append("The video is HDR; AV1 with 10 bits was used instead of VP9 to keep it.")
    if codec not in _ALLOWED[container]:
        raise OptionError(f"A .{container} file cannot hold {codec.upper()}; choose another codec or .mkv.")
    if codec in ("h264", "vp9") and layout.depth > 8:
        notes.append(
            "The video has more than 8 bits per sample; it was brought to 8 with dithering. HEVC and AV1 keep 10."
        )
    return codec, tuple(notes)


def software(
    codec: VideoCodec, quality: Quality, container: Container, layout: Layout, size: tuple[int, int]
) -> Choice:
    """The software encoder of `codec` for upright frames of this layout and ``(width, height)``."""
    odd = size[0] % 2 == 1 or size[1] % 2 == 1
    ten = layout.depth > 8
    if codec == "h264":
        preset, crf = _X264[quality]
        fitting, notes = _subsampled(layout, False, odd)
        return Choice("libx264", {"preset": preset, "crf": crf}, fitting, notes=notes)
    if codec == "hevc":
        preset, crf = _X265[quality]
        fitting, notes = _subsampled(layout, ten, odd)
        options = {"preset": preset, "crf": crf, "x265-params": "log-level=error"}
        return Choice("libx265", options, fitting, tag=_hevc_tag(container), notes=notes)
    if codec == "vp9":
        speed, crf = _VP9[quality]
        alpha = layout.alpha and layout.depth == 8 and container in ("webm", "mkv")
        options = {"deadline": "good", "cpu-used": speed, "crf": crf, "b": "0", "row-mt": "1", "tile-columns": "2"}
        if alpha:
            return Choice("libvpx-vp9", options | {"auto-alt-ref": "0"}, "yuva420p")
        return Choice("libvpx-vp9", options, "yuv420p")
    if codec == "av1":
        preset, crf = _AV1[quality]
        return Choice("libsvtav1", {"preset": preset, "crf": crf}, "yuv420p10le" if ten else "yuv420p")
    return _lossless(container, layout, odd)


def _subsampled(layout: Layout, ten: bool, odd: bool) -> tuple[str, tuple[str, ...]]:
    """4:2:0, which plays everywhere; 4:4:4 for odd sizes, which H.264 and HEVC cannot hold in 4:2:0."""
    prefix = "yuvj" if layout.full and layout.family == "yuv" and not ten else "yuv"
    tail = "10le" if ten else ""
    if not odd:
        return f"{prefix}420p{tail}", ()
    note = "The frame has an odd width or height; it was kept in 4:4:4, which some players cannot show."
    return f"{prefix}444p{tail}", (note,)


def _hevc_tag(container: Container) -> str | None:
    """Apple's players only take ``hvc1``."""
    return "hvc1" if container in ("mp4", "mov") else None


def _lossless(container: Container, layout: Layout, odd: bool) -> Choice:
    """An encoder that gives back every sample: x264 at quantizer 0 where it takes the format, FFV1 or VP9 elsewhere."""
    name = layout.name
    if container == "webm":
        if name in _formats("libvpx-vp9"):
            return Choice("libvpx-vp9", {"lossless": "1", "row-mt": "1", "cpu-used": "6"}, name)
        raise OutputError("WebM cannot hold this video without loss; choose .mkv.")
    halves = layout.shift_x or layout.shift_y
    if name in _formats("libx264") and not (odd and halves):
        return Choice("libx264", {"preset": "ultrafast", "qp": "0"}, name)
    if name == "gbrp":
        return Choice("libx264rgb", {"preset": "ultrafast", "qp": "0"}, "rgb24")
    if container == "mkv":
        packed = {"gbrap": "bgra"}.get(name, name)
        if packed in _formats("ffv1"):
            return Choice("ffv1", {"level": "3", "slices": "4", "slicecrc": "1"}, packed)
    raise OutputError(f"A .{container} file cannot hold this video without loss; choose .mkv.")


def _formats(encoder: str) -> frozenset[str]:
    return frozenset(found.name for found in av.Codec(encoder, "w").video_formats or ())
