"""Whether a file holds as many bytes as its own header promises, found out before an hour of work is put into it;
and whether its frames do."""

from __future__ import annotations

from fractions import Fraction

from pipeline.errors import CorruptMedia
from pipeline.media.guard import SourceFile
from pipeline.media.sniff import Demuxer
from pipeline.types import MediaInfo

_CUT = "The file is cut off: part of what its header promises is missing. Copy or download it again."
_MAX_BOXES = 200_000


def require_whole(source: SourceFile, demuxer: Demuxer) -> None:
    """Raise `CorruptMedia` for a file shorter than it says; containers that do not say pass."""
    source.file.seek(0)
    try:
        if demuxer == "mov":
            _boxes(source)
        elif demuxer == "matroska":
            _segment(source)
        elif demuxer == "avi":
            _riff(source)
    finally:
        source.file.seek(0)


def ends_early(demuxer: Demuxer, info: MediaInfo, rate: Fraction, reached: float) -> bool:
    """Whether the last frame of a video, which is over at `reached` seconds, comes long before the header's end."""
    promised = info.duration
    if demuxer not in ("mov", "flv") or promised is None or (demuxer == "flv" and info.audio):
        return False
    return reached < promised - max(1.0, 3 / float(rate))


def _boxes(source: SourceFile) -> None:
    """Walk the top-level boxes of an MP4 or QuickTime file."""
    at, names = 0, set()
    for _ in range(_MAX_BOXES):
        if at + 8 > source.size:
            break
        source.file.seek(at)
        header = source.file.read(16)
        size, name = int.from_bytes(header[:4], "big"), header[4:8]
        names.add(name)
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size == 0:
            break  # the last box reaches to the end, whatever that is
        if size < 8 or not all(32 <= byte < 127 or byte == 0xA9 for byte in name):
            return  # not a box: padding or rubbish, which players step over
        at += size
        if at > source.size and name in (b"mdat", b"moov", b"moof"):
            raise CorruptMedia(_CUT)
    if b"moov" not in names:
        raise CorruptMedia(_CUT)


def _segment(source: SourceFile) -> None:
    """Compare the size of a Matroska file's segment; a live recording does not state it."""
    head = source.file.read(4096)
    ebml_size, width = _vint(head, 4)
    at = 4 + width + (ebml_size or 0)
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return
    size, width = _vint(head, at + 4)
    if size is not None and at + 4 + width + size > source.size:
        raise CorruptMedia(_CUT)


def _vint(data: bytes, at: int) -> tuple[int | None, int]:
    """An EBML length and its width in bytes; ``None`` for the reserved "unknown"."""
    if at >= len(data) or data[at] == 0:
        return 0, 1
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width


def _riff(source: SourceFile) -> None:
    """Compare the size of an AVI file's first RIFF chunk; 0 is what unfinished live recordings state."""
    head = source.file.read(8)
    size = int.from_bytes(head[4:8], "little")
    if size and size + 8 > source.size + 1:
        raise CorruptMedia(_CUT)
