"""Frames into files: what the clips of `tests.media` are written with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.media.scheduling import share_the_processor
from pipeline.types import ImageArray

RATE = Fraction(30)


def write_camera(path: Path, frames: Iterable[ImageArray], rate: int = 30) -> Path:
    """Frames as Chromium's fake camera reads them (``--use-file-for-fake-video-capture``): YUV4MPEG2, 4:2:0.

    Returns:
        `path`, which has to end in ``.y4m``.
    """
    with path.open("wb") as file:
        for index, image in enumerate(frames):
            height, width = image.shape[:2]
            if index == 0:
                file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


def write_loop(path: Path, clip: Path, times: int) -> Path:
    """A video so many times in a row, without encoding it anew: a film for a quick machine to be long busy with.

    Returns:
        `path`.
    """
    with av.open(str(path), "w") as written:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(clip)) as read:
                source = read.streams.video[0]
                stream = stream or written.add_stream_from_template(source)
                length = source.duration
                for packet in read.demux(source):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    written.mux(packet)
                shift += length
    return path


def write_clip(
    path: Path,
    frames: Iterable[ImageArray],
    rate: Fraction | int = RATE,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    container: str | None = None,
    options: Mapping[str, str] | None = None,
    audio: float | None = None,
    audio_codec: str = "aac",
    times: Iterable[int] | None = None,
    time_base: Fraction | None = None,
) -> Path:
    """Encode `frames` into a file by PyAV.

    Args:
        path: the file to write; its suffix names the container unless `container` does.
        frames: BGR uint8, all of one size.
        rate: frames a second.
        options: for the encoder; CRF 18 by default for x264 and x265.
        audio: seconds of a 440 Hz tone to put beside the picture; ``None`` for none.
        times: presentation time of each frame in units of `time_base`, for variable frame rates.
        time_base: unit of `times`; one over `rate` by default.

    Returns:
        `path`.
    """
    rate = Fraction(rate)
    base = time_base or 1 / rate
    stamps = iter(times) if times is not None else None
    if options is None:
        options = {"crf": "18", "preset": "veryfast"} if codec in ("libx264", "libx265") else {}
    with av.open(str(path), "w", format=container) as out:
        stream = None
        sound = out.add_stream(audio_codec, rate=48000, layout="mono") if audio else None
        for index, image in enumerate(frames):
            if stream is None:
                stream = out.add_stream(codec, rate=rate, options=dict(options))
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = pix_fmt
                stream.codec_context.time_base = base
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = (next(stamps) if stamps is not None else index), base
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode(None))
            share_the_processor()
        if sound is not None and audio is not None:
            wave = (0.2 * np.sin(2 * np.pi * 440 * np.arange(int(audio * 48000)) / 48000)).astype(np.float32)
            for start in range(0, len(wave), 1024):
                chunk = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
                chunk.sample_rate, chunk.pts, chunk.time_base = 48000, start, Fraction(1, 48000)
                out.mux(sound.encode(chunk))
            out.mux(sound.encode(None))
    return path


def bits(path: Path) -> str:
    """A digest of the packets of a video's pictures."""
    found = hashlib.sha256()
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            found.update(bytes(packet))
    return found.hexdigest()


def decoded(path: Path) -> tuple[list[ImageArray], list[float]]:
    """The frames of a video, BGR uint8, and their seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [frame.to_ndarray(format="bgr24") for frame in frames], [float(frame.time) for frame in frames]


def sound(path: Path) -> list[bytes]:
    """The packets of a file's first audio stream, as they are stored."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
