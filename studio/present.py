"""How things are told to the page: where files are, and what a target is, in a line."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from pipeline.media import Numbering
from pipeline.types import MediaInfo
from studio.terminal import clock

_CODECS = {
    "h264": "H.264", "mjpeg": "JPEG", "webp": "WebP", "prores": "ProRes", "dnxhd": "DNxHD", "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2", "mpeg4": "MPEG-4", "cfhd": "CineForm", "qtrle": "QuickTime Animation",
}  # fmt: skip
"""What is not written as its name in capitals."""


def address(path: Path) -> str:
    """Where the browser finds a file of the studio's folders, relative to the page."""
    return "gradio_api/file=" + quote(str(path))


def describe(info: MediaInfo) -> str:
    """``1280 × 720 · 10 s · 30 fps · HEVC · 10 bit · HDR``; no line begins with a dot, or with a unit."""
    parts = [f"{info.width} × {info.height}"]
    if info.kind != "image":
        if info.duration is not None:
            parts.append(clock(info.duration) if info.duration >= 60 else _seconds(info.duration))
        if info.rate is not None:
            parts.append(f"{float(info.rate):.2f}".rstrip("0").rstrip(".") + " fps")
    parts.append(_CODECS.get(info.codec, info.codec.upper()))
    if info.bit_depth > 8:
        parts.append(f"{info.bit_depth} bit")
    if info.hdr:
        parts.append("HDR")
    if info.kind == "sequence":
        parts.append(f"{info.frames} frames")
    if info.kind == "video":
        parts.append("with sound" if info.audio else "silent")
    return "\u00a0· ".join(part.replace(" ", "\u00a0") for part in parts)


def first_number(info: MediaInfo) -> int:
    """The number of a film's first frame: 1, unless its frames are numbered pictures."""
    numbering = Numbering.of(info.path) if info.kind == "sequence" else None
    return next(iter(numbering.files()), 1) if numbering is not None else 1


def _seconds(duration: float) -> str:
    """A film of one frame is short, and not nothing."""
    return f"{duration:.2f} s" if duration < 0.1 else f"{duration:.1f} s".replace(".0 s", " s")
