"""The timecode of a recording: kept, and that of the first frame of a part."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from pipeline.media.timecode import later, timecode_of
from pipeline.options import Options
from tests.pipeline_media.make import Clip
from tests.pipeline_media.rewriting import rewrite

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("begin", "frames", "rate", "end"),
    [
        ("01:00:00:00", 0, Fraction(25), "01:00:00:00"),
        ("01:00:00:00", 25 * 90 + 3, Fraction(25), "01:01:30:03"),
        ("23:59:59:23", 1, Fraction(24000, 1001), "00:00:00:00"),
        ("01:00:59;29", 1, NTSC, "01:01:00;02"),
        ("01:09:59;29", 1, NTSC, "01:10:00;00"),
        ("00:00:00;00", 17982 * 6, NTSC, "01:00:00;00"),  # an hour by the clock
        ("00:00:59;59", 1, Fraction(60000, 1001), "00:01:00;04"),
        ("nonsense", 5, NTSC, "nonsense"),
    ],
)
def test_a_later_frame(begin: str, frames: int, rate: Fraction, end: str) -> None:
    assert later(begin, frames, rate) == end


def test_every_number_of_ten_minutes_comes_once_and_in_order() -> None:
    numbers = [later("00:00:00;00", frame, NTSC) for frame in range(17982)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == "00:09:59;29"
    assert not any(one.endswith((":00;00", ":00;01")) and one[4] != "0" for one in numbers)


def read(path: Path) -> str:
    with av.open(str(path)) as container:
        return timecode_of(container.streams.video[0].metadata, container.metadata)


@pytest.mark.parametrize("name", ["out.mov", "out.mp4", "out.mkv"])
def test_it_survives_and_a_part_begins_where_it_was_taken_from(tmp_path: Path, name: str) -> None:
    source = Clip(frames=40, rate=NTSC, metadata={"timecode": "10:00:59;20"}).make(tmp_path / "in.mov")
    assert read(source) == "10:00:59;20"
    rewrite(source, tmp_path / name)
    assert read(tmp_path / name) == "10:00:59;20"
    rewrite(source, tmp_path / name, Options(quality="draft", hardware="never", start=15 * 1001 / 30000))
    assert read(tmp_path / name) == "10:01:00;07"


def test_rates_that_drop_no_numbers_and_one_of_less_than_a_frame_a_second() -> None:
    assert later("00:00:59;24", 1, Fraction(25)) == "00:01:00;00"
    assert later("00:00:59;23", 1, Fraction(24000, 1001)) == "00:01:00;00"
    assert later("10:00:00:00", 5, Fraction(1, 3)) == "10:00:05:00"
