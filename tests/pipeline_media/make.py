"""Tiny pictures and videos, made from code, for the tests of `pipeline.media`."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pillow_heif
from PIL import Image

from pipeline.media.scheduling import share_the_processor
from pipeline.types import ImageArray


def scene(number: int = 0, width: int = 64, height: int = 48) -> ImageArray:
    """Smooth colours that move with `number`, no two corners alike; BGR."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    blue = 120 + 80 * np.sin(x / 9 + number / 5)
    green = 120 + 80 * np.cos(y / 7 - number / 4)
    red = 60 + 2.0 * x * 40 / width + 40 * y / height
    image = np.dstack([blue, green, red]).clip(0, 255).astype(np.uint8)
    cv2.rectangle(image, (3, 3), (width // 4, height // 4), (230, 230, 230), -1)
    cv2.circle(image, (width - 12, height - 12), 6, (30, 40, 200), -1)
    return image


def heic(image: Image.Image, exif: Image.Exif | None = None) -> bytes:
    """A photo as phones save it. PIL is not told of this package, which would then read the files as well."""
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, exif=(exif or Image.Exif()).tobytes())
    return file.getvalue()


@dataclass
class Clip:
    """A recipe for a clip; `make` carries it out.

    Attributes:
        times: timestamps of the frames in `time_base`; evenly spaced at `rate` from `first` when not given.
        sound: seconds of a sine tone, ``None`` for a silent clip; `sound_start` is where it begins.
        texts: subtitles as ``(start, end, text)`` in seconds.
    """

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (64, 48)
    frames: int = 12
    rate: Fraction = Fraction(30)
    time_base: Fraction | None = None
    first: int = 0
    times: Sequence[int] | None = None
    sound: float | None = None
    sound_start: float = 0.0
    sound_codec: str = "aac"
    texts: Sequence[tuple[float, float, str]] = ()
    text_codec: str = "mov_text"
    chapters: Sequence[tuple[float, float, str]] = ()
    rotation: int = 0
    mirrored: bool = False
    aspect: Fraction | None = None
    colours: tuple[int, int, int, int] | None = None
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    muxer: str | None = None
    interlaced: bool = False

    def make(self, path: Path) -> Path:
        """Write the clip and return its path."""
        base = self.time_base or 1 / self.rate
        with av.open(str(path), "w", format=self.muxer, container_options=self.container_options) as output:
            output.metadata.update(self.metadata)
            stream = output.add_stream(self.codec, rate=self.rate, options=self.options)
            assert isinstance(stream, av.VideoStream)
            context = stream.codec_context
            context.width, context.height, context.pix_fmt = *self.size, self.pixel_format
            context.time_base = stream.time_base = base
            context.thread_count = 1
            if self.aspect is not None:
                context.sample_aspect_ratio = self.aspect
            if self.colours is not None:
                context.colorspace, context.color_range, context.color_trc, context.color_primaries = self.colours
            if self.interlaced:
                context.flags |= av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me
            if self.rotation or self.mirrored:
                stream.set_display_rotation(-self.rotation, hflip=self.mirrored)
            sound = self._add_sound(output)
            text = self._add_text(output)
            output.set_chapters(
                [
                    {
                        "id": i + 1,
                        "start": round(a * 1000),
                        "end": round(b * 1000),
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": title},
                    }
                    for i, (a, b, title) in enumerate(self.chapters)
                ]
            )
            packets: list[tuple[Fraction, av.Packet]] = []
            for number, pts in enumerate(self._times(base)):
                frame = self.frame(number)
                frame.pts, frame.time_base = pts, base
                packets += _stamped(stream.encode(frame))
            packets += _stamped(stream.encode(None))
            share_the_processor()
            if sound is not None:
                packets += self._sound(sound)
            if text is not None:
                packets += self._text(text)
            for _, packet in sorted(packets, key=lambda pair: pair[0]):
                output.mux(packet)
        return path

    def frame(self, number: int) -> av.VideoFrame:
        """The frame that goes to the encoder."""
        image = scene(number, *self.size)
        if self.interlaced:  # the second field is the next moment
            image[1::2] = scene(number + 2, *self.size)[1::2]
        return av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=self.pixel_format)

    def _times(self, base: Fraction) -> Sequence[int]:
        if self.times is not None:
            return self.times
        step = 1 / self.rate / base
        return [self.first + round(number * step) for number in range(self.frames)]

    def _add_sound(self, output: av.container.OutputContainer) -> av.AudioStream | None:
        if self.sound is None:
            return None
        stream = output.add_stream(self.sound_codec, rate=48000)
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.layout = "mono"
        stream.metadata["language"] = "eng"
        return stream

    def _sound(self, stream: av.AudioStream) -> list[tuple[Fraction, av.Packet]]:
        wave = (np.sin(np.arange(round((self.sound or 0) * 48000)) / 20) * 8000).astype(np.int16)
        packets = []
        first = round(self.sound_start * 48000)
        for at in range(0, len(wave), 1024):
            part = wave[at : at + 1024]
            frame = av.AudioFrame.from_ndarray(part[None, :], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, first + at, Fraction(1, 48000)
            for ready in av.AudioResampler(stream.codec_context.format, "mono", 48000).resample(frame):
                packets += stream.encode(ready)
        return _stamped([*packets, *stream.encode(None)])

    def _add_text(self, output: av.container.OutputContainer) -> av.subtitles.stream.SubtitleStream | None:
        if not self.texts:
            return None
        from pipeline.media.subtitles import ASS_HEADER

        stream = output.add_stream(self.text_codec)
        stream.codec_context.subtitle_header = ASS_HEADER
        stream.time_base = Fraction(1, 1000)
        return stream

    def _text(self, stream: av.subtitles.stream.SubtitleStream) -> list[tuple[Fraction, av.Packet]]:
        packets = []
        for number, (begin, end, text) in enumerate(self.texts):
            payload = text.encode()
            if self.text_codec == "mov_text":
                payload = len(payload).to_bytes(2, "big") + payload
            elif self.text_codec == "ass":
                payload = f"{number},0,Default,,0,0,0,,".encode() + payload
            packet = av.Packet(payload)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = round(begin * 1000)
            packet.duration = round((end - begin) * 1000)
            packets.append(packet)
        return _stamped(packets)


def _stamped(packets: Sequence[av.Packet]) -> list[tuple[Fraction, av.Packet]]:
    return [((p.dts if p.dts is not None else 0) * p.time_base, p) for p in packets]


def decoded(path: Path) -> list[av.VideoFrame]:
    """Every frame as PyAV alone decodes it."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Times in seconds and bytes of the packets of the first audio or subtitle stream."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        found = [p for p in container.demux(stream) if p.size]
        return [((p.pts or 0) * p.time_base, bytes(p)) for p in found]


def samples(frame: av.VideoFrame) -> list[np.ndarray]:
    """The planes of a planar frame, without padding."""
    wide = frame.format.components[0].bits > 8
    found = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint16 if wide else np.uint8).reshape(plane.height, -1)
        found.append(rows[:, : plane.width].copy())
    return found


def display_p3() -> bytes:
    """ICC of Display P3's primaries (adapted to D50, as profiles have them) and a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {
        b"wtpt": xyz(0.9642, 1, 0.8249), b"rXYZ": xyz(0.51512, 0.2412, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189), b"bXYZ": xyz(0.1571, 0.06657, 0.78407),
        b"rTRC": curve, b"gTRC": curve, b"bTRC": curve,
    }  # fmt: skip
    table, heap = b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(heap), len(data))
        heap += data
    body = struct.pack(">I", len(tags)) + table + heap
    head = struct.pack(">I4sI", 128 + len(body), b"lcms", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + body
