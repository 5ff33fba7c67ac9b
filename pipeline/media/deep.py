"""PNG, and TIFF with 16 bits a sample, which PIL cannot write in colour."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from pipeline.errors import OutputError
from pipeline.media.picture import Picture
from pipeline.media.xmp import packet

_XMP_KEYWORD = "XML:com.adobe.xmp"
_AFTER_IHDR = 8 + 25


def png_text(tags: Mapping[str, str]) -> PngInfo:
    """Tags as PNG text and as an XMP packet."""
    info = PngInfo()
    for key, value in tags.items():
        info.add_itxt(key[:79] or "tag", value)
    info.add_itxt(_XMP_KEYWORD, packet(tags).decode())
    return info


def png(picture: Picture, xmp: bytes, tags: Mapping[str, str]) -> bytes:
    """A PNG of 8 or 16 bits with profile, EXIF and tags."""
    samples = _together(picture)
    done, data = cv2.imencode(".png", samples)
    if not done:
        raise OutputError("The picture could not be saved as PNG.")
    chunks = b""
    if picture.icc:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc))
    if picture.exif:
        chunks += _chunk(b"eXIf", picture.exif.removeprefix(b"Exif\0\0"))
    texts = {**tags, **({_XMP_KEYWORD: xmp.decode()} if xmp else {})}
    for key, value in texts.items():
        chunks += _chunk(b"iTXt", key[:79].encode("latin-1", "replace") + b"\0\0\0\0\0" + value.encode())
    raw = data.tobytes()
    return raw[:_AFTER_IHDR] + chunks + raw[_AFTER_IHDR:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _together(picture: Picture) -> NDArray[Any]:
    """Native samples and alpha in one array; grey with alpha as BGR, as hardly any program opens such files."""
    if picture.alpha is None:
        return picture.native
    colours = picture.native[:, :, None] if picture.grey else picture.native
    if picture.grey:
        colours = np.repeat(colours, 3, axis=2)
    return np.dstack([colours, picture.alpha])


def tiff(picture: Picture, xmp: bytes, tags: Mapping[str, str]) -> bytes:
    """A 16-bit TIFF: one deflated strip, with profile and tags."""
    del tags  # they are in the XMP packet
    samples = _together(picture)
    if samples.ndim == 3:
        order = [2, 1, 0, 3][: samples.shape[2]]
        samples = samples[:, :, order]
    count = 1 if samples.ndim == 2 else samples.shape[2]
    strip = zlib.compress(np.ascontiguousarray(samples, "<u2").tobytes(), 6)
    entries: list[tuple[int, int, list[int] | bytes]] = [
        (256, 4, [picture.width]),
        (257, 4, [picture.height]),
        (258, 3, [16] * count),
        (259, 3, [8]),  # deflate
        (262, 3, [1 if samples.ndim == 2 else 2]),
        (273, 4, [0]),
        (277, 3, [count]),
        (278, 4, [picture.height]),
        (279, 4, [len(strip)]),
        (284, 3, [1]),
    ]
    if picture.alpha is not None:
        entries.append((338, 3, [2]))  # unassociated alpha
    if xmp:
        entries.append((700, 1, xmp))
    if picture.icc:
        entries.append((34675, 7, picture.icc))
    return _tiff_file(sorted(entries, key=lambda entry: entry[0]), strip)


def _tiff_file(entries: list[tuple[int, int, list[int] | bytes]], strip: bytes) -> bytes:
    """A little-endian TIFF of one directory; entry 273 is filled with the strip's place."""
    codes = {3: "H", 4: "I"}
    packed = [
        (
            tag,
            kind,
            len(value),
            value if isinstance(value, bytes) else struct.pack(f"<{len(value)}{codes[kind]}", *value),
        )
        for tag, kind, value in entries
    ]
    heap_at = 8 + 2 + 12 * len(packed) + 4
    heap = b""
    places: dict[int, int] = {}
    for tag, _, _, data in packed:
        if len(data) > 4:
            places[tag] = heap_at + len(heap)
            heap += data + b"\0" * (len(data) % 2)
    strip_at = heap_at + len(heap)
    directory = struct.pack("<H", len(packed))
    for tag, kind, count, data in packed:
        value = struct.pack("<I", strip_at) if tag == 273 else data.ljust(4, b"\0")
        if tag in places:
            value = struct.pack("<I", places[tag])
        directory += struct.pack("<HHI", tag, kind, count) + value
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + heap + strip
