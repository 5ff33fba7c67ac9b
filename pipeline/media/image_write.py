"""Writing pictures: the ending of the name chooses the format."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import OutputError
from pipeline.media import deep
from pipeline.media.exr import ScenePicture, displayed, write_exr
from pipeline.media.output import PendingFile, output_errors
from pipeline.media.picture import Picture
from pipeline.media.profile import in_srgb
from pipeline.media.xmp import packet
from pipeline.options import Quality
from pipeline.report import Seal

FORMATS: Mapping[str, str] = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".avif": "AVIF", ".bmp": "BMP",
    ".tif": "TIFF", ".tiff": "TIFF", ".exr": "EXR",
}  # fmt: skip

# JPEG: 95 and no chroma subsampling lose less than the eye sees; WebP and AVIF at like sizes for the same look.
_JPEG: Mapping[Quality, dict[str, Any]] = {
    "draft": {"quality": 80, "subsampling": "4:2:0"},
    "standard": {"quality": 90, "subsampling": "4:2:0"},
    "high": {"quality": 95, "subsampling": "4:4:4"},
    "best": {"quality": 98, "subsampling": "4:4:4"},
}
_WEBP: Mapping[Quality, dict[str, Any]] = {
    "draft": {"quality": 75},
    "standard": {"quality": 85},
    "high": {"quality": 93},
    "best": {"lossless": True, "quality": 60, "exact": True},
}
_AVIF: Mapping[Quality, dict[str, Any]] = {
    "draft": {"quality": 60, "speed": 8, "subsampling": "4:2:0"},
    "standard": {"quality": 75, "speed": 8, "subsampling": "4:2:0"},
    "high": {"quality": 88, "speed": 7, "subsampling": "4:4:4"},
    "best": {"quality": 96, "speed": 6, "subsampling": "4:4:4"},
}
_XMP_TAG = 700
_LARGEST = {"JPEG": 65535, "WEBP": 16383, "AVIF": 65536}


def format_of(path: Path) -> str:
    """The format that a name's ending chooses.

    Raises:
        OutputError: it is none of a picture.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        shown = suffix or "a name without ending"
        raise OutputError(f"Pictures can be saved as {', '.join(sorted(FORMATS))}; not as {shown}.")
    return FORMATS[suffix]


def check_picture_name(path: Path, inputs: tuple[Path, ...] = ()) -> None:
    """Raise `OutputError` where `write_picture` would for the name alone, before anything is done."""
    format_of(path)
    PendingFile(path, inputs)


def write_picture(
    path: Path,
    picture: Picture,
    quality: Quality = "high",
    tags: Mapping[str, str] | None = None,
    inputs: tuple[Path, ...] = (),
    seal: Seal | None = None,
) -> tuple[str, ...]:
    """Save `picture` at `path`, whole or not at all; returns notes for the user.

    PNG, BMP and TIFF are lossless, WebP is with quality ``"best"``. 16 bits, ICC profile, EXIF and alpha are kept where
    the format can hold them. `tags` are written as XMP properties of Recast's namespace, and as text in PNG.

    Args:
        inputs: files that must not be overwritten.
        seal: what is done to the finished file before it gets its name.

    Raises:
        OutputError: unknown ending, no such folder, no space, larger than the format allows.
    """
    found = format_of(path)
    if max(picture.width, picture.height) > _LARGEST.get(found, 1 << 31):
        raise OutputError(f"The picture is too large for {found}; save it as .png.")
    pending = PendingFile(path, inputs, seal)
    notes: tuple[str, ...] = ()
    try:
        if found == "EXR":
            with output_errors():
                write_exr(pending.temporary, picture, tags or {})
        else:
            data, notes = encode_picture(displayed(picture), found, quality, tags or {})
            if isinstance(picture, ScenePicture):
                notes = (f"{found} holds no scene-linear light; what is brighter than white was clipped.", *notes)
            with output_errors():
                pending.temporary.write_bytes(data)
        pending.commit()
    finally:
        pending.discard()
    return notes


def encode_picture(
    picture: Picture, found: str, quality: Quality, tags: Mapping[str, str]
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of `picture` in a format of `FORMATS`, and notes for the user."""
    notes: list[str] = []
    if found == "BMP":  # it holds no profile
        picture = in_srgb(picture)
    # PIL takes a second for a PNG of 1080p, OpenCV a fifteenth of that, for no more bytes. Grey with alpha it has not.
    if found == "PNG" and not (picture.grey and picture.alpha is not None and not picture.deep):
        return deep.png(picture, packet(tags) if tags else b"", tags), ()
    if found == "TIFF" and picture.deep:
        return deep.tiff(picture, packet(tags), tags), ()
    if picture.deep:
        notes.append(f"{found} holds 8 bits per sample; the picture had 16. PNG and TIFF keep them.")
    image, lost_alpha = to_pil(picture, alpha=found not in ("JPEG", "BMP"))
    if lost_alpha:
        notes.append(f"{found} cannot hold transparency; the picture was put on white. PNG, WebP and AVIF keep it.")
    arguments: dict[str, Any] = {}
    if found == "JPEG":
        arguments = {**_JPEG[quality], "optimize": True}
        if picture.grey:
            arguments.pop("subsampling")
    elif found in ("WEBP", "AVIF"):
        arguments = dict((_WEBP if found == "WEBP" else _AVIF)[quality])
    elif found == "TIFF":
        # libtiff, which does the compression, does not take EXIF's directory of its own.
        arguments = {"compression": "raw" if picture.exif else "tiff_adobe_deflate"}
    if found != "BMP":
        arguments |= _description(found, picture, tags)
    buffer = io.BytesIO()
    try:
        image.save(buffer, found, **arguments)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"The picture could not be saved as {found}.") from error
    return buffer.getvalue(), tuple(notes)


def to_pil(picture: Picture, alpha: bool = True) -> tuple[Image.Image, bool]:
    """An 8-bit PIL image; without `alpha` on white. The flag tells whether transparency was lost."""
    native, cover = picture.native, picture.alpha
    if picture.deep:
        native = np.asarray(cv2.convertScaleAbs(native, alpha=1 / 257.0))
        cover = np.asarray(cv2.convertScaleAbs(cover, alpha=1 / 257.0)) if cover is not None else None
    if cover is not None and not alpha:
        lost = bool((cover < 255).any())
        return Image.fromarray(_rgb(_on_white(native, cover))), lost
    if cover is None:
        return Image.fromarray(_rgb(native)), False
    colours = native[:, :, None] if picture.grey else _rgb(native)
    return Image.fromarray(np.dstack([colours, cover])), False


def deep_rgb(picture: Picture, alpha: bool) -> NDArray[np.uint16]:
    """RGB, or RGBA, of 16 bits; without `alpha` on white."""
    scale = 1 if picture.deep else 257
    native = np.atleast_3d(picture.native).astype(np.uint16) * scale
    colours = native if native.shape[2] == 3 else np.repeat(native, 3, axis=2)
    cover = None if picture.alpha is None else picture.alpha.astype(np.uint16) * scale
    if not alpha and cover is not None:
        weight = cover[:, :, None].astype(np.float32) / 65535.0
        colours = np.rint(colours * weight + 65535.0 * (1.0 - weight)).astype(np.uint16)
    if not alpha:
        return np.ascontiguousarray(colours[:, :, ::-1])
    full = np.full(colours.shape[:2], 65535, np.uint16)
    return np.dstack([colours[:, :, ::-1], full if cover is None else cover])


def _rgb(native: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(native) if native.ndim == 2 else np.ascontiguousarray(native[:, :, ::-1])


def _on_white(native: NDArray[Any], cover: NDArray[Any]) -> NDArray[Any]:
    weight = cover.astype(np.float32) / 255.0
    if native.ndim == 3:
        weight = weight[:, :, None]
    return np.rint(native * weight + 255.0 * (1.0 - weight)).astype(np.uint8)


def _description(found: str, picture: Picture, tags: Mapping[str, str]) -> dict[str, Any]:
    """Arguments that carry profile, EXIF and tags in one format."""
    arguments: dict[str, Any] = {}
    if picture.icc:
        arguments["icc_profile"] = picture.icc
    if picture.exif:
        arguments["exif"] = picture.exif
    if tags and found == "PNG":
        arguments["pnginfo"] = deep.png_text(tags)
    elif tags and found == "TIFF":
        # PIL takes either EXIF or tags for a TIFF, so the packet goes in among the EXIF.
        both = Image.Exif()
        both.load(picture.exif)
        both[_XMP_TAG] = packet(tags)
        arguments["exif"] = both
    elif tags:
        arguments["xmp"] = packet(tags)
    return arguments
