"""Which encoder, with which options, in which pixel format: small pure functions over tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import av

from pipeline.errors import OptionError, OutputError
from pipeline.media.layout import Layout
from pipeline.options import Options, Quality, VideoCodec

OPTIONS = Options()
"""The options where none are given."""

Container = Literal["mp4", "mov", "mkv", "webm"]

MUXERS: Mapping[str, Container] = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "mkv", ".webm": "webm"}
MUXER_NAMES: Mapping[Container, str] = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}

_ALLOWED: Mapping[Container, tuple[VideoCodec, ...]] = {
    "mp4": ("h264", "hevc", "vp9", "av1", "lossless"),
    "mov": ("h264", "hevc", "prores", "lossless"),
    "mkv": ("h264", "hevc", "vp9", "av1", "prores", "lossless"),
    "webm": ("vp9", "av1", "lossless"),
}

# Measured on two cores with 720p and 1080p clips: superfast takes 7 and 30 ms of processor time a frame, veryfast 12
# and 50. Macroblock trees, which FFmpeg would take, are left out: with them and B-frames x264 reads memory that it has
# not set, and gives other bits now and then for the same frames (with this material in 40 of 80 runs), while a segment
# that is rendered again has to be the one that was lost. At 4 less of crf a tree brings nothing: 3.5 and 21.6 KB a
# frame at 49.3 and 48.7 dB without, 3.2 and 23.4 at 49.3 and 49.2 with.
X264: Mapping[Quality, Mapping[str, str]] = {
    "draft": {"preset": "superfast", "crf": "29"},
    "standard": {"preset": "superfast", "crf": "25"},
    "high": {"preset": "superfast", "crf": "21"},
    "best": {"preset": "fast", "crf": "17", "x264-params": "mbtree=0"},
}
_X265: Mapping[Quality, Mapping[str, str]] = {
    "draft": {"preset": "superfast", "crf": "28"},
    "standard": {"preset": "superfast", "crf": "24"},
    "high": {"preset": "superfast", "crf": "20"},
    "best": {"preset": "fast", "crf": "16"},
}
# libvpx's "good" deadline is ten times slower than "realtime" for a few per cent of size.
_VP9: Mapping[Quality, Mapping[str, str]] = {
    "draft": {"deadline": "realtime", "cpu-used": "8", "crf": "38"},
    "standard": {"deadline": "realtime", "cpu-used": "8", "crf": "30"},
    "high": {"deadline": "realtime", "cpu-used": "7", "crf": "23"},
    "best": {"deadline": "good", "cpu-used": "5", "crf": "16"},
}
_AV1: Mapping[Quality, Mapping[str, str]] = {
    "draft": {"preset": "9", "crf": "42"},
    "standard": {"preset": "9", "crf": "33"},
    "high": {"preset": "8", "crf": "25"},
    "best": {"preset": "6", "crf": "18"},
}


_PRORES: Mapping[Quality, str] = {"draft": "proxy", "standard": "lt", "high": "standard", "best": "hq"}
"""Apple's names of ProRes 422; what is transparent needs 4444."""
_TITLES: Mapping[VideoCodec, str] = {
    "h264": "H.264", "hevc": "HEVC", "vp9": "VP9", "av1": "AV1", "prores": "ProRes", "lossless": "lossless video",
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """An encoder and how to run it.

    Attributes:
        encoder: FFmpeg's name.
        options: its options.
        pixel_format: what frames are brought to before they are encoded.
        hardware: whether it is a piece of hardware, which may be present and still not work.
        limited: whether the file cannot say that its samples use their full range.
        tag: codec tag the container should carry, where the default is not what players want.
        notes: sentences for the user.
    """

    encoder: str
    options: Mapping[str, str]
    pixel_format: str
    hardware: bool = False
    limited: bool = False
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
    codec: VideoCodec, container: Container, layout: Layout, hdr: bool
) -> tuple[VideoCodec, tuple[str, ...]]:
    """The codec that is really used, and notes about why it is not the one asked for.

    Raises:
        OptionError: the container cannot hold the codec, and there is no obvious other one.
    """
    notes: list[str] = []
    if codec == "h264" and layout.alpha and (clear := _clear_codec(container, layout, hdr)) is not None:
        codec = clear
        notes.append(f"The video has transparency, which H.264 cannot hold; {_TITLES[clear]} was used to keep it.")
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
        raise OptionError(f"A .{container} file cannot hold {_TITLES[codec]}; choose another codec or .mkv.")
    if codec in ("h264", "vp9") and layout.depth > 8:
        notes.append(
            "The video has more than 8 bits per sample; it was brought to 8 with dithering. HEVC, AV1 and ProRes "
            "keep 10."
        )
    if layout.alpha and not _keeps_alpha(codec, container, layout):
        notes.append(
            f"The video has transparency, which is lost in {_TITLES[codec]}. ProRes, VP9 in .webm and lossless in .mkv "
            "keep it."
        )
    return codec, tuple(notes)


def _clear_codec(container: Container, layout: Layout, hdr: bool) -> VideoCodec | None:
    """What keeps transparency in this container, and as much else as it can; ``None`` where nothing does."""
    candidates: tuple[VideoCodec, ...] = ("prores",) if hdr else ("vp9", "prores")
    fitting = (codec for codec in candidates if codec in _ALLOWED[container])
    return next((codec for codec in fitting if _keeps_alpha(codec, container, layout)), None)


def _keeps_alpha(codec: VideoCodec, container: Container, layout: Layout) -> bool:
    return codec in ("prores", "lossless") or (codec == "vp9" and layout.depth == 8 and container in ("webm", "mkv"))


def software(
    codec: VideoCodec, quality: Quality, container: Container, layout: Layout, size: tuple[int, int]
) -> Choice:
    """The software encoder of `codec` for upright frames of this layout and ``(width, height)``."""
    odd = size[0] % 2 == 1 or size[1] % 2 == 1
    ten = layout.depth > 8
    if codec == "h264":
        fitting, notes = _subsampled(layout, False, odd)
        return Choice("libx264", X264[quality], fitting, notes=notes)
    if codec == "hevc":
        fitting, notes = _subsampled(layout, ten, odd)
        options = {**_X265[quality], "x265-params": "log-level=error"}
        return Choice("libx265", options, fitting, tag=_hevc_tag(container), notes=notes)
    if codec == "vp9":
        options = {**_VP9[quality], "b": "0", "row-mt": "1", "tile-columns": "2"}
        if layout.alpha and _keeps_alpha(codec, container, layout):
            return Choice("libvpx-vp9", options | {"auto-alt-ref": "0"}, "yuva420p")
        return Choice("libvpx-vp9", options, "yuv420p")
    if codec == "av1":
        # The library prints its settings unless its environment tells it to keep to errors.
        os.environ.setdefault("SVT_LOG", "1")
        return Choice("libsvtav1", _AV1[quality], "yuv420p10le" if ten else "yuv420p")
    if codec == "prores":
        profile, fitting = ("4444", "yuva444p10le") if layout.alpha else (_PRORES[quality], "yuv422p10le")
        # Some programs open only what calls itself Apple's.
        return Choice("prores_ks", {"profile": profile, "vendor": "apl0"}, fitting, limited=True)
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
    # What x264 writes as grey is decoded as 4:2:0, so where FFV1 can be had it takes grey.
    grey_elsewhere = layout.family == "grey" and container == "mkv"
    if name in _formats("libx264") and not (odd and halves) and not grey_elsewhere:
        return Choice("libx264", {"preset": "ultrafast", "qp": "0"}, name)
    if name == "gbrp":
        return Choice("libx264rgb", {"preset": "ultrafast", "qp": "0"}, "rgb24")
    if container == "mkv":
        packed = {"gbrap": "bgra"}.get(name, name)
        if packed in _formats("ffv1"):
            return Choice("ffv1", {"level": "3", "slicecrc": "1"}, packed)
    raise OutputError(f"A .{container} file cannot hold this video without loss; choose .mkv.")


def _formats(encoder: str) -> frozenset[str]:
    return frozenset(found.name for found in av.Codec(encoder, "w").video_formats or ())
