"""Opening files that nobody vouches for.

A file is opened once, as a descriptor of ours; FFmpeg is handed that descriptor with one demuxer, a list of codecs and
no way to open anything else, so that no name, reference or playlist inside a file can reach another file or an address.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import av
import av.error
from av.container import InputContainer

from pipeline.closing import Closing
from pipeline.errors import (
    CorruptMedia,
    FileEmpty,
    FileMissing,
    InputError,
    MediaChanged,
    MediaTooLarge,
    UnsupportedMedia,
)
from pipeline.media.sniff import HEAD, Demuxer, Sniffed, sniff
from pipeline.types import MediaLimits

log = logging.getLogger(__name__)

LIMITS = MediaLimits()
"""The limits where none are given."""

VIDEO_DECODERS = (
    "h264", "hevc", "vp8", "libvpx", "vp9", "libdav1d", "av1", "mpeg4", "mpeg1video", "mpeg2video", "h263", "flv",
    "msmpeg4", "msmpeg4v2", "msmpeg4v1", "wmv1", "wmv2", "wmv3", "vc1", "mjpeg", "prores", "dnxhd", "cfhd", "ffv1",
    "huffyuv", "ffvhuff", "utvideo", "rawvideo", "v210", "dvvideo", "png", "qtrle",
)  # fmt: skip
AUDIO_DECODERS = (
    "aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "ac3", "eac3", "dca", "opus", "libopus",
    "vorbis", "flac", "alac", "wmav1", "wmav2", "wmapro", "amrnb", "libopencore_amrnb", "amrwb", "truehd", "adpcm_ms",
    "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "nellymoser", "speex",
    "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le",
    "pcm_f32be", "pcm_f64le", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd",
)  # fmt: skip
TEXT_DECODERS = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")


class SourceFile(Closing):
    """A regular file, opened once, that can tell whether it has changed since.

    Raises:
        FileMissing, FileEmpty, UnsupportedMedia: the path leads to nothing, to an empty file, or to no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            found = os.stat(self.path)
            if not stat.S_ISREG(found.st_mode):
                raise UnsupportedMedia("This is a folder or a device, not a picture or video.")
            if found.st_size == 0:
                raise FileEmpty
            self.file: BinaryIO = open(self.path, "rb")  # noqa: SIM115  (closed by `close`)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileMissing from error
        except (OSError, ValueError) as error:
            raise InputError("The file cannot be read.") from error
        self._stamp = _stamp(os.fstat(self.file.fileno()))
        self.size = self._stamp[2]

    def head(self) -> bytes:
        """The first bytes, for `sniff`; leaves the file at its beginning."""
        self.file.seek(0)
        head = self.file.read(HEAD)
        self.file.seek(0)
        return head

    def sniff(self) -> Sniffed:
        return sniff(self.head())

    def check(self) -> None:
        """Raise `MediaChanged` when the file was written to, replaced or removed since it was opened."""
        try:
            now = _stamp(os.stat(self.path))
        except OSError as error:
            raise MediaChanged from error
        if now != self._stamp or _stamp(os.fstat(self.file.fileno())) != self._stamp:
            raise MediaChanged

    def same_as(self, other: SourceFile) -> bool:
        """Whether both are the same file in the same state."""
        return self._stamp == other._stamp

    def close(self) -> None:
        self.file.close()


def _stamp(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class _Bytes:
    """What FFmpeg gets to see of a file: its bytes, and places inside of it only."""

    def __init__(self, source: SourceFile) -> None:
        self._file, self._size = source.file, source.size

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        # Damaged files ask for places far outside; there is nothing to read there, which FFmpeg notices by itself.
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._size}[whence]
        return self._file.seek(min(max(0, base + offset), self._size))

    def tell(self) -> int:
        return self._file.tell()


def _refuse(name: str, flags: int, options: dict[str, str]) -> NoReturn:
    """Stand in for FFmpeg's own opening of files: nothing inside a file may name another one."""
    log.warning("a media file tried to open another file or address; refused")
    raise PermissionError("a media file may not open other files")


def open_container(
    source: SourceFile, demuxer: Demuxer, limits: MediaLimits, *, pictures: bool = True
) -> InputContainer:
    """Open `source` with one demuxer and nothing but that file.

    Args:
        pictures: whether anybody asks what its video looks like. That is told from some of its frames, and decoding
            them takes fifty times as long as all else.

    Raises:
        CorruptMedia, UnsupportedMedia, MediaTooLarge.
    """
    source.file.seek(0)
    decoders = AUDIO_DECODERS + TEXT_DECODERS + (VIDEO_DECODERS if pictures else ())
    options = {
        "protocol_whitelist": "file",
        "codec_whitelist": ",".join(decoders),
        "max_streams": str(max(1, limits.streams)),
        "max_pixels": str(limits.pixels),
    }
    if demuxer == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    with media_errors():
        container = av.open(
            _Bytes(source),
            "r",
            format=demuxer,
            options=options,
            metadata_errors="replace",
            io_open=_refuse,
            buffer_size=1 << 18,
        )
    if len(container.streams) > limits.streams:
        container.close()
        raise MediaTooLarge(f"The file has more than {limits.streams} streams.")
    return container


@contextmanager
def media_errors(where: str = "") -> Iterator[None]:
    """Turn what FFmpeg raises into sentences; `where` is added, as in ``" at 3.2 s"``."""
    try:
        yield
    except av.error.InvalidDataError as error:
        raise CorruptMedia(f"The file is damaged or cut off{where}.") from error
    except (av.error.DecoderNotFoundError, av.error.DemuxerNotFoundError, av.error.PatchWelcomeError) as error:
        raise UnsupportedMedia(f"The file uses a format that Recast cannot open{where}.") from error
    except (MemoryError, av.error.MemoryError) as error:
        raise MediaTooLarge(f"There is not enough memory to open this file{where}.") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise CorruptMedia(f"The file is damaged or cut off{where}.") from error
