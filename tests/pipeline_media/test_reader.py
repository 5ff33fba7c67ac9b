"""Reading videos: every container and codec, times, orientation, trimming, damage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import CorruptMedia, MediaChanged, MediaTooLarge, OptionError
from pipeline.media import VideoReader, probe
from pipeline.types import MediaLimits
from tests.pipeline_media.make import Clip, decoded, samples, scene

CONTAINERS = [
    ("clip.mp4", Clip()),
    ("clip.mov", Clip()),
    ("clip.mkv", Clip()),
    ("clip.ts", Clip()),
    ("clip.flv", Clip()),
    ("clip.avi", Clip(codec="mpeg4")),
    ("clip.mpg", Clip(codec="mpeg2video")),
    ("hevc.mp4", Clip(codec="libx265", options={"x265-params": "log-level=error"})),
    ("clip.webm", Clip(codec="libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"})),
    ("vp8.webm", Clip(codec="libvpx")),
    ("av1.mp4", Clip(codec="libsvtav1", options={"preset": "12"})),
    ("mpeg4.mp4", Clip(codec="mpeg4")),
    ("prores.mov", Clip(codec="prores_ks", pixel_format="yuv422p10le")),
    ("ffv1.mkv", Clip(codec="ffv1")),
    ("mjpeg.avi", Clip(codec="mjpeg", pixel_format="yuvj420p")),
    ("v210.mov", Clip(codec="v210", pixel_format="yuv422p10le")),
    ("raw.avi", Clip(codec="rawvideo", pixel_format="bgr24")),
    ("rgb.mp4", Clip(codec="libx264rgb", pixel_format="rgb24")),
]


@pytest.mark.parametrize(("name", "clip"), CONTAINERS, ids=[name for name, _ in CONTAINERS])
def test_every_container_and_codec_gives_the_decoders_frames(tmp_path: Path, name: str, clip: Clip) -> None:
    path = clip.make(tmp_path / name)
    expected = decoded(path)
    with VideoReader(path) as reader:
        frames = list(reader)
        assert (reader.info.width, reader.info.height) == (64, 48)
    assert len(frames) == len(expected) == 12
    assert [frame.index for frame in frames] == list(range(12))
    times = [frame.time for frame in frames]
    assert np.allclose(times, np.arange(12) / 30, atol=0.002)
    for frame, native in zip(frames, expected, strict=True):
        if native.format.name == frame.native.format.name:
            assert all(np.array_equal(a, b) for a, b in zip(samples(frame.native), samples(native), strict=True))
    error = np.abs(frames[5].image().astype(int) - scene(5))
    assert error.mean() < 12


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("a.mxf", "mpeg2video", "yuv422p"), ("a.dv", "dvvideo", "yuv420p")]
)
def test_what_comes_from_broadcasters_and_tape(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    path = Clip(codec=codec, pixel_format=pixels, size=(720, 576), rate=Fraction(25), options={"b": "25M"}).make(
        tmp_path / name
    )
    with VideoReader(path) as reader:
        assert (reader.demuxer, reader.details.rate) == (name[2:], 25)
        frames = list(reader)
    assert [round(frame.time * 25) for frame in frames] == list(range(12))
    assert np.abs(frames[5].image().astype(int) - scene(5, 720, 576)).mean() < 12


def test_rate_of_ntsc_is_a_fraction(tmp_path: Path) -> None:
    path = Clip(rate=Fraction(30000, 1001), frames=31).make(tmp_path / "clip.mp4")
    with VideoReader(path) as reader:
        times = [frame.time for frame in reader]
        assert reader.details.rate == Fraction(30000, 1001)
    assert times[30] == pytest.approx(30 * 1001 / 30000, abs=1e-6)


def test_variable_rate_keeps_every_timestamp(tmp_path: Path) -> None:
    stamps = [0, 10, 11, 50, 52, 90, 200]
    path = Clip(times=stamps, time_base=Fraction(1, 1000)).make(tmp_path / "clip.mp4")
    with VideoReader(path) as reader:
        assert [frame.time for frame in reader] == pytest.approx([stamp / 1000 for stamp in stamps], abs=1e-6)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_time_counts_from_the_first_frame(tmp_path: Path, name: str) -> None:
    path = Clip(first=15, sound=1.0).make(tmp_path / name)
    with VideoReader(path) as reader:
        times = [frame.time for frame in reader]
    assert times[0] == 0
    assert np.allclose(times, np.arange(12) / 30, atol=0.002)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_display_matrix_turns_frames_upright(tmp_path: Path, rotation: int, mirrored: bool) -> None:
    """What is stored is turned as PyAV was told to have players turn it; the samples are only moved."""
    path = Clip(rotation=rotation, mirrored=mirrored, aspect=Fraction(4, 3)).make(tmp_path / "clip.mp4")
    stored = decoded(path)[3]
    with VideoReader(path) as reader:
        frame = list(reader)[3]
        assert reader.info.rotation in (rotation, rotation) if not mirrored else True
    upright = np.rot90(samples(stored)[0], -rotation // 90)
    if mirrored:
        upright = upright[:, ::-1]
    assert (frame.width, frame.height) == ((48, 64) if rotation % 180 else (64, 48))
    assert np.array_equal(samples(frame.native)[0], upright)
    info = probe(path)
    assert (info.width, info.height) == (frame.width, frame.height)
    assert info.sample_aspect == (Fraction(3, 4) if rotation % 180 else Fraction(4, 3))


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuv444p", "yuv420p10le", "gray"])
def test_turning_keeps_the_samples_of_other_formats(tmp_path: Path, pixel_format: str) -> None:
    path = Clip(rotation=90, pixel_format=pixel_format).make(tmp_path / "clip.mp4")
    stored = decoded(path)[0]
    with VideoReader(path) as reader:
        frame = next(iter(reader))
    for plane, original in zip(samples(frame.native), samples(stored), strict=True):
        assert np.array_equal(plane, np.rot90(original, -1))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_trimming_is_exact_to_the_frame(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = Clip(codec=codec, frames=60, options={"g": "20"}).make(tmp_path / name)
    with VideoReader(path) as reader:
        whole = {round(frame.time * 30): samples(frame.native) for frame in reader}
    with VideoReader(path, start=0.9, end=1.5) as reader:
        part = [(round(frame.time * 30), frame.index, samples(frame.native)) for frame in reader]
    assert [number for number, _, _ in part] == list(range(27, 45))
    assert [index for _, index, _ in part] == list(range(18))
    for number, _, planes in part:
        assert all(np.array_equal(a, b) for a, b in zip(planes, whole[number], strict=True))


def test_trimming_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    path = Clip().make(tmp_path / "clip.mp4")
    for start, end in ((-1.0, None), (0.3, 0.2), (5.0, None)):
        with pytest.raises(OptionError):
            VideoReader(path, start, end)


def test_missing_duration_is_read_to_the_end(tmp_path: Path) -> None:
    live = Clip(container_options={"live": "1"}).make(tmp_path / "live.mkv")
    fragments = Clip(container_options={"movflags": "frag_keyframe+empty_moov"}).make(tmp_path / "fragments.mp4")
    for path in (live, fragments):
        with VideoReader(path) as reader:
            assert len(list(reader)) == 12


def test_odd_sizes(tmp_path: Path) -> None:
    path = Clip(codec="libvpx-vp9", size=(63, 47), options={"cpu-used": "8"}).make(tmp_path / "clip.webm")
    with VideoReader(path) as reader:
        frame = next(iter(reader))
    assert frame.image().shape == (47, 63, 3)


def test_interlaced_video_is_deinterlaced_and_said_so(tmp_path: Path) -> None:
    path = Clip(codec="mpeg2video", interlaced=True, frames=10, options={"b": "4M"}).make(tmp_path / "clip.mpg")
    assert probe(path).interlaced
    combed = _combing(samples(decoded(path)[5])[0])
    with VideoReader(path) as reader:
        frames = list(reader)
        assert any("interlaced" in note for note in reader.notes)
    assert len(frames) == 10
    assert np.allclose([frame.time for frame in frames], np.arange(10) / 30, atol=0.002)
    assert _combing(samples(frames[5].native)[0]) < combed / 2


def _combing(luma: np.ndarray) -> float:
    """How much each line differs from its neighbours, beyond what neighbours differ from each other."""
    lines = luma.astype(float)
    return float(np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean())


def test_size_that_changes_on_the_way_is_brought_to_the_first(tmp_path: Path) -> None:
    small, large = Clip(muxer="mpegts"), Clip(size=(96, 64), muxer="mpegts", first=12)
    first, second = small.make(tmp_path / "a.ts"), large.make(tmp_path / "b.ts")
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    with VideoReader(both) as reader:
        sizes = {(frame.width, frame.height) for frame in reader}
        assert any("frame size" in note for note in reader.notes)
    assert sizes == {(64, 48)}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["clip.mp4", "fast.mp4", "clip.mkv", "clip.avi"])
def test_cut_off_files_are_refused_at_once(tmp_path: Path, name: str, share: float) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    options = {"movflags": "faststart"} if name == "fast.mp4" else {}
    path = Clip(codec=codec, frames=40, container_options=options).make(tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CorruptMedia):
        probe(path)
    with pytest.raises(CorruptMedia):
        VideoReader(path)


@pytest.mark.parametrize("name", ["clip.ts", "clip.mpg"])
def test_a_recording_may_stop_anywhere(tmp_path: Path, name: str) -> None:
    """Broadcasts are recorded until somebody stops, in the middle of a frame, and no head tells how long they are."""
    codec = "libx264" if name.endswith("ts") else "mpeg2video"
    path = Clip(codec=codec, frames=60, size=(320, 240), rate=Fraction(25), options={"g": "10", "b": "4M"}).make(
        tmp_path / name
    )
    data, notes = path.read_bytes(), set[str]()
    for share in np.linspace(0.5, 0.95, 10):
        path.write_bytes(data[: int(len(data) * share)])
        with VideoReader(path) as reader:
            read = [frame.time for frame in reader]
        steps = np.diff(read)  # the last frame may have come before those that it is shown after
        assert 60 * share - 5 < len(read) < 60 and steps.min() > 0.038 and np.allclose(steps[:-3], 0.04, atol=0.002)
        notes.update(reader.notes)
    assert notes == {"The recording stops in the middle of a frame, which was left out."}


@pytest.mark.parametrize(("lost", "said"), [((50, 56), "has a hole of 0.20 s at 1.67 s"), ((), "")])
def test_frames_that_a_recording_lost_are_told(tmp_path: Path, lost: tuple[int, ...], said: str) -> None:
    """Where all of a frame was lost, decoders notice nothing: every frame here is a key frame."""
    path = Clip(codec="mpeg2video", frames=90, options={"g": "1"}).make(tmp_path / "clip.ts")
    if lost:
        with av.open(path) as clip:
            packets = [packet.pos for packet in clip.demux(video=0) if packet.size]
        data = path.read_bytes()
        path.write_bytes(data[: packets[lost[0]]] + data[packets[lost[1]] :])
    with VideoReader(path) as reader:
        assert len(list(reader)) == 90 - (lost[1] - lost[0] if lost else 0)
    assert said in " ".join(reader.notes) and bool(reader.notes) == bool(lost)


def test_damage_is_told_with_its_time(tmp_path: Path) -> None:
    path = Clip(frames=60, size=(128, 96), options={"g": "10", "crf": "10"}).make(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[at : at + 3000] = bytes(3000)
    path.write_bytes(bytes(data))
    read = 0
    with pytest.raises(CorruptMedia, match=r"at \d+\.\d+ s"), VideoReader(path) as reader:
        for _ in reader:
            read += 1
    assert 5 < read < 55


def test_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = Clip(frames=30).make(tmp_path / "clip.mp4")
    with pytest.raises(MediaChanged), VideoReader(path) as reader:
        for frame in reader:
            if frame.index == 3:
                with path.open("ab") as file:
                    file.write(b"more")


def test_limits_hold_while_reading(tmp_path: Path) -> None:
    path = Clip(frames=30, container_options={"live": "1"}).make(tmp_path / "clip.mkv")
    with pytest.raises(MediaTooLarge):
        VideoReader(path, limits=MediaLimits(pixels=1000))
    with pytest.raises(MediaTooLarge), VideoReader(path, limits=MediaLimits(frames=10)) as reader:
        list(reader)
