"""Frames into an animated GIF, WebP or PNG."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import EncoderError, MediaTooLarge, OutputError
from pipeline.media.animation import AnimationReader
from pipeline.media.colour import HDR_AS_PICTURES
from pipeline.media.deep import png_text
from pipeline.media.encoders import OPTIONS
from pipeline.media.exr import displayed
from pipeline.media.frame_picture import frame_picture
from pipeline.media.frames import VideoFrame
from pipeline.media.image_write import to_pil
from pipeline.media.output import PendingFile, output_errors
from pipeline.media.picture import Picture
from pipeline.media.profile import in_srgb
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.media.xmp import packet
from pipeline.options import Options, Quality
from pipeline.report import Seal
from pipeline.types import Frame

FORMATS: Mapping[str, str] = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}

_WEBP: Mapping[Quality, dict[str, Any]] = {
    "draft": {"quality": 70, "method": 2},
    "standard": {"quality": 80, "method": 3},
    "high": {"quality": 90, "method": 4},
    "best": {"lossless": True, "quality": 60, "method": 4},
}
_STEP = {"GIF": 10, "WEBP": 1, "PNG": 1}
"""Milliseconds of the format's clock."""


class AnimationWriter:
    """Writes frames of pictures or videos as an animation; the same contract as `VideoWriter`.

    These formats are written in one go at the end, so frames are held in memory: as 8-bit indices for GIF, else as RGB,
    up to the reader's limit of decoded bytes. GIF frames of at most 256 colours keep them exactly; others get a palette
    of their own.
    """

    def __init__(
        self,
        output: Path,
        source: AnimationReader | VideoReader | SequenceReader,
        options: Options = OPTIONS,
        tags: Mapping[str, str] | None = None,
        seal: Seal | None = None,
    ) -> None:
        found = FORMATS.get(Path(output).suffix.lower())
        if found is None:
            raise OutputError(f"Animations can be saved as {', '.join(sorted(FORMATS))}.")
        self._format = found
        self._pending = PendingFile(output, (source.path,), seal)
        self._source, self._quality, self._tags = source, options.quality, dict(tags or {})
        self._frames: list[Image.Image] = []
        self._times: list[float] = []
        self._last = 0.1
        self._bytes = 0
        self._lossy_palette = False
        self._finished = False

    @property
    def encoder(self) -> str:
        return self._format.lower()

    @property
    def notes(self) -> tuple[str, ...]:
        told = [HDR_AS_PICTURES] if self._source.info.hdr else []
        if self._lossy_palette:
            told.append("GIF holds 256 colours a frame; frames with more were reduced. WebP keeps them.")
        return tuple(told)

    def __enter__(self) -> AnimationWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abort()

    def write(self, frame: Frame) -> None:
        """Take one frame. Raises `MediaTooLarge` when all of them no longer fit into the limit."""
        if isinstance(frame, Picture):
            kept = bool(getattr(self._source, "icc", b"")) and self._format != "GIF"
            image, _ = to_pil(displayed(frame) if kept else in_srgb(displayed(frame)))
            self._last = frame.duration
        elif isinstance(frame, VideoFrame):
            # Under full transparency samples are anything at all, so it is kept.
            image, _ = to_pil(frame_picture(frame) if frame.layout.alpha else Picture(frame.image()))
            self._last = float(frame.duration * frame.time_base)
        else:
            raise TypeError("only frames of a reader can be written")
        if self._format == "GIF":
            image, exact = to_palette(image)
            self._lossy_palette |= not exact
        self._bytes += image.width * image.height * len(image.getbands())
        if self._bytes > self._source.limits.decoded_bytes:
            raise MediaTooLarge("The animation is too long for this format; save it as .mp4.")
        self._frames.append(image)
        self._times.append(frame.time)

    def finish(self) -> None:
        """Encode everything and give the file its name."""
        try:
            if not self._frames:
                raise EncoderError("The part of the animation to keep holds no frame.")
            try:
                with output_errors():
                    self._save()
            except (ValueError, OutputError) as error:
                if isinstance(error, OutputError):
                    raise
                raise EncoderError("The animation could not be encoded.") from error
            self._source.source.check()
            self._pending.commit()
            self._finished = True
        finally:
            self.abort()

    def abort(self) -> None:
        """Stop and leave nothing behind. Does nothing after `finish`."""
        self._frames = []
        if not self._finished:
            self._finished = True
            self._pending.discard()

    def _durations(self) -> list[int]:
        """Milliseconds of each frame. Times are rounded, not lengths, so that errors do not add up."""
        step = _STEP[self._format]
        origin = self._times[0]
        edges = [round((t - origin) * 1000 / step) for t in [*self._times, self._times[-1] + self._last]]
        return [max(1, after - before) * step for before, after in pairwise(edges)]

    def _save(self) -> None:
        arguments: dict[str, Any] = {"save_all": True, "append_images": self._frames[1:], "duration": self._durations()}
        loop = getattr(self._source, "loop", 0)
        if loop is not None:
            arguments["loop"] = loop
        icc = getattr(self._source, "icc", b"")
        if icc and self._format != "GIF":
            arguments["icc_profile"] = icc
        if self._format == "GIF":
            transparent = any("transparency" in frame.info for frame in self._frames)
            arguments |= {"disposal": 2 if transparent else 0, "optimize": False}
            if self._tags:
                arguments["comment"] = "; ".join(f"{key}: {value}" for key, value in self._tags.items()).encode()
        elif self._format == "WEBP":
            arguments |= _WEBP[self._quality]
            if self._tags:
                arguments["xmp"] = packet(self._tags)
        elif self._tags:
            arguments["pnginfo"] = png_text(self._tags)
        self._frames[0].save(self._pending.temporary, self._format, **arguments)


def to_palette(image: Image.Image) -> tuple[Image.Image, bool]:
    """A frame of at most 256 colours, one of them transparent where needed, and whether all colours are exact."""
    cover: NDArray[np.bool_] | None = None
    if image.mode in ("RGBA", "LA"):
        alpha = np.asarray(image.getchannel("A"))
        cover = alpha < 128
        cover = cover if cover.any() else None
    rgb = np.asarray(image.convert("RGB")).astype(np.uint32)
    packed = (rgb[:, :, 0] << 16) | (rgb[:, :, 1] << 8) | rgb[:, :, 2]
    room = 256 if cover is None else 255
    if cover is not None:
        packed = np.where(cover, packed[~cover][0] if (~cover).any() else 0, packed)
    colours, places = np.unique(packed, return_inverse=True)
    exact = len(colours) <= room
    if exact:
        indices = places.reshape(packed.shape).astype(np.uint8)
        palette = np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], 1).astype(np.uint8)
        result = Image.fromarray(indices)
        result.putpalette(palette.tobytes())
    else:
        result = image.convert("RGB").quantize(
            room, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG
        )
    if cover is not None:
        data = np.array(result)
        data[cover] = 255
        palette_bytes = result.getpalette() or []
        result = Image.fromarray(data)
        result.putpalette((palette_bytes + [0] * 768)[:768])
        result.info["transparency"] = 255
    return result, exact
