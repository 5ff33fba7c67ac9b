"""What a target is, in a line of the page."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pipeline.media import probe
from studio.present import describe
from tests.pipeline_media.make import Clip


def told(path: Path) -> list[str]:
    line = describe(probe(path))
    assert all(line[place - 1 : place + 2] == "\u00a0· " for place, letter in enumerate(line) if letter == "·")
    return [part.replace("\u00a0", " ") for part in line.split("\u00a0· ")]


def test_codecs_have_their_names_and_depth_is_told(tmp_path: Path) -> None:
    plain = Clip(frames=30).make(tmp_path / "a.mp4")
    assert told(plain) == ["64 × 48", "1 s", "30 fps", "H.264", "silent"]
    single = Clip(frames=1, rate=Fraction(25)).make(tmp_path / "single.mp4")
    assert told(single)[1] == "0.04 s"
    deep = Clip(codec="prores_ks", pixel_format="yuv422p10le", frames=30).make(tmp_path / "a.mov")
    assert told(deep) == ["64 × 48", "1 s", "30 fps", "ProRes", "10 bit", "silent"]
    bright = Clip(codec="libx265", pixel_format="yuv420p10le", colours=(9, 1, 16, 9), frames=30)
    bright.options = {"x265-params": "log-level=error"}
    assert told(bright.make(tmp_path / "b.mp4"))[3:] == ["HEVC", "10 bit", "HDR", "silent"]
