"""OpenEXR, as rendering and compositing pass frames on: scene-linear light in half or full floats.

Faces are found and drawn in the picture that a monitor shows of it: its light through the curve of sRGB (IEC
61966-2-1), which goes on beyond white, and mirrored below black, so that nothing is clipped on the way back. Every
other channel, and all that the header says, is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import CorruptMedia, DiskFull, MediaTooLarge, OutputError, UnsupportedMedia
from pipeline.media.output import tells_of_no_space
from pipeline.media.picture import Picture
from pipeline.media.planes import reduced, within
from pipeline.media.shading import add_shade
from pipeline.types import FloatArray, ImageArray, MediaInfo, MediaLimits, Shade

_COLOURS = ("B", "G", "R")
_ALPHA = "A"
_TYPES = {"UINT": np.uint32, "HALF": np.float16, "FLOAT": np.float32}
_OURS = ("channels", "type", "tiles", "chunkCount", "version", "preview")
"""Of the header; written anew. A small picture in it would show the face that was replaced."""
_NOTICE = "comments"


@dataclass(eq=False)
class ScenePicture(Picture):
    """A picture whose `native` is scene-linear light: ``(height, width, 3)`` BGR float32. Alpha is among the `others`.

    Attributes:
        header: of the file.
        others: the channels that are no colour, ``(height, width)`` each.
        dtype: of the colours in the file.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    dtype: Any = np.float16

    def small(self, longest: int) -> ImageArray:
        size = within(self.width, self.height, longest)
        image = self.image()
        return image if size == (self.width, self.height) else np.asarray(reduced(image, size), np.uint8)

    def small_luma(self, size: tuple[int, int]) -> ImageArray:
        small = np.asarray(reduced(self.image(), size), np.uint8)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)

    def change(self, origin: tuple[int, int], before: ImageArray, after: ImageArray) -> None:
        view = self._under(origin, before, after)
        if view.size == 0:
            return
        self.changed = True
        difference = cv2.subtract(after, before, dtype=cv2.CV_32F)
        there = difference != 0
        view[there] = linear(encoded(view[there]) + np.asarray(difference)[there] / 255.0)

    def shade(self, shade: Shade) -> None:
        flat = np.full(self.native.shape[:2], 1 << 15, np.uint16)
        add_shade(flat, shade, 257.0, 65535)
        difference = (flat.astype(np.float32) - (1 << 15)) / 65535.0
        self.native[:] = linear(encoded(self.native) + difference[:, :, None])
        self.changed = True

    def _shown(self, native: NDArray[Any]) -> ImageArray:
        return _shown8(native)

    def display(self) -> Picture:
        """The same for files that hold no scene light: 16 bits, clipped at white, with straight alpha."""
        light, alpha = self.native, self.others.get(_ALPHA)
        cover = None
        if alpha is not None:
            opacity = np.clip(alpha.astype(np.float32), 0.0, 1.0)
            light = np.divide(light, opacity[:, :, None], out=np.zeros_like(light), where=opacity[:, :, None] > 0)
            cover = np.rint(opacity * 65535.0).astype(np.uint16)
        native = np.rint(np.clip(encoded(light), 0.0, 1.0) * 65535.0).astype(np.uint16)
        return Picture(native, cover, index=self.index, time=self.time, duration=self.duration)


def displayed(picture: Picture) -> Picture:
    """A picture as other formats hold it."""
    return picture.display() if isinstance(picture, ScenePicture) else picture


def encoded(light: NDArray[Any]) -> FloatArray:
    """Light as a monitor is told it: the curve of sRGB, mirrored below 0 and not clipped above 1."""
    size = np.abs(np.nan_to_num(light, posinf=65504.0, neginf=-65504.0).astype(np.float32))
    curve = np.where(size <= 0.0031308, size * 12.92, 1.055 * np.power(np.maximum(size, 1e-6), 1 / 2.4) - 0.055)
    return np.copysign(curve, light).astype(np.float32)


def linear(told: NDArray[Any]) -> FloatArray:
    """The other way round."""
    size = np.abs(told).astype(np.float32)
    curve = np.where(size <= 0.04045, size / 12.92, np.power((size + 0.055) / 1.055, 2.4))
    return np.copysign(curve, told).astype(np.float32)


@lru_cache(maxsize=1)
def _table() -> ImageArray:
    """What a monitor shows of each half float."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return np.rint(np.clip(encoded(halves.astype(np.float32)), 0.0, 1.0) * 255.0).astype(np.uint8)


def _shown8(light: NDArray[Any]) -> ImageArray:
    with np.errstate(over="ignore"):
        halves = light.astype(np.float16)
    return np.asarray(_table()[halves.view(np.uint16)])


def exr_info(path: Path, limits: MediaLimits) -> MediaInfo:
    """What `probe` tells, from the header.

    Raises:
        CorruptMedia, UnsupportedMedia, MediaTooLarge.
    """
    header = _header(path)
    names = [channel.name for channel in header["channels"]]
    width, height = _size(header)
    if width * height > limits.pixels:
        raise MediaTooLarge(f"{width} x {height} pixels are more than the {limits.pixels / 1e6:g} million allowed.")
    if width * height * 4 * len(names) > limits.decoded_bytes:
        raise MediaTooLarge("The picture takes more memory than allowed.")
    return MediaInfo(
        path=path, kind="image", container="exr", codec="exr", pixel_format="RGBA" if _ALPHA in names else "RGB",
        width=width, height=height, frames=1, bit_depth=16, alpha=_ALPHA in names,
    )  # fmt: skip


def read_exr(path: Path, limits: MediaLimits) -> ScenePicture:
    """Decode a file.

    Raises:
        CorruptMedia, UnsupportedMedia, MediaTooLarge.
    """
    import OpenEXR

    exr_info(path, limits)
    header = _header(path)
    width, height = _size(header)
    try:
        # The newer way of reading prints what is damaged, and gives a file without pixels.
        file = OpenEXR.InputFile(str(path))
        types = {name: _TYPES[str(channel.type)] for name, channel in file.header()["channels"].items()}
        found = dict(zip(types, file.channels(list(types)), strict=True))
        file.close()
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CorruptMedia("The picture is damaged or cut off.") from error
    planes = {name: np.frombuffer(found[name], types[name]).reshape(height, width) for name in types}
    native = np.dstack([planes[name].astype(np.float32) for name in _COLOURS])
    others = {name: plane for name, plane in planes.items() if name not in _COLOURS}
    return ScenePicture(
        np.ascontiguousarray(native), header=header, others=others, dtype=np.result_type(*(types[n] for n in _COLOURS))
    )


def write_exr(path: Path, picture: Picture, tags: Mapping[str, str]) -> None:
    """Write a picture; one that held no scene light is taken back through the curve.

    Raises:
        DiskFull, OutputError: it cannot be written.
    """
    import OpenEXR

    scene = picture if isinstance(picture, ScenePicture) else _scene(picture)
    header = {name: value for name, value in scene.header.items() if name not in _OURS}
    header |= {"type": OpenEXR.scanlineimage} | ({"compression": OpenEXR.ZIP_COMPRESSION} if not scene.header else {})
    if "comment" in tags:
        theirs = str(header.get(_NOTICE) or "")
        notice = theirs if tags["comment"] in theirs else f"{theirs}\n{tags['comment']}".strip()
        header |= {_NOTICE: notice, **{f"recast:{name}": value for name, value in tags.items()}}
    with np.errstate(over="ignore"):
        colours = {name: np.ascontiguousarray(scene.native[:, :, at], scene.dtype) for at, name in enumerate(_COLOURS)}
    others = {name: np.ascontiguousarray(plane) for name, plane in scene.others.items()}
    try:
        OpenEXR.File(header, {**colours, **others}).write(str(path))
        _check_ends(path)
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        if tells_of_no_space(error):
            raise DiskFull from error
        raise OutputError("The picture could not be saved as EXR.") from error


def _check_ends(path: Path) -> None:
    """Read the first and the last row: the library says nothing where the last of its bytes found no room.

    Raises:
        OSError: one of them is not there.
    """
    import OpenEXR

    file = OpenEXR.InputFile(str(path))
    try:
        window = file.header()["dataWindow"]
        for row in (window.min.y, window.max.y):
            file.channels(list(_COLOURS), scanLine1=row, scanLine2=row)
    finally:
        file.close()


def _scene(picture: Picture) -> ScenePicture:
    most = 65535.0 if picture.deep else 255.0
    native = np.atleast_3d(picture.native).astype(np.float32) / most
    light = linear(native if native.shape[2] == 3 else np.repeat(native, 3, axis=2))
    others = {}
    if picture.alpha is not None:
        alpha = picture.alpha.astype(np.float32) / most
        light = light * alpha[:, :, None]
        others = {_ALPHA: alpha.astype(np.float16)}
    return ScenePicture(light, others=others)


def _header(path: Path) -> dict[str, Any]:
    import OpenEXR

    try:
        parts = OpenEXR.File(str(path), header_only=True).parts
        header = dict(parts[0].header) if parts else {}
        channels = {channel.name: channel for channel in header["channels"]}
        flat = header["type"] in (OpenEXR.scanlineimage, OpenEXR.tiledimage)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CorruptMedia("The picture is damaged or cut off.") from error
    if len(parts) > 1:
        raise UnsupportedMedia("The EXR file holds several parts (views, or layers); Recast works on files of one.")
    if not flat:
        raise UnsupportedMedia("The EXR file holds deep samples, which Recast cannot work on.")
    if not set(_COLOURS) <= set(channels):
        raise UnsupportedMedia("The EXR file holds no channels R, G and B.")
    if any(channel.xSampling != 1 or channel.ySampling != 1 for channel in channels.values()):
        raise UnsupportedMedia("The EXR file has channels of other sizes than the picture's, which Recast cannot open.")
    return header


def _size(header: Mapping[str, Any]) -> tuple[int, int]:
    (left, top), (right, bottom) = (tuple(map(int, corner)) for corner in header["dataWindow"])
    return right - left + 1, bottom - top + 1
