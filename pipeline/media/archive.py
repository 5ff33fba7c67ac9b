"""A ZIP of numbered pictures: how the frames of a film are sent as one file.

They are unpacked before anything is read, since a reader of EXR wants a file on a disk. Of what the ZIP says only the
bytes of its frames and the parts of their names are used, never a name as a path.
"""

from __future__ import annotations

import io
import os
import shutil
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipeline.errors import (
    ArchiveLocked,
    ArchiveMixed,
    ArchiveUnsafe,
    Cancelled,
    CorruptMedia,
    DiskFull,
    MediaTooLarge,
    UnsupportedMedia,
)
from pipeline.media.frame_names import FrameNames, frame_names, junk, require_inside, shown
from pipeline.media.guard import LIMITS, SourceFile
from pipeline.media.image_write import FORMATS
from pipeline.media.numbering import Numbering
from pipeline.media.output import output_errors
from pipeline.media.sniff import HEAD, PictureFormat, sniff
from pipeline.types import MediaLimits

MOST_FILES = 200_000
"""In one ZIP: two hours and a quarter of film."""
RATIO, UNSUSPECTED = 200, 64 * 1024 * 1024
"""What is unpacked may be so many times the ZIP, once it is more bytes than this. Frames of one colour, stored without
compression, come near it; a bomb has about 1000."""
_PIXEL = 16
"""Bytes of a pixel at most: four channels in single precision."""
_DIRECTORY = 24 * 1024 * 1024
"""Bytes that are read of a ZIP at once: its table of contents, which takes thirty times as many in memory."""
_CHUNK = 1 << 20
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""Beginnings of a ZIP, and of an empty one."""
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NOTE = ".frames"
"""Beside unpacked frames: the name that they share."""


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP, by its first bytes.

    Raises:
        InputError: it is no file, or cannot be read.
    """
    if Numbering.of(path) is not None:
        return False
    with SourceFile(path) as source:
        return source.head().startswith(_SIGNATURES)


def unpacked(folder: Path) -> Path | None:
    """The name that the frames share which `unpack` has written there; ``None`` where there are none."""
    try:
        return folder / (folder / _NOTE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def unpack(
    path: Path,
    folder: Path,
    limits: MediaLimits = LIMITS,
    most: int | None = None,
    spare: int = 0,
    cancel: threading.Event | None = None,
) -> Path:
    """Unpack the frames in a ZIP.

    What systems add of their own (``__MACOSX``, ``.DS_Store``) and Content Credentials beside frames are left out.
    Frames get the time of the ZIP, so that unpacking it anew makes the same files.

    Args:
        folder: where to; it is made, and gone where this fails.
        most: bytes that the frames may have together.
        spare: bytes of the disk that are to be left free.
        cancel: set it to stop.

    Returns:
        The name that the frames share, such as ``shot.####.exr`` in `folder`; see `Numbering`.

    Raises:
        ArchiveUnsafe: it is a bomb, holds links, or names files outside of it.
        ArchiveLocked: it is encrypted.
        ArchiveMixed: it holds other things than the frames of one film.
        CorruptMedia, UnsupportedMedia, MediaTooLarge: it is damaged, packed in an unusual way, or too large.
        DiskFull, Cancelled.
    """
    with SourceFile(path) as source, _zip_errors():
        archive = zipfile.ZipFile(_Bounded(source.file))
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not junk(entry.filename)]
        _check(entries, source.size, limits, most)
        _require_pictures(archive, entries)
        names = frame_names([entry.filename for entry in entries])
        room = shutil.disk_usage(_existing(folder)).free - spare
        if sum(entry.file_size for entry in entries) > room:
            raise DiskFull("There is no room here to unpack the ZIP.")
        with output_errors():
            folder.mkdir(parents=True)
        try:
            with output_errors():
                _write(archive, entries, names, folder, os.stat(path).st_mtime_ns, cancel)
                source.check()
                (folder / _NOTE).write_text(names.pattern, encoding="utf-8")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder / names.pattern


def _check(entries: Sequence[zipfile.ZipInfo], size: int, limits: MediaLimits, most: int | None) -> None:
    """Raise where a ZIP must not, or cannot, be unpacked, by what its table of contents says."""
    if len(entries) > MOST_FILES:
        raise MediaTooLarge(f"The ZIP holds more than {MOST_FILES} files.")
    total = sum(entry.file_size for entry in entries)
    for entry in entries:
        require_inside(entry)
        if entry.flag_bits & _ENCRYPTED:
            raise ArchiveLocked
        if entry.compress_type not in _PLAIN:
            raise UnsupportedMedia("The ZIP is packed in an unusual way. Pack the frames with Deflate, or store them.")
        if entry.file_size > limits.pixels * _PIXEL:
            raise MediaTooLarge(f"A file in the ZIP is larger than a frame can be: {shown(entry.filename)}.")
    if total > max(UNSUSPECTED, RATIO * size):
        raise ArchiveUnsafe(f"The ZIP unpacks to more than {RATIO} times its size, as frames do not.")
    if most is not None and total > most:
        raise MediaTooLarge(f"The frames in the ZIP take more than the {most // 1024**2} MB allowed.")


def _require_pictures(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise where a file has not the ending of a frame: what it is tells what to say of it."""
    for entry in entries:
        if PurePosixPath(entry.filename).suffix.lower() not in FORMATS:
            with archive.open(entry) as packed:
                _format(packed.read(HEAD), entry.filename)
            raise ArchiveMixed(f"The ZIP holds a file that is no frame: {shown(entry.filename)}.")


def _write(
    archive: zipfile.ZipFile,
    entries: Sequence[zipfile.ZipInfo],
    names: FrameNames,
    folder: Path,
    time: int,
    cancel: threading.Event | None,
) -> None:
    """Write each frame under its name, with `time` (ns) as its own; all have to be pictures of one format."""
    formats = dict[PictureFormat, str]()
    for entry in entries:
        file = folder / names.of(entry.filename)
        with archive.open(entry) as packed, file.open("xb") as out:
            piece = packed.read(HEAD)
            formats.setdefault(_format(piece, entry.filename), entry.filename)
            if len(formats) > 1:
                one, other = map(shown, formats.values())
                raise ArchiveMixed(f"The frames in the ZIP are of several formats: {one} and {other}.")
            while piece:
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                out.write(piece)
                piece = packed.read(_CHUNK)
        os.utime(file, ns=(time, time))


def _format(head: bytes, name: str) -> PictureFormat:
    """What a frame is, by its first bytes, and not by its name."""
    try:
        found = sniff(head)
    except UnsupportedMedia as error:
        raise ArchiveMixed(f"A file in the ZIP is no picture that Recast can open: {shown(name)}.") from error
    if found.picture is None:
        raise ArchiveMixed(f"The ZIP holds a film: {shown(name)}. Give the film itself, without a ZIP.")
    return found.picture


def _existing(folder: Path) -> Path:
    """The nearest folder around that is there."""
    return next((path for path in folder.absolute().parents if path.exists()), Path("/"))


class _Bounded(io.BufferedIOBase):
    """A ZIP's file, of which nobody reads more than `_DIRECTORY` bytes at once, whatever it says of itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _DIRECTORY:
            raise MediaTooLarge("The ZIP's table of contents is larger than allowed.")
        return self._file.read(_DIRECTORY if size is None or size < 0 else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Turn what reading a ZIP raises into sentences."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError, NotImplementedError) as error:
        raise CorruptMedia("The ZIP is damaged or cut off.") from error
