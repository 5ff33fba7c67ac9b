"""Writing videos: what comes out is what went in, except where it was changed."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.errors import EncoderError, MediaChanged, OptionError, OutputError
from pipeline.media import Numbering, SequenceWriter, VideoFrame, VideoReader, VideoWriter, probe
from pipeline.media.animation_write import AnimationWriter
from pipeline.options import Options
from pipeline.types import Box
from tests.pipeline_media.make import Clip, decoded, samples
from tests.pipeline_media.rewriting import QUICK, rewrite, stamps


@pytest.mark.parametrize(
    ("name", "codec", "encoder"),
    [
        ("out.mp4", "h264", "libx264"),
        ("out.mov", "h264", "libx264"),
        ("out.mkv", "h264", "libx264"),
        ("out.mp4", "hevc", "libx265"),
        ("out.mov", "hevc", "libx265"),
        ("out.webm", "vp9", "libvpx-vp9"),
        ("out.webm", "h264", "libvpx-vp9"),
        ("out.mp4", "vp9", "libvpx-vp9"),
        ("out.webm", "av1", "libsvtav1"),
        ("out.mp4", "av1", "libsvtav1"),
        ("out.mov", "prores", "prores_ks"),
        ("out.mkv", "prores", "prores_ks"),
        ("out.mkv", "lossless", "libx264"),
    ],
)
def test_every_codec_and_container(tmp_path: Path, name: str, codec: Any, encoder: str) -> None:
    source = Clip(sound=0.4).make(tmp_path / "in.mp4")
    used, _ = rewrite(source, tmp_path / name, Options(codec=codec, quality="draft", hardware="never"))
    assert used == encoder
    info = probe(tmp_path / name)
    assert (info.width, info.height, len(info.audio)) == (64, 48, 1)
    # Matroska has no times before 0: the priming of AAC moves all streams of a result by the same 21 ms.
    first = stamps(tmp_path / name)[0]
    assert first <= (0.022 if name.endswith((".mkv", ".webm")) else 0)
    assert np.allclose([float(t - first) for t in stamps(tmp_path / name)], np.arange(12) / 30, atol=0.0011)
    before, after = decoded(source)[6], decoded(tmp_path / name)[6]
    grey = samples(after)[0] / (4 if codec == "prores" else 1)
    error = np.abs(samples(before)[0].astype(int) - grey).mean()
    assert error < 6
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.mp4", name])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are told of on Linux only")
def test_an_encoder_leaves_the_processor_to_others(tmp_path: Path) -> None:
    """SVT-AV1 made itself real-time, where it may: with two cores a film brought everything else to a standstill."""
    source = Clip().make(tmp_path / "in.mp4")
    with (
        VideoReader(source) as reader,
        VideoWriter(tmp_path / "out.mp4", reader, Options(codec="av1", quality="draft", hardware="never")) as writer,
    ):
        for frame in reader:
            writer.write(frame)
            threads = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
            assert {os.sched_getscheduler(thread) for thread in threads} <= {os.SCHED_OTHER, os.SCHED_BATCH}
        writer.finish()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuv420p10le", "gray"])
def test_lossless_gives_back_every_sample(tmp_path: Path, pixel_format: str) -> None:
    source = Clip(pixel_format=pixel_format).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4", Options(codec="lossless"))
    _assert_same_planes(source, tmp_path / "out.mp4")


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("ffv1", "yuv420p12le"), ("ffv1", "yuva420p"), ("ffv1", "yuv411p"), ("ffv1", "gray"), ("ffv1", "yuv440p")],
)
def test_lossless_mkv_holds_rare_formats(tmp_path: Path, codec: str, pixel_format: str) -> None:
    source = Clip(codec=codec, pixel_format=pixel_format).make(tmp_path / "in.mkv")
    rewrite(source, tmp_path / "out.mkv", Options(codec="lossless"))
    _assert_same_planes(source, tmp_path / "out.mkv")


def test_lossless_rgb(tmp_path: Path) -> None:
    source = Clip(codec="libx264rgb", pixel_format="rgb24", options={"qp": "0"}).make(tmp_path / "in.mkv")
    for name in ("out.mkv", "out.mp4"):
        rewrite(source, tmp_path / name, Options(codec="lossless"))
        for before, after in zip(decoded(source), decoded(tmp_path / name), strict=True):
            assert np.array_equal(before.to_ndarray(format="rgb24"), after.to_ndarray(format="rgb24"))


def test_lossless_webm(tmp_path: Path) -> None:
    source = Clip().make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.webm", Options(codec="lossless"))
    _assert_same_planes(source, tmp_path / "out.webm")


def _assert_same_planes(source: Path, result: Path) -> None:
    for before, after in zip(decoded(source), decoded(result), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(samples(before), samples(after), strict=True))


def test_a_change_touches_its_region_only(tmp_path: Path) -> None:
    source = Clip().make(tmp_path / "in.mp4")

    def brighten(frame: VideoFrame) -> None:
        before, origin = frame.region(Box(20, 10, 40, 30))
        frame.change(origin, before, np.clip(before.astype(int) + 40, 0, 255).astype(np.uint8))

    rewrite(source, tmp_path / "out.mp4", Options(codec="lossless"), change=brighten)
    for before, after in zip(decoded(source), decoded(tmp_path / "out.mp4"), strict=True):
        luma, changed = samples(before)[0].astype(int), samples(after)[0].astype(int)
        outside = np.ones(luma.shape, bool)
        outside[10:30, 20:40] = False
        assert np.array_equal(luma[outside], changed[outside])
        assert (changed - luma)[10:30, 20:40].mean() > 20


def test_rotated_video_comes_out_upright_without_a_tag(tmp_path: Path) -> None:
    source = Clip(rotation=90, sound=0.4).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4", Options(codec="lossless"))
    assert probe(tmp_path / "out.mp4").rotation == 0
    for before, after in zip(decoded(source), decoded(tmp_path / "out.mp4"), strict=True):
        assert np.array_equal(np.rot90(samples(before)[0], -1), samples(after)[0])


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_variable_rate_and_the_last_frames_duration(tmp_path: Path, name: str) -> None:
    clip = Clip(times=[0, 10, 11, 50, 52, 90, 200], time_base=Fraction(1, 1000))
    source = clip.make(tmp_path / name.replace("out", "in"))
    rewrite(source, tmp_path / name)
    assert stamps(tmp_path / name) == stamps(source)
    with av.open(str(source)) as before, av.open(str(tmp_path / name)) as after:
        assert after.duration == pytest.approx(before.duration, abs=2000)


def test_time_base_and_rate_survive(tmp_path: Path) -> None:
    source = Clip(rate=Fraction(30000, 1001), time_base=Fraction(1, 30000)).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4")
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        one, other = before.streams.video[0], after.streams.video[0]
        assert (other.time_base, other.average_rate, other.frames, other.duration) == (
            one.time_base,
            one.average_rate,
            one.frames,
            one.duration,
        )


def test_sample_aspect_and_colour_tags_survive(tmp_path: Path) -> None:
    for colours in ((1, 1, 1, 1), (6, 2, 6, 6), (9, 1, 14, 9)):
        source = Clip(aspect=Fraction(4, 3), colours=colours).make(tmp_path / "in.mp4")
        rewrite(source, tmp_path / "out.mp4")
        frame = decoded(tmp_path / "out.mp4")[0]
        assert (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries) == colours
        assert probe(tmp_path / "out.mp4").sample_aspect == Fraction(4, 3)


def test_odd_sizes_stay_odd(tmp_path: Path) -> None:
    source = Clip(codec="libvpx-vp9", size=(63, 47), options={"cpu-used": "8"}).make(tmp_path / "in.webm")
    for name, codec in (
        ("a.mp4", "h264"),
        ("b.mp4", "hevc"),
        ("c.webm", "vp9"),
        ("d.mp4", "av1"),
        ("e.mkv", "lossless"),
    ):
        _, notes = rewrite(source, tmp_path / name, Options(codec=codec, quality="draft", hardware="never"))  # type: ignore[arg-type]
        info = probe(tmp_path / name)
        assert (info.width, info.height) == (63, 47)
        assert any("odd" in note for note in notes) == (name in ("a.mp4", "b.mp4"))
    _assert_same_planes(source, tmp_path / "e.mkv")


def test_ten_bits_become_eight_for_h264_and_stay_for_others(tmp_path: Path) -> None:
    source = Clip(pixel_format="yuv420p10le").make(tmp_path / "in.mp4")
    _, notes = rewrite(source, tmp_path / "a.mp4")
    assert probe(tmp_path / "a.mp4").pixel_format == "yuv420p"
    assert any("8" in note for note in notes)
    for name, codec in (("b.mp4", "hevc"), ("c.mp4", "av1")):
        rewrite(source, tmp_path / name, Options(codec=codec, quality="draft", hardware="never"))  # type: ignore[arg-type]
        assert probe(tmp_path / name).bit_depth == 10
    ten, eight = samples(decoded(source)[4])[0], samples(decoded(tmp_path / "a.mp4")[4])[0]
    assert np.abs(ten / 4.0 - eight).mean() < 4


@pytest.mark.parametrize(("transfer", "told"), [(16, True), (18, True), (1, False)])
def test_frames_of_hdr_as_pictures_are_told_of(transfer: int, told: bool, tmp_path: Path) -> None:
    options = {"x265-params": "log-level=error"}
    colours = (9, 1, transfer, 9) if told else (1, 1, 1, 1)
    clip = Clip(codec="libx265", pixel_format="yuv420p10le", colours=colours, options=options)
    numbering = Numbering.of(tmp_path / "out.%04d.png")
    assert numbering is not None
    with (
        VideoReader(clip.make(tmp_path / "in.mp4")) as reader,
        SequenceWriter(numbering, reader, "") as frames,
        AnimationWriter(tmp_path / "out.webp", reader) as moving,
    ):
        assert all(any("HDR" in note for note in writer.notes) == told for writer in (frames, moving))


def test_hdr_stays_hdr(tmp_path: Path) -> None:
    parameters = (
        "log-level=error:repeat-headers=1:max-cll=1000,400:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    )
    clip = Clip(codec="libx265", pixel_format="yuv420p10le", colours=(9, 1, 16, 9), options={"x265-params": parameters})
    source = clip.make(tmp_path / "in.mp4")
    assert probe(source).hdr
    encoder, notes = rewrite(source, tmp_path / "out.mp4")
    assert encoder == "libx265"
    assert any("HDR" in note for note in notes)
    rewrite(source, tmp_path / "av1.mp4", Options(codec="av1", quality="draft", hardware="never"))
    first = decoded(source)[0]
    for name in ("out.mp4", "av1.mp4"):
        after = decoded(tmp_path / name)[0]
        assert (after.colorspace, after.color_trc, after.color_primaries) == (9, 16, 9)
        assert after.format.name == "yuv420p10le"
        for kind in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"):
            assert after.side_data.get(kind) is not None, (name, kind)
            if name == "out.mp4":
                assert bytes(after.side_data.get(kind)) == bytes(first.side_data.get(kind))


def test_grey_full_range_and_rgb_keep_their_look(tmp_path: Path) -> None:
    clips = [
        Clip(codec="ffv1", pixel_format="gray"),
        Clip(codec="mjpeg", pixel_format="yuvj420p"),
        Clip(codec="mjpeg", pixel_format="yuvj422p"),
        Clip(codec="ffv1", pixel_format="bgr0"),
    ]
    for clip in clips:
        source = clip.make(tmp_path / "in.mkv")
        rewrite(source, tmp_path / "out.mp4", Options(quality="best", hardware="never"))
        with VideoReader(source) as one, VideoReader(tmp_path / "out.mp4") as other:
            for before, after in zip(one, other, strict=True):
                assert np.abs(before.image().astype(int) - after.image()).mean() < 3.5, clip.pixel_format


PRORES = Options(codec="prores", quality="best", hardware="never")


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("ffv1", "yuv422p10le"),
        ("ffv1", "yuv420p"),
        ("mjpeg", "yuvj420p"),
        ("ffv1", "gray"),
        ("ffv1", "bgr0"),
        ("qtrle", "argb"),
    ],
)  # fmt: skip
def test_prores_keeps_depth_transparency_and_looks(tmp_path: Path, codec: str, pixel_format: str) -> None:
    source = Clip(codec=codec, pixel_format=pixel_format).make(tmp_path / ("in.mov" if codec == "qtrle" else "in.mkv"))
    encoder, notes = rewrite(source, tmp_path / "out.mov", PRORES)
    assert (encoder, notes) == ("prores_ks", ())
    first = decoded(tmp_path / "out.mov")[0]
    assert first.format.name.startswith("yuva444p" if codec == "qtrle" else "yuv422p10") and first.color_range != 2
    with VideoReader(source) as one, VideoReader(tmp_path / "out.mov") as other:
        for before, after in zip(one, other, strict=True):
            assert np.abs(before.image().astype(int) - after.image()).mean() < 3


def test_trimmed_part_begins_at_zero(tmp_path: Path) -> None:
    source = Clip(frames=60, options={"g": "25"}).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4", Options(codec="lossless", start=0.5, end=1.0))
    assert [float(t) for t in stamps(tmp_path / "out.mp4")] == pytest.approx(list(np.arange(15) / 30))
    for before, after in zip(decoded(source)[15:30], decoded(tmp_path / "out.mp4"), strict=True):
        assert np.array_equal(samples(before)[0], samples(after)[0])


def test_tags_are_written_and_places_are_not(tmp_path: Path) -> None:
    metadata = {"title": "Holiday", "location": "+48.1+011.5/", "make": "Phone", "comment": "mine"}
    source = Clip(metadata=metadata).make(tmp_path / "in.mov")
    for name in ("out.mp4", "out.mkv"):
        rewrite(source, tmp_path / name, tags={"comment": "made by Recast"})
        with av.open(str(tmp_path / name)) as container:
            found = {key.lower(): value for key, value in container.metadata.items()}
        assert found["title"] == "Holiday"
        assert found["comment"] == "made by Recast"
        assert not any("location" in key or "make" in key for key in found)
        assert b"+48.1" not in (tmp_path / name).read_bytes()
    rewrite(source, tmp_path / "free.mp4", tags={"recast_manifest": "abc"})
    with av.open(str(tmp_path / "free.mp4")) as container:
        assert container.metadata["recast_manifest"] == "abc"


def test_moov_comes_first(tmp_path: Path) -> None:
    source = Clip().make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_abort_and_errors_leave_nothing(tmp_path: Path) -> None:
    source = Clip(sound=0.4).make(tmp_path / "in.mp4")
    output = tmp_path / "out.mp4"
    with VideoReader(source) as reader, VideoWriter(output, reader, QUICK) as writer:
        for frame in reader:
            writer.write(frame)
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [source]
    with pytest.raises(ZeroDivisionError), VideoReader(source) as reader, VideoWriter(output, reader, QUICK) as writer:
        for frame in reader:
            writer.write(frame)
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == [source]
    with pytest.raises(EncoderError), VideoReader(source) as reader, VideoWriter(output, reader, QUICK) as writer:
        writer.finish()
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_that_changes_gives_no_result(tmp_path: Path) -> None:
    source = Clip(sound=0.4).make(tmp_path / "in.mp4")
    with (
        pytest.raises(MediaChanged),
        VideoReader(source) as reader,
        VideoWriter(tmp_path / "out.mp4", reader, QUICK) as writer,
    ):
        frames = list(reader)
        os.utime(source, ns=(1, 1))
        for frame in frames:
            writer.write(frame)
        writer.finish()
    assert list(tmp_path.iterdir()) == [source]


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    source = Clip().make(tmp_path / "in.mp4")
    link = tmp_path / "link.mp4"
    link.symlink_to(source)
    with VideoReader(source) as reader:
        for name in ("missing/out.mp4", "in.mp4", "link.mp4", "out.txt", "out"):
            with pytest.raises(OutputError):
                VideoWriter(tmp_path / name, reader)
        with pytest.raises(OptionError), VideoWriter(tmp_path / "a.mov", reader, Options(codec="av1")) as writer:
            writer.write(next(iter(reader)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Clip().make(tmp_path / "in.mp4")
    with VideoReader(source) as reader, VideoWriter(tmp_path / "out.mp4", reader, QUICK) as writer:
        monkeypatch.setattr(writer._pending, "temporary", Path("/dev/full"))
        monkeypatch.setattr(writer._pending, "discard", lambda: None)
        with pytest.raises(OutputError, match="space"):
            for frame in reader:
                writer.write(frame)
            writer.finish()
