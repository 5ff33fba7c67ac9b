"""Numbered pictures as the frames of a film: names, times, what is wrong with them, what is kept."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import FileMissing, InputError, MediaChanged, OptionError, OutputError, UnsupportedMedia
from pipeline.media import (
    AnimationReader,
    Numbering,
    Picture,
    SequenceReader,
    SequenceWriter,
    VideoReader,
    numbered_result,
    open_result,
    probe,
    read_picture,
    write_picture,
)  # fmt: skip
from pipeline.media.comparison import comparison
from pipeline.options import Options
from tests import media
from tests.pipeline_media.make import display_p3

RATE = Fraction(24000, 1001)


def frames(folder: Path, name: str = "shot.{:04d}.png", numbers: range = range(1001, 1009), depth: int = 8) -> Path:
    """One pixel row says which frame it is."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        image = np.full((32, 48, 3), (number % 1000) * 10, np.uint8)
        cv2.imwrite(str(folder / name.format(number)), image if depth == 8 else image.astype(np.uint16) * 257 + 3)
    return folder


def levels(reader: SequenceReader) -> list[int]:
    return [int(frame.image()[0, 0, 0]) // 10 for frame in reader]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("shot.####.png", [1001, 1002]), ("shot.%04d.png", [1001, 1002]), ("shot.*.png", [1001, 1002]),
        ("shot.%d.png", [1001, 1002]), ("shot.#####.png", []), ("a_##.jpg", [7, 8, 100]), ("a_%02d.jpg", [7, 8, 100]),
        ("a_%d.jpg", [100]), ("b*.tif", [1, 2, 10]),
    ],
)  # fmt: skip
def test_names_of_frames(tmp_path: Path, pattern: str, found: list[int]) -> None:
    names = ["shot.1001.png", "shot.1002.png", "shot.old.png", "shot.1001.jpg", "a_07.jpg", "a_08.jpg", "a_100.jpg"]
    for name in [*names, "b1.tif", "b2.tif", "b10.tif"]:
        (tmp_path / name).touch()
    numbering = Numbering.of(tmp_path / pattern)
    assert numbering is not None and list(numbering.files()) == found


def test_what_is_no_numbering(tmp_path: Path) -> None:
    far = ("a%0300d.png", f"a%0{'9' * 200}d.png", f"{'#' * 13}.png", f"{'x' * 300}.png", f"{'x' * 300}%d%d.png")
    for name in ("film.mp4", "take #1.png", "a##b##.png", "100%.png", *far):
        assert Numbering.of(tmp_path / name) is None
    with pytest.raises(FileMissing):
        probe(tmp_path / f"{'x' * 300}##.png")
    (tmp_path / "odd##.png").touch()
    assert Numbering.of(tmp_path / "odd##.png") is None  # the file itself is meant
    assert numbered_result(tmp_path / "film##.mp4") is None and numbered_result(tmp_path / "shot.*.png") is None
    assert numbered_result(tmp_path / "shot.%05d.TIF") is not None
    for name in ("b1.tif", "b01.tif"):
        (tmp_path / name).touch()
    twice = Numbering.of(tmp_path / "b*.tif")
    assert twice is not None
    with pytest.raises(InputError, match=r"b01\.tif and b1\.tif are the same frame"):
        twice.files()


def test_frames_have_times_by_their_numbers(tmp_path: Path) -> None:
    folder = frames(tmp_path / "plates")
    path = folder / "shot.####.png"
    info = probe(path, rate=RATE)
    assert (info.kind, info.frames, info.width, info.height, info.rate) == ("sequence", 8, 48, 32, RATE)
    assert info.duration == pytest.approx(8 * 1001 / 24000) and probe(path).rate == 24
    with SequenceReader(path, info=info) as reader:
        read = list(reader)
        assert [frame.index for frame in read] == list(range(8)) and reader.notes == ()
        assert [reader.number(frame) for frame in read] == list(range(1001, 1009))
        assert read[3].time == pytest.approx(3 * 1001 / 24000)
    # Times printed with two digits still name their frame.
    with SequenceReader(path, start=0.08, end=0.21) as reader:
        assert levels(reader) == [3, 4, 5]
    for number in (1003, 1004, 1006):
        (folder / f"shot.{number}.png").unlink()
    with SequenceReader(path) as reader:
        assert levels(reader) == [1, 2, 5, 7, 8]
        assert reader.notes == ("The sequence has gaps: there is no frame 1003-1004, 1006.",)
        assert [round(frame.time * 24) for frame in reader] == [0, 1, 4, 6, 7]


def test_what_is_wrong_with_a_sequence(tmp_path: Path) -> None:
    folder = frames(tmp_path / "plates")
    path = folder / "shot.####.png"
    with pytest.raises(FileMissing, match=r"no frame with a name such as none\.0001\.png"):
        probe(folder / "none.####.png")
    with pytest.raises(InputError, match="folder of the frames"):
        probe(tmp_path / "nowhere" / "shot.####.png")
    with pytest.raises(OptionError, match="starts after the end"):
        SequenceReader(path, start=5)
    cv2.imwrite(str(folder / "shot.1004.png"), np.zeros((16, 48, 3), np.uint8))
    with SequenceReader(path) as reader, pytest.raises(InputError, match=r"shot\.1004\.png: .* 48 x 16 .* 48 x 32"):
        list(reader)
    (folder / "shot.1004.png").write_bytes((folder / "shot.1003.png").read_bytes()[:60])
    with SequenceReader(path) as reader, pytest.raises(InputError, match=r"shot\.1004\.png: The picture is damaged"):
        list(reader)
    frames(folder)
    with SequenceReader(path) as reader:
        read = iter(reader)
        next(read)
        os.utime(folder / "shot.1002.png", ns=(1, 1))
        with pytest.raises(MediaChanged, match=r"shot\.1002\.png"):
            list(read)
    clip = media.write_clip(folder / "take.01.mp4", [np.zeros((32, 32, 3), np.uint8)] * 2, 10)
    clip.rename(folder / "shot.1001.png")
    with pytest.raises(UnsupportedMedia, match=r"shot\.1001\.png: This is a video"):
        probe(path)


def test_a_sequence_is_written_as_a_video_and_back(tmp_path: Path) -> None:
    """Depth and rate are kept; the way back counts from 1."""
    folder = frames(tmp_path / "deep", "a{}.tif", depth=16)
    info = probe(folder / "a%d.tif", rate=RATE)
    assert info.bit_depth == 16
    film = tmp_path / "film.mkv"
    with (
        SequenceReader(info.path, info=info) as reader,
        open_result(film, reader, Options(codec="lossless")) as writer,
    ):
        for frame in reader:
            writer.write(frame)
        writer.finish()
    with av.open(str(film)) as container:
        assert container.streams.video[0].average_rate == RATE
    (tmp_path / "back").mkdir()
    back = Numbering.of(tmp_path / "back" / "b.##.tif")
    assert back is not None
    with VideoReader(film) as again, SequenceWriter(back, again, "") as out:
        for shown in again:
            out.write(shown, {})
        out.finish()
    files = back.files()
    assert list(files) == list(range(1, 9))
    for number, file in files.items():
        before = read_picture(folder / f"a{1000 + number}.tif")
        assert np.array_equal(read_picture(file).native, before.native)


@pytest.mark.parametrize("palette", [False, True])
def test_transparency_is_kept_in_frames_and_videos(tmp_path: Path, palette: bool) -> None:
    for number in range(3):
        clear = np.full((32, 48, 4), 80, np.uint8)
        clear[:, :24, 3], clear[:, 24:, 3] = 0, 255
        image = Image.fromarray(clear)
        (image.quantize(4) if palette else image).save(tmp_path / f"c{number}.png")
    info = probe(tmp_path / "c*.png")
    assert info.alpha
    film = tmp_path / "clear.mov"
    with SequenceReader(info.path, info=info) as reader, open_result(film, reader, Options()) as writer:
        for frame in reader:
            writer.write(frame)
        writer.finish()
    assert probe(film).alpha
    back = Numbering.of(tmp_path / "d.##.png")
    assert back is not None
    with VideoReader(film) as again, SequenceWriter(back, again, "") as out:
        for shown in again:
            out.write(shown, {})
        out.finish()
    loop = tmp_path / "loop.webp"
    with VideoReader(film) as again, open_result(loop, again, Options()) as writer:
        for shown in again:
            writer.write(shown)
        writer.finish()
    with AnimationReader(loop) as animated:
        cover = next(iter(animated)).alpha
    assert cover is not None and cover[:, :20].max() < 5 and cover[:, 28:].min() > 250
    alpha = read_picture(tmp_path / "d.02.png").alpha
    assert alpha is not None and alpha[:, :20].max() < 1000 and alpha[:, 28:].min() > 64000


def test_what_is_finished_stays_and_is_gone_on_with(tmp_path: Path) -> None:
    path, folder = frames(tmp_path / "plates") / "shot.####.png", tmp_path / "results"
    folder.mkdir()
    results = Numbering.of(folder / "r.%04d.png")
    assert results is not None

    def write(key: str, many: int) -> SequenceWriter:
        with SequenceReader(path) as reader, SequenceWriter(results, reader, key) as writer:
            skipped = len(writer.finished)
            for frame in list(reader)[skipped:many]:
                writer.write(frame, {"index": frame.index})
            if many == 8:
                writer.finish()
        return writer

    assert [path.name for path in write("one", 3).files] == ["r.1001.png", "r.1002.png", "r.1003.png"]
    note = folder / ".r.%04d.png.frames"
    assert note.exists() and len(results.files()) == 3
    with note.open("a") as file:
        file.write('{"file": "r.1004.png", "si')  # cut off in the middle of a line
    assert write("one", 4).finished == ({"index": 0}, {"index": 1}, {"index": 2})
    (folder / "r.1003.png").write_bytes(b"cut off")
    assert write("one", 4).finished == ({"index": 0}, {"index": 1})
    rows = note.read_text().splitlines(keepends=True)
    note.write_text("".join([*rows, *rows[1:]]))  # as two runs at once would have noted them
    assert len(write("one", 5).finished) == 4
    again = write("another job", 8)
    assert again.finished == () and len(again.files) == 8 and not note.exists()
    assert np.array_equal(
        read_picture(folder / "r.1008.png").native, read_picture(path.with_name("shot.1008.png")).native
    )


def test_a_frame_that_could_not_be_written_is_written_by_the_next_try(tmp_path: Path) -> None:
    path, folder = frames(tmp_path / "plates") / "shot.####.png", tmp_path / "results"
    in_the_way = folder / "r.1003.png"
    in_the_way.mkdir(parents=True)
    results = Numbering.of(folder / "r.%04d.png")
    assert results is not None

    def write() -> SequenceWriter:
        with SequenceReader(path) as reader, SequenceWriter(results, reader, "one") as writer:
            for frame in list(reader)[len(writer.finished) :]:
                writer.write(frame, {"index": frame.index})
            writer.finish()
        return writer

    with pytest.raises(OutputError):
        write()
    in_the_way.rmdir()
    # Those after it may lie there, but a try begins with the first one that is missing.
    assert write().finished == ({"index": 0}, {"index": 1})
    assert len(results.files()) == 8


def test_a_result_never_takes_the_place_of_a_frame(tmp_path: Path) -> None:
    path = frames(tmp_path / "plates") / "shot.####.png"
    for name in (path, tmp_path / "plates" / "shot.%04d.png", tmp_path / "plates" / ".." / "plates" / "shot.%d.png"):
        numbering = Numbering.of(name)
        assert numbering is not None
        with SequenceReader(path) as reader, pytest.raises(OutputError, match="overwrite files"):
            SequenceWriter(numbering, reader, "")
    loop = tmp_path / "loop.02.png"
    first, *rest = [Image.fromarray(np.full((24, 24, 3), 40 * number, np.uint8)) for number in range(3)]
    first.save(loop, save_all=True, append_images=rest, duration=100)
    linked = tmp_path / "linked"
    linked.symlink_to(tmp_path)
    for name in (tmp_path / "loop.##.png", linked / "loop.%02d.png"):
        numbering = Numbering.of(name)
        assert numbering is not None
        with AnimationReader(loop) as reader, pytest.raises(OutputError, match="overwrite files"):
            SequenceWriter(numbering, reader, "")
    for number in (1, 2):
        first.save(tmp_path / f"take.{number:02}.webp")
    with (
        SequenceReader(tmp_path / "take.##.webp") as reader,
        pytest.raises(OutputError, match="overwrite files"),
    ):
        open_result(tmp_path / "take.02.webp", reader)
    nowhere = Numbering.of(tmp_path / "nowhere" / "r.##.png")
    assert nowhere is not None
    with SequenceReader(path) as reader, pytest.raises(OutputError, match="folder"):
        SequenceWriter(nowhere, reader, "")


def test_what_is_finished_is_of_these_names_and_of_one_run(tmp_path: Path) -> None:
    """Also where names are so long that their beginnings alone are the same."""
    path = frames(tmp_path / "plates") / "shot.####.png"
    one, other = (Numbering.of(tmp_path / f"{'n' * 130}{letter}%d.png") for letter in "ab")
    assert one is not None and other is not None
    with SequenceReader(path) as reader, SequenceWriter(one, reader, "") as writer:
        writer.write(next(iter(reader)), {})
    with SequenceReader(path) as reader, SequenceWriter(other, reader, "") as writer:
        assert writer.finished == ()
        with pytest.raises(OutputError, match="Another job is writing"):
            SequenceWriter(other, reader, "")
        assert writer.remove() == ()
    assert len(one.files()) == 1 and [file.suffix for file in tmp_path.glob(".*")] == [".frames"]


def test_a_comparison_has_the_rate_of_the_frames(tmp_path: Path) -> None:
    path, film = frames(tmp_path / "plates") / "shot.####.png", tmp_path / "film.mkv"
    info = probe(path, rate=Fraction(12))
    with SequenceReader(path, info=info) as reader, open_result(film, reader, Options(codec="lossless")) as writer:
        for frame in reader:
            writer.write(frame)
        writer.finish()
    for after in (film, path):
        both = comparison(path, after, tmp_path / "both.mkv", rate=Fraction(12))
        assert probe(both).rate == 12
        with VideoReader(both) as shown:
            sides = [frame.image()[16] for frame in shown]
        assert len(sides) == 8 and all(abs(int(side[10, 0]) - int(side[-10, 0])) < 5 for side in sides)


@pytest.mark.parametrize("depth", [8, 16])
def test_colours_of_another_profile_become_those_of_videos(tmp_path: Path, depth: int) -> None:
    """A red of Display P3 is redder than sRGB's. What is sRGB stays exact."""
    dtype, scale = (np.uint8, 1) if depth == 8 else (np.uint16, 257)
    native = np.full((32, 48, 3), np.array([60, 70, 180]) * scale, dtype)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    shown = {}
    for name, icc in (("own", display_p3()), ("srgb", srgb), ("none", b"")):
        for number in (1, 2):
            write_picture(tmp_path / f"{name}{number}.png", Picture(native.copy(), icc=icc))
        film = tmp_path / f"{name}.mkv"
        with (
            SequenceReader(tmp_path / f"{name}%d.png") as reader,
            open_result(film, reader, Options(codec="lossless")) as writer,
        ):
            for frame in reader:
                writer.write(frame)
            writer.finish()
            assert any("profile" in note for note in writer.notes) == (depth == 16 and name == "own")
        with VideoReader(film) as again:
            shown[name] = next(iter(again)).image()[16, 24].astype(int)
    assert (shown["srgb"] == [60, 70, 180]).all() and (shown["none"] == [60, 70, 180]).all()
    if depth == 8:
        blue, green, red = shown["own"]
        assert red > 186 and green < 66 and abs(blue - 60) < 12
        loop = tmp_path / "loop.webp"
        with SequenceReader(tmp_path / "own%d.png") as reader, open_result(loop, reader, Options()) as writer:
            for frame in reader:
                writer.write(frame)
            writer.finish()
        write_picture(tmp_path / "own.bmp", read_picture(tmp_path / "own1.png"))
        for path in (loop, tmp_path / "own.bmp"):  # neither holds the profile
            assert np.abs(read_picture(path).image()[16, 24] - shown["own"]).max() < 8
    else:
        assert (shown["own"] == [60, 70, 180]).all()


def test_animations_too_become_frames(tmp_path: Path) -> None:
    loop = tmp_path / "loop.gif"
    first, *rest = [Image.fromarray(np.full((24, 24, 3), 40 * number, np.uint8)) for number in range(3)]
    first.save(loop, save_all=True, append_images=rest, duration=100)
    results = Numbering.of(tmp_path / "f_##.png")
    assert results is not None
    with AnimationReader(loop) as reader, SequenceWriter(results, reader, "") as writer:
        for frame in reader:
            assert isinstance(frame, Picture)
            writer.write(frame, {})
        writer.finish()
    assert list(results.files()) == [1, 2, 3]
