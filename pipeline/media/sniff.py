"""What a file is, told from its first bytes; its name and its ending are never asked.

The answer picks one picture format or one demuxer, which is then the only one that is tried. Playlists, scripts and
anything else that could lead to another file are on no list, so they end here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UnsupportedMedia

HEAD = 1024
"""Bytes that `sniff` wants to see."""

PictureFormat = Literal["JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF", "HEIF", "EXR"]
Demuxer = Literal["mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "mxf", "dv"]

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MXF = bytes.fromhex("060e2b34020501010d010201")
_DV = bytes.fromhex("1f0700")
_TS_PACKET = 188
_M2TS_PACKET = 192


@dataclass(frozen=True)
class Sniffed:
    """The one picture format or demuxer that may open a file; the other is ``None``."""

    picture: PictureFormat | None = None
    demuxer: Demuxer | None = None


def sniff(head: bytes) -> Sniffed:
    """Tell what a file is from its first `HEAD` bytes.

    Raises:
        UnsupportedMedia: the content is on no list.
    """
    picture = _picture(head)
    if picture is not None:
        return Sniffed(picture=picture)
    demuxer = _demuxer(head)
    if demuxer is not None:
        return Sniffed(demuxer=demuxer)
    raise UnsupportedMedia


def _picture(head: bytes) -> PictureFormat | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    if head.startswith(b"v/1\x01"):
        return "EXR"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "BMP"
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if brands[:1] and brands[0] in _HEIF:
            return "HEIF"
    return None


def _brands(head: bytes) -> list[bytes]:
    """Major and compatible brands of an ``ftyp`` box."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12]] + [head[i : i + 4] for i in range(16, size - 3, 4)]


def _demuxer(head: bytes) -> Demuxer | None:
    if head[4:8] == b"ftyp" or head[4:8] in _OLD_QUICKTIME:
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "avi"
    if head.startswith(b"FLV\x01"):
        return "flv"
    if head.startswith(_ASF):
        return "asf"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if head.startswith(_MXF):
        return "mxf"
    if head.startswith(_DV):
        return "dv"
    if _has_sync(head, 0, _TS_PACKET) or _has_sync(head, 4, _M2TS_PACKET):
        return "mpegts"
    return None


def _has_sync(head: bytes, first: int, step: int) -> bool:
    """Whether MPEG-TS sync bytes stand where packets of `step` bytes would begin; three of them, or all there are."""
    places = range(first, min(len(head), first + 3 * step), step)
    return len(head) >= step and all(head[place] == 0x47 for place in places)
