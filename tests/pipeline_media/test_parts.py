"""Parts of a video, read, encoded and joined: as one run of the encoder would have written it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media import VideoReader, VideoWriter
from pipeline.media.parts import PartJoiner, PartReader, PartWriter, settled
from pipeline.options import Options
from tests.pipeline_media.make import Clip, decoded, packets, samples


def joined(path: Path, output: Path, options: Options, seconds: float) -> Path:
    with PartReader(path, options.start, options.end) as reader:
        first, parts = reader.first(), []
        while not parts or reader.more:
            number = len(parts)
            begin, stop = reader.bounds(number, seconds)
            with PartWriter(output.parent / f"{output.name}.{number}", output, reader, first, options) as writer:
                for frame in reader.part(number, seconds, before=3, after=2):
                    if (frame.pts >= begin or number == 0) and frame.pts < stop:
                        writer.write(frame)
                parts.append(writer.finish_part())
        with PartJoiner(output, reader, options) as joiner:
            joiner.join(parts, first)
            joiner.finish()
    assert len(parts) > 2 or options.start is not None
    return output


def written(path: Path, output: Path, options: Options) -> Path:
    with VideoReader(path, options.start, options.end) as reader, VideoWriter(output, reader, options) as writer:
        for frame in reader:
            writer.write(frame)
        writer.finish()
    return output


def clock(path: Path) -> tuple[list[object], list[object]]:
    with av.open(str(path)) as container:
        found = [packet for packet in container.demux(video=0) if packet.size]
    return [packet.dts for packet in found], sorted((packet.pts or 0, packet.duration) for packet in found)


WILD = [0, 1, 2, 30, 31, 60, 61, 62, 63, 64, 65, 66, 140, 141, 142, 170, 171, 172, 173, 174, 175, 200, 230, 231]
CLIPS = {
    "even": Clip(frames=40, sound=1.3, options={"g": "7"}),
    "late": Clip(frames=40, first=900, sound=1.3, sound_start=30.0, options={"g": "7"}),
    "uneven": Clip(frames=24, times=WILD, time_base=Fraction(1, 120), options={"g": "5"}),
    "turned": Clip(frames=40, rotation=90, options={"g": "7"}),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("window", [(None, None), (0.4, 1.1)])
def test_joined_parts_are_the_whole(name: str, window: tuple[float | None, float | None], tmp_path: Path) -> None:
    path = CLIPS[name].make(tmp_path / "a.mp4")
    options = Options(codec="lossless", start=window[0], end=window[1])
    one = written(path, tmp_path / "one.mkv", options)
    other = joined(path, tmp_path / "other.mkv", options, 0.2)
    assert clock(one) == clock(other)
    for ours, theirs in zip(decoded(one), decoded(other), strict=True):
        assert ours.pts == theirs.pts
        assert all(np.array_equal(a, b) for a, b in zip(samples(ours), samples(theirs), strict=True))
    if CLIPS[name].sound is not None:
        assert packets(one, "audio") == packets(other, "audio")


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("h264", ".mp4"),
        ("h264", ".mov"),
        ("h264", ".mkv"),
        ("hevc", ".mp4"),
        ("vp9", ".webm"),
        ("av1", ".mp4"),
        ("prores", ".mov"),
    ],
)
def test_every_codec_joins(codec: str, ending: str, tmp_path: Path) -> None:
    path = CLIPS["even"].make(tmp_path / "a.mp4")
    options = Options(codec=codec, hardware="never")  # type: ignore[arg-type]
    one = written(path, tmp_path / f"one{ending}", options)
    other = joined(path, tmp_path / f"other{ending}", options, 0.4)
    assert clock(one)[1] == clock(other)[1]
    theirs = decoded(other)
    assert len(theirs) == 40 and not any(frame.is_corrupt for frame in theirs)
    for a, b in zip(decoded(one), theirs, strict=True):
        assert a.pts == b.pts
        assert np.abs(a.to_ndarray(format="gray").astype(int) - b.to_ndarray(format="gray")).mean() < 3


def test_transparency_is_not_cut_into_parts(tmp_path: Path) -> None:
    path = Clip(codec="ffv1", pixel_format="yuva420p", frames=30).make(tmp_path / "a.mkv")
    with PartReader(path) as reader:
        first = reader.first()
        assert settled(tmp_path / "b.webm", reader, first, Options(codec="vp9")) is None
        assert settled(tmp_path / "b.mkv", reader, first, Options(codec="hevc")) is not None


def test_a_gap_is_a_part_without_frames(tmp_path: Path) -> None:
    times = [*range(10), *range(100, 110)]
    path = Clip(frames=20, times=times, time_base=Fraction(1, 30), options={"g": "5"}).make(tmp_path / "a.mp4")
    other = joined(path, tmp_path / "other.mkv", Options(codec="lossless"), 0.3)
    assert len(decoded(other)) == 20


def test_what_cannot_be_searched_is_known(tmp_path: Path) -> None:
    with PartReader(CLIPS["even"].make(tmp_path / "a.mp4")) as reader:
        assert reader.searchable()
