"""Where a file's manifest lies: in it, or beside it where its format cannot hold one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

EMBEDDED: Mapping[str, str] = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".apng": "image/png", ".webp": "image/webp",
    ".avif": "image/avif", ".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif", ".mp4": "video/mp4",
    ".m4v": "video/mp4", ".mov": "video/quicktime",
}  # fmt: skip
"""Endings of formats that hold a manifest, and their media types."""
BESIDE: Mapping[str, str] = {
    ".bmp": "image/bmp",
    ".exr": "image/x-exr",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}
"""The same of formats whose manifests lie beside them."""
CONTAINERS: Mapping[str, str] = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "heif": "image/heic",
    "tiff": "image/tiff", "gif": "image/gif", "mov": "video/mp4", "avi": "video/avi",
}  # fmt: skip
"""Media types of what holds a manifest itself, by the container that `pipeline.media.probe` tells."""
OPAQUE = "application/octet-stream"
"""Media type of anything else."""
ANY = "image/bmp"
"""As what a file is read whose manifest lies beside it: formats without room for one are all hashed in the same way."""
LONGEST_NAME = 255
"""Bytes of a file's name, on every usual file system."""
_SUFFIX, _LARGEST = ".c2pa", 64 << 20


def sidecar_of(path: Path) -> Path:
    """Where the manifest of a file is written whose format cannot hold it: under the file's whole name, so that an MKV
    and a WebM of one stem have one each. Where that is longer than a name may be, without the file's ending."""
    whole = path.with_name(f"{path.name}{_SUFFIX}")
    return whole if len(os.fsencode(whole.name)) <= LONGEST_NAME else _short(path)


def lying_beside(path: Path) -> Path | None:
    """The manifest's file beside a file whose format cannot hold it, where there is one: under the file's whole name,
    or, as other programs write it, without the file's ending."""
    return next((beside for beside in (sidecar_of(path), _short(path)) if beside.is_file()), None)


def manifest_beside(path: Path, media_type: str) -> bytes | None:
    """The manifest beside a file whose format cannot hold it; ``None`` where there is none (of a likely size)."""
    beside = None if media_type in EMBEDDED.values() else lying_beside(path)
    if beside is None or beside.stat().st_size > _LARGEST:
        return None
    return beside.read_bytes()


def beside(path: Path) -> Path | None:
    """Where the manifest of a result of this name will lie; ``None`` where the result holds it."""
    return None if path.suffix.lower() in EMBEDDED else sidecar_of(path.absolute())


def _short(path: Path) -> Path:
    return path.with_suffix(_SUFFIX)
