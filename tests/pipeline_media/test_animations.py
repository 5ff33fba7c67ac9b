"""Animated GIF, WebP and PNG: frames, durations, loops and transparency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.errors import MediaTooLarge, OptionError, UnsupportedMedia
from pipeline.media import AnimationReader, VideoReader, open_result, open_target, probe
from pipeline.options import Options
from pipeline.types import Box, MediaLimits
from tests.pipeline_media.make import Clip, scene

DURATIONS = [50, 100, 70, 40, 200, 80]
TIMES = [0.0, 0.05, 0.15, 0.22, 0.26, 0.46]
BEST = Options(quality="best", hardware="never")


def animation(path: Path, **arguments: Any) -> Path:
    """Six frames with few colours, that move."""
    frames = []
    for number in range(6):
        frame = Image.new("RGB", (60, 40), (number * 40, 100, 50))
        frame.paste((255, 0, 0), (number * 5, 5, number * 5 + 10, 20))
        frames.append(frame)
    more = {"lossless": True} if path.suffix == ".webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=DURATIONS, **more, **arguments)
    return path


def pass_on(source: Path, output: Path, options: Options = BEST, change: bool = False) -> tuple[str, ...]:
    with (
        open_target(source, None, options.start, options.end) as reader,
        open_result(output, reader, options, {"comment": "made by Recast"}) as writer,
    ):
        for frame in reader:
            if change:
                before, origin = frame.region(Box(10, 10, 30, 30))
                frame.change(origin, before, np.full_like(before, 90))
            writer.write(frame)
        writer.finish()
        return writer.notes


@pytest.mark.parametrize("result", ["gif", "webp", "png"])
@pytest.mark.parametrize("source", ["gif", "webp", "png"])
def test_frames_and_times_stay_exact(tmp_path: Path, source: str, result: str) -> None:
    path = animation(tmp_path / f"in.{source}", loop=3)
    assert pass_on(path, tmp_path / f"out.{result}") == ()
    assert probe(tmp_path / f"out.{result}").kind == "animation"
    with AnimationReader(path) as one, AnimationReader(tmp_path / f"out.{result}") as other:
        for before, after in zip(one, other, strict=True):
            assert np.array_equal(before.image(), after.image())
            assert after.time == pytest.approx(before.time, abs=1e-6)
            assert after.duration == pytest.approx(before.duration, abs=1e-6)
    with Image.open(tmp_path / f"out.{result}") as image:
        assert image.info["loop"] == 3


def test_times_and_indices(tmp_path: Path) -> None:
    path = animation(tmp_path / "in.gif")
    with open_target(path) as reader:
        frames = list(reader)
    assert [frame.time for frame in frames] == pytest.approx(TIMES)
    assert [frame.index for frame in frames] == list(range(6))
    with open_target(path, None, 0.15, 0.3) as reader:
        part = list(reader)
    assert [(frame.index, round(frame.time, 3)) for frame in part] == [(0, 0.15), (1, 0.22), (2, 0.26)]


def test_a_change_shows_and_the_rest_stays(tmp_path: Path) -> None:
    path = animation(tmp_path / "in.gif")
    pass_on(path, tmp_path / "out.gif", change=True)
    with open_target(path) as one, open_target(tmp_path / "out.gif") as other:
        for before, after in zip(one, other, strict=True):
            expected = before.image().copy()
            expected[10:30, 10:30] = 90
            assert np.array_equal(after.image(), expected)


def test_transparency_stays(tmp_path: Path) -> None:
    frames = []
    for number in range(4):
        frame = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
        # Round, since WebP stores a rectangle on nothing as an opaque rectangle.
        ImageDraw.Draw(frame).ellipse((number * 6, 8, number * 6 + 20, 30), (200, 50 * number, 30, 255))
        frames.append(frame)
    path = tmp_path / "in.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    for name in ("out.gif", "out.webp", "out.png"):
        pass_on(path, tmp_path / name)
        with open_target(tmp_path / name) as reader:
            for original, after in zip(frames, reader, strict=True):
                alpha = np.asarray(original)[:, :, 3]
                assert after.alpha is not None  # type: ignore[union-attr]
                assert np.array_equal(after.alpha, alpha)  # type: ignore[union-attr]
                shown = alpha > 0
                assert np.array_equal(after.image()[shown], np.asarray(original)[:, :, 2::-1][shown])


def test_an_animation_becomes_a_video_and_the_other_way_round(tmp_path: Path) -> None:
    path = animation(tmp_path / "in.gif")
    for name in ("out.mp4", "out.webm", "out.mkv"):
        pass_on(path, tmp_path / name)
        with VideoReader(tmp_path / name) as reader:
            frames = list(reader)
        assert [frame.time for frame in frames] == pytest.approx(TIMES, abs=0.002)
        with open_target(path) as reader:
            for before, after in zip(reader, frames, strict=True):
                assert np.abs(before.image().astype(int) - after.image()).mean() < 6
    clip = Clip().make(tmp_path / "clip.mp4")
    for name in ("clip.gif", "clip.webp"):
        notes = pass_on(clip, tmp_path / name)
        assert bool(notes) == (name == "clip.gif")
        with open_target(tmp_path / name) as reader:
            frames = list(reader)
        assert [frame.time for frame in frames] == pytest.approx(np.arange(12) / 30, abs=0.0051)
        assert np.abs(frames[4].image().astype(int) - scene(4)).mean() < 12


def test_limits_and_nonsense(tmp_path: Path) -> None:
    path = animation(tmp_path / "in.gif")
    still = tmp_path / "still.png"
    Image.new("RGB", (8, 8)).save(still)
    with pytest.raises(UnsupportedMedia):
        open_target(still)
    with pytest.raises(OptionError):
        open_target(path, None, 1.0, 0.5)
    with pytest.raises(MediaTooLarge), open_target(path, limits=MediaLimits(seconds=0.1)) as reader:
        list(reader)
    with (
        pytest.raises(MediaTooLarge),
        open_target(path, limits=MediaLimits(decoded_bytes=20_000)) as reader,
        open_result(tmp_path / "out.webp", reader) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["in.gif", "still.png"]
