"""Decoding and encoding alone: Recast's reader and writer beside MoviePy's, on generated clips.

    python -m benchmarks.media [--seconds 10] [--rounds 3]

Both run in this process, by turns, so that a busy machine slows both; medians are compared. Both write H.264: ours
with its default quality, MoviePy with the same encoder, preset and rate factor, so that the difference is in how frames
are moved about. MoviePy needs the FFmpeg program that imageio-ffmpeg brings along; Recast does not.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import tempfile
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.media import VideoReader, VideoWriter, encoders
from pipeline.media.layout import layout_of
from pipeline.options import Options
from pipeline.types import Box

SIZES = ((1280, 720), (1920, 1080))


def make_clip(path: Path, size: tuple[int, int], seconds: float) -> Path:
    """A clip of a camera that moves over a grainy picture, 30 frames a second, with a tone."""
    width, height = size
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (height // 24, width // 24, 3), np.uint8)
    scenery = cv2.resize(small, (width + 200, height + 200), interpolation=cv2.INTER_CUBIC)
    grain = [rng.normal(0, 3, (height, width, 1)).astype(np.int16) for _ in range(6)]
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "18"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = output.add_stream("aac", rate=48000)
        for number in range(round(seconds * 30)):
            x, y = (round(100 + 99 * f(number / 25)) for f in (math.sin, math.cos))
            view = scenery[y : y + height, x : x + width].astype(np.int16) + grain[number % 6]
            output.mux(video.encode(av.VideoFrame.from_ndarray(view.clip(0, 255).astype(np.uint8), "bgr24")))
        output.mux(video.encode(None))
        tone = (np.sin(np.arange(round(seconds * 48000)) / 20) * 0.3).astype(np.float32)
        for at in range(0, len(tone) - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(np.stack([tone[at : at + 1024]] * 2), "fltp", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, at, Fraction(1, 48000)
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path


def ours(clip: Path, output: Path, touch: bool = False) -> int:
    """Read and write; with `touch` a region of each frame is read and changed as well."""
    frames = 0
    with VideoReader(clip) as reader, VideoWriter(output, reader, Options(hardware="never")) as writer:
        for frame in reader:
            if touch:
                x, y = frame.width // 2 - 250, frame.height // 2 - 250
                before, origin = frame.region(Box(x, y, x + 500, y + 500))
                frame.change(origin, before, cv2.add(before, np.full(4, 9.0)))
            writer.write(frame)
            frames += 1
        writer.finish()
    return frames


def theirs(clip: Path, output: Path) -> int:
    """MoviePy's reader and writer with the same encoder settings; sound is re-encoded, as it always is there."""
    from moviepy import VideoFileClip

    layout = layout_of("yuv420p")
    assert layout is not None
    choice = encoders.software("h264", "high", "mp4", layout, (2, 2))
    more = [part for key in ("crf", "x264-params") for part in (f"-{key}", choice.options[key])]
    with VideoFileClip(str(clip)) as video:
        video.write_videofile(
            str(output),
            codec="libx264",
            preset=choice.options["preset"],
            audio_codec="aac",
            ffmpeg_params=[*more, "-pix_fmt", "yuv420p", "-movflags", "+faststart"],
            logger=None,
            temp_audiofile_path=str(output.parent),
        )
        return round(video.duration * video.fps)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Decoding and encoding alone, beside MoviePy.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{'clip':>10}  {'Recast':>10}  {'+ region':>10}  {'MoviePy':>10}  {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            clip = make_clip(Path(folder) / f"{size[1]}.mp4", size, arguments.seconds)
            runs = {"ours": [], "touch": [], "theirs": []}  # type: dict[str, list[float]]
            for _ in range(arguments.rounds):
                for name, run in (
                    ("ours", partial(ours, clip, Path(folder) / "a.mp4")),
                    ("touch", partial(ours, clip, Path(folder) / "b.mp4", True)),
                    ("theirs", partial(theirs, clip, Path(folder) / "c.mp4")),
                ):
                    begin = time.perf_counter()
                    frames = run()
                    runs[name].append(frames / (time.perf_counter() - begin))
            rates = {name: statistics.median(found) for name, found in runs.items()}
            print(
                f"{size[0]:>5}x{size[1]}  {rates['ours']:6.1f} fps  {rates['touch']:6.1f} fps"
                f"  {rates['theirs']:6.1f} fps  {rates['ours'] / rates['theirs']:5.2f}x"
            )
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
