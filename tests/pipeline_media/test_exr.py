"""OpenEXR: scene-linear light in and out, with everything else that a compositor has in the file."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from pipeline.errors import CorruptMedia, DiskFull, InputError, MediaTooLarge, OutputError, UnsupportedMedia
from pipeline.media import Numbering, Picture, SequenceReader, SequenceWriter, probe, read_picture, write_picture
from pipeline.media.exr import ScenePicture, encoded, linear, write_exr
from pipeline.types import Box, MediaLimits, Shade

TAGS = {"comment": "Synthetic.", "engine": "mesh"}


def scene(path: Path, light: Any, header: dict[str, Any] | None = None, **others: Any) -> Path:
    """A file of BGR light."""
    channels = dict(zip("BGR", (np.ascontiguousarray(light[..., at]) for at in range(3)), strict=True))
    start = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(start | (header or {}), channels | others).write(str(path))
    return path


@pytest.fixture
def light() -> np.ndarray:
    ramp = np.linspace(-0.01, 4.0, 64 * 48 * 3, dtype=np.float32)
    return ramp.reshape(48, 64, 3).astype(np.float16)


def test_the_curve_goes_both_ways() -> None:
    values = np.linspace(-2, 60, 5000, dtype=np.float32)
    assert np.allclose(linear(encoded(values)), values, rtol=1e-4, atol=1e-6)
    assert encoded(np.float32([0.18]))[0] == pytest.approx(0.4613, abs=1e-3) and encoded(np.float32([1]))[
        0
    ] == pytest.approx(1)


def test_all_that_is_not_changed_is_passed_on(tmp_path: Path, light: np.ndarray) -> None:
    depth, alpha = np.full((48, 64), 7.25, np.float32), np.full((48, 64), 0.5, np.float16)
    header = {
        "owner": "me", "comments": "graded", "framesPerSecond": 23.976, "pixelAspectRatio": 2.0,
        "dataWindow": ((10, 20), (73, 67)), "displayWindow": ((0, 0), (99, 99)),
    }  # fmt: skip
    path = scene(tmp_path / "in.exr", light, header, **{"A": alpha, "depth.Z": depth})
    info = probe(path)
    assert (info.kind, info.container, info.width, info.height, info.bit_depth) == ("image", "exr", 64, 48, 16)
    picture = read_picture(path)
    before, origin = picture.region(Box(8, 0, 24, 16))
    after = before.copy()
    after[2:6, 3:7] = 200
    picture.change(origin, before, after)
    assert np.abs(picture.region(Box(8, 0, 24, 16))[0].astype(int) - after).max() <= 1
    write_picture(tmp_path / "out.exr", picture, "high", TAGS)
    file = OpenEXR.File(str(tmp_path / "out.exr"), separate_channels=True)
    found = {name: channel.pixels for name, channel in file.channels().items()}
    assert np.array_equal(found["depth.Z"], depth) and np.array_equal(found["A"], alpha)
    assert found["depth.Z"].dtype == np.float32 and found["R"].dtype == np.float16
    same = np.ones((48, 64), bool)
    same[2:6, 11:15] = False
    for at, name in enumerate("BGR"):
        was = light[..., at]
        assert np.array_equal(found[name][same], was[same]) and not np.array_equal(found[name], was)
    told = file.header()
    assert told["owner"] == "me" and told["comments"] == "graded\nSynthetic." and told["framesPerSecond"] > 23
    assert [tuple(corner) for corner in told["dataWindow"]] == [(10, 20), (73, 67)]


def test_a_change_beyond_white_is_no_clipping(tmp_path: Path) -> None:
    picture = read_picture(scene(tmp_path / "in.exr", np.full((96, 96, 3), 3.0, np.float32)))
    picture.shade(Shade(np.full((24, 24), 128 + 32, np.uint8)))  # two grey levels lighter
    assert picture.native.min() > 3.0 and picture.native.max() < 3.2
    assert isinstance(picture, ScenePicture) and picture.dtype == np.float32


def test_to_and_from_other_pictures(tmp_path: Path, light: np.ndarray) -> None:
    path = scene(tmp_path / "in.exr", light)
    notes = write_picture(tmp_path / "out.png", read_picture(path))
    assert notes == ("PNG holds no scene-linear light; what is brighter than white was clipped.",)
    again = read_picture(tmp_path / "out.png")
    assert again.native.dtype == np.uint16
    shown = np.clip(encoded(light.astype(np.float32)), 0, 1)
    assert np.abs(again.native / 65535 - shown).max() < 1e-4
    assert np.abs(read_picture(path).image() / 255 - shown).max() < 0.003
    flat = np.dstack([np.full((32, 32), level, np.uint16) for level in (100, 30000, 65535)])
    write_picture(tmp_path / "back.exr", Picture(flat, np.full((32, 32), 32768, np.uint16)))
    back = read_picture(tmp_path / "back.exr")
    assert isinstance(back, ScenePicture)
    straight = back.display()
    assert straight.alpha is not None and np.abs(straight.native.astype(int) - flat).max() < 60
    assert np.abs(straight.alpha.astype(int) - 32768).max() < 20


def test_sequences_of_frames(tmp_path: Path, light: np.ndarray) -> None:
    for number in (5, 6, 7):
        scene(tmp_path / f"a.{number:04}.exr", light * np.float16(number / 7))
    results = Numbering.of(tmp_path / "b.####.exr")
    assert results is not None
    with SequenceReader(tmp_path / "a.####.exr") as reader, SequenceWriter(results, reader, "") as writer:
        for frame in reader:
            writer.write(frame, {})
        writer.finish()
    for number, file in results.files().items():
        assert np.array_equal(read_picture(file).native, read_picture(tmp_path / f"a.{number:04}.exr").native)


def test_what_cannot_be_worked_on_is_told(tmp_path: Path, light: np.ndarray) -> None:
    grey = tmp_path / "grey.exr"
    OpenEXR.File({}, {"Y": np.ascontiguousarray(light[..., 0])}).write(str(grey))
    two = tmp_path / "two.exr"
    parts = [OpenEXR.Part({"name": name}, {"RGB": light.copy()}) for name in ("left", "right")]
    OpenEXR.File(parts).write(str(two))
    for path, said in ((grey, "no channels R, G and B"), (two, "several parts")):
        for look in (probe, read_picture):
            with pytest.raises(UnsupportedMedia, match=said):
                look(path)
    good = scene(tmp_path / "good.exr", light)
    with pytest.raises(MediaTooLarge, match="64 x 48 pixels"):
        probe(good, MediaLimits(pixels=1000))
    with pytest.raises(MediaTooLarge, match="memory"):
        probe(good, MediaLimits(decoded_bytes=1000))


def test_damaged_files_are_told_and_never_half_read(
    tmp_path: Path, light: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    good, path = scene(tmp_path / "good.exr", light).read_bytes(), tmp_path / "bad.exr"
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(CorruptMedia):
        read_picture(path)
    dice = random.Random(3)
    for _ in range(60):
        data = bytearray(good)
        for _ in range(dice.choice((1, 4, 40))):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            assert read_picture(path, MediaLimits(pixels=1_000_000)).native.ndim == 3
        except InputError:
            continue
    assert capfd.readouterr().out == ""  # reports for programs go there


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_as_such(light: np.ndarray) -> None:
    large = np.random.default_rng(0).random((300, 300, 3), np.float32)
    with pytest.raises(DiskFull):
        write_exr(Path("/dev/full"), ScenePicture(large), TAGS)
    # Less than the library's buffer, of which nothing is written before the end: there it says nothing.
    with pytest.raises(OutputError):
        write_exr(Path("/dev/full"), ScenePicture(light.astype(np.float32)), TAGS)
