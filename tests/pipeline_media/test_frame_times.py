"""Frames by their numbers: the part that is read begins and ends with exactly those that were named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import OptionError
from pipeline.media import frame_times, in_time, open_target, probe
from pipeline.media.guard import LIMITS
from pipeline.options import Options
from tests import media

COUNT = 60
UNEVEN = [number * 40 + (number % 3) * 13 + (number // 20) * 300 for number in range(COUNT)]
"""Milliseconds: three lengths of frames, and two pauses."""


def frames() -> list[np.ndarray]:
    """Each shows its number (from 1) as six bars, black or white."""
    bars = (np.arange(1, COUNT + 1)[:, None] >> np.arange(6)) & 1
    return [np.tile(np.repeat(row, 16)[None, :, None] * 220 + 16, (64, 1, 3)).astype(np.uint8) for row in bars]


def shown(path: Path, options: Options, rate: Fraction | None = None) -> list[int]:
    """The numbers (from 1) of the frames that a job with these options reads."""
    info = probe(path, LIMITS, rate)
    options = in_time(options, info, LIMITS)
    assert options.first_frame is None and options.last_frame is None
    with open_target(path, info, options.start, options.end) as reader:
        bars = [frame.image().mean(axis=(0, 2)).reshape(6, 16).mean(axis=1) > 128 for frame in reader]
    return [int((row << np.arange(6)).sum()) for row in bars]


def film(path: Path, **how: object) -> Path:
    return media.write_clip(path, frames(), 25, times=UNEVEN, time_base=Fraction(1, 1000), **how)  # type: ignore[arg-type]


_X264 = {"crf": "10", "preset": "veryfast", "g": "12", "bf": "3"}
_X265 = {"crf": "10", "preset": "ultrafast", "x265-params": "keyint=12:log-level=0"}
_HIDDEN = {"auto-alt-ref": "1", "lag-in-frames": "12", "deadline": "realtime", "cpu-used": "8"}
"""Of VP8 and VP9: frames that are decoded and never shown."""
CODECS = {
    "h264.mp4": {"options": _X264},
    "h264.mkv": {"options": _X264, "audio": 2.0},
    "h264.ts": {"options": _X264},
    "hevc.mov": {"codec": "libx265", "options": _X265},
    "vp8.webm": {"codec": "libvpx", "options": {"b": "900k", **_HIDDEN}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"crf": "20", **_HIDDEN}},
    "mjpeg.mkv": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}  # fmt: skip


@pytest.mark.parametrize("name", CODECS)
def test_both_ends_are_kept_whatever_the_rate(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, **CODECS[name])
    everything = list(range(1, COUNT + 1))
    assert shown(path, Options()) == everything
    for first, last in ((1, 1), (1, 20), (2, 2), (20, 21), (21, 41), (37, 60), (60, 60)):
        assert shown(path, Options(first_frame=first, last_frame=last)) == everything[first - 1 : last]
    assert shown(path, Options(first_frame=41)) == everything[40:]
    assert shown(path, Options(last_frame=7)) == everything[:7]


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "hevc.mov", "mjpeg.mkv"])
def test_packets_tell_what_decoding_tells(tmp_path: Path, name: str) -> None:
    """A film that holds a frame in each packet is not decoded, and no further read than to the frame after the last."""
    path = film(tmp_path / name, **CODECS[name])
    with open_target(path) as reader:
        decoded = list(reader.times())  # type: ignore[union-attr]
        for last in (1, 5, 33, COUNT):
            found = frame_times._by_packets(reader, last, None)  # type: ignore[arg-type]
            assert found is not None
            times = [float((pts - reader.details.start) * reader.time_base) for pts in found]
            assert times[: last + 1] == decoded[: last + 1]
    assert len(decoded) == COUNT


def test_times_and_frames_go_together_at_different_ends(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", **CODECS["h264.mp4"])
    assert shown(path, Options(start=UNEVEN[9] / 1000, last_frame=12)) == [10, 11, 12]
    assert shown(path, Options(first_frame=10, end=UNEVEN[12] / 1000)) == [10, 11, 12]


def test_an_animation_counts_from_1(tmp_path: Path) -> None:
    pictures = [Image.fromarray(frame) for frame in frames()[:12]]
    lengths = [40, 90, 40, 200, 40, 40, 130, 40, 40, 40, 40, 40]
    path = tmp_path / "a.webp"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=lengths, lossless=True)
    assert shown(path, Options(first_frame=4, last_frame=8)) == [4, 5, 6, 7, 8]
    assert shown(path, Options(last_frame=12)) == list(range(1, 13))


def test_numbered_pictures_have_their_own_numbers(tmp_path: Path) -> None:
    for number, frame in enumerate(frames()[:10]):
        if number != 5:  # a gap
            cv2.imwrite(str(tmp_path / f"shot.{1001 + number}.png"), frame)
    path, rate = tmp_path / "shot.####.png", Fraction(24000, 1001)
    assert shown(path, Options(first_frame=1003, last_frame=1005), rate) == [3, 4, 5]
    assert shown(path, Options(first_frame=1006, last_frame=1007), rate) == [7]
    assert shown(path, Options(first_frame=1001, last_frame=1010), rate) == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    for wrong in (Options(first_frame=1), Options(last_frame=1011), Options(first_frame=1, last_frame=1003)):
        with pytest.raises(OptionError, match=r"There is no frame 1(011)?: the sequence goes from 1001 to 1010\."):
            shown(path, wrong, rate)


def test_a_frame_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", **CODECS["h264.mp4"])
    with pytest.raises(OptionError, match=r"There is no frame 61: the film has 60, counted from 1\."):
        shown(path, Options(first_frame=2, last_frame=61))
    with pytest.raises(OptionError, match=r"There is no frame 900: the film has 60, counted from 1\."):
        shown(path, Options(first_frame=900))
    with pytest.raises(OptionError, match="counted from 1; there is no frame 0"):
        shown(path, Options(first_frame=0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(first_frame=5, last_frame=4), r"The last frame \(4\) comes before the first one \(5\)\."),
        (Options(first_frame=5, start=1.0), "start and first_frame both say where the part begins"),
        (Options(last_frame=5, end=1.0), "end and last_frame both say where the part ends"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, options: Options, said: str) -> None:
    path = film(tmp_path / "a.mp4", **CODECS["h264.mp4"])
    with pytest.raises(OptionError, match=said):
        in_time(options, probe(path), LIMITS)


def test_a_picture_has_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), frames()[0])
    assert in_time(Options(first_frame=3), probe(path), LIMITS) == Options(first_frame=3)
