"""Pictures: every format, depth and orientation; what is not personal is kept."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import OutputError
from pipeline.media import Picture, probe, read_picture, write_picture
from pipeline.types import Box, MediaInfo
from tests.pipeline_media.make import scene

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(path: Path, image: Image.Image, **arguments: Any) -> Path:
    image.save(path, **arguments)
    return path


def rgb(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(scene(0, width, height)[:, :, ::-1].copy())


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "bmp", "tiff"])
def test_every_format_in_and_out(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path / f"in.{suffix}", rgb())
    info = probe(path)
    assert (info.kind, info.width, info.height, info.bit_depth) == ("image", 64, 48, 8)
    picture = read_picture(path)
    assert np.abs(picture.image().astype(int) - scene()).mean() < 8
    for target in ("jpg", "jpeg", "png", "webp", "avif", "bmp", "tif", "tiff"):
        assert write_picture(tmp_path / f"out.{target}", picture) == ()
        again = read_picture(tmp_path / f"out.{target}")
        error = np.abs(again.image().astype(int) - picture.image())
        assert error.max() == 0 if target in ("png", "bmp", "tif", "tiff") else error.mean() < 3


def test_animated_formats_are_animations(tmp_path: Path) -> None:
    frames = [rgb(), Image.fromarray(scene(5)), Image.fromarray(scene(9))]
    for name in ("a.gif", "a.webp", "a.png"):
        path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], duration=100)
        info: MediaInfo = probe(path)
        assert (info.kind, info.frames) == ("animation", 3)
        assert read_picture(path).image().shape == (48, 64, 3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_then_gone(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = saved(tmp_path / f"in.{suffix}", rgb(), exif=exif)
    from PIL import ImageOps

    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))[:, :, ::-1]
    picture = read_picture(path)
    assert np.array_equal(picture.image(), expected)
    info = probe(path)
    assert (info.width, info.height) == (picture.width, picture.height)
    write_picture(tmp_path / f"out.{suffix}", picture)
    with Image.open(tmp_path / f"out.{suffix}") as result:
        assert result.getexif().get(274, 1) == 1
        assert result.size == (picture.width, picture.height)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "tiff"])
def test_profile_and_harmless_exif_stay_and_personal_exif_goes(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[271], exif[272], exif[315], exif[270] = "Maker", "Model 1", "Jane Doe", "my house"
    details = exif.get_ifd(0x8769)
    details[33434], details[34855], details[36867] = 0.004, 200, "2024:01:02 03:04:05"
    details[42032], details[42033], details[37500], details[37510] = "Jane Doe", "SN123456", b"secret note", b"hello"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 30.0, 0.0)})
    path = saved(tmp_path / f"in.{suffix}", rgb(), exif=exif.tobytes(), icc_profile=SRGB)
    write_picture(tmp_path / f"out.{suffix}", read_picture(path))
    with Image.open(tmp_path / f"out.{suffix}") as result:
        kept = result.getexif()
        inside = kept.get_ifd(0x8769)
        assert result.info["icc_profile"] == SRGB
        assert (kept[271], kept[272]) == ("Maker", "Model 1")
        assert (inside[34855], inside[36867]) == (200, "2024:01:02 03:04:05")
        assert not kept.get_ifd(0x8825)
        assert not {315, 270} & set(kept)
        assert not {42032, 42033, 37500, 37510} & set(inside)
    raw = (tmp_path / f"out.{suffix}").read_bytes()
    for secret in (b"Jane Doe", b"SN123456", b"secret note", b"my house"):
        assert secret not in raw


def _deep(path: Path, channels: int) -> np.ndarray:
    shape = (48, 64) if channels == 1 else (48, 64, channels)
    native = np.random.default_rng(2).integers(0, 65536, shape, np.uint16)
    assert cv2.imwrite(str(path), native)
    return native


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path, suffix: str, channels: int) -> None:
    native = _deep(tmp_path / f"in.{suffix}", channels)
    assert probe(tmp_path / f"in.{suffix}").bit_depth == 16
    picture = read_picture(tmp_path / f"in.{suffix}")
    picture.icc = SRGB
    before, origin = picture.region(Box(10, 10, 20, 20))
    after = np.clip(before.astype(int) + 3, 0, 255).astype(np.uint8)
    picture.change(origin, before, after)
    for target in ("png", "tiff"):
        assert write_picture(tmp_path / f"out.{target}", picture, tags={"note": "hi"}) == ()
        again = read_picture(tmp_path / f"out.{target}")
        assert again.deep
        assert again.icc == SRGB
        everything = again.native if again.alpha is None else np.dstack([again.native, again.alpha])
        outside = np.ones((48, 64), bool)
        outside[10:20, 10:20] = False
        assert np.array_equal(everything[outside], native[outside])
        inside = everything[10:20, 10:20].astype(int) - native[10:20, 10:20]
        assert np.isin(inside[..., :3] if channels > 1 else inside, (0, 257, 514, 771)).all() or inside.max() <= 771
        if channels == 4:
            assert np.array_equal(again.alpha, native[:, :, 3])
        with Image.open(tmp_path / f"out.{target}") as opened:
            opened.load()  # other programs can read it too
    notes = write_picture(tmp_path / "out.jpg", picture)
    assert any("16" in note for note in notes)


def test_alpha_is_kept_exactly(tmp_path: Path) -> None:
    alpha = np.random.default_rng(4).integers(0, 256, (48, 64), np.uint8)
    image = rgb()
    image.putalpha(Image.fromarray(alpha))
    for suffix, arguments in (("png", {}), ("webp", {"lossless": True, "exact": True}), ("tiff", {})):
        picture = read_picture(saved(tmp_path / f"in.{suffix}", image, **arguments))
        before, origin = picture.region(Box(0, 0, 64, 48))
        picture.change(origin, before, 255 - before)
        for target in ("png", "tiff", "webp"):
            write_picture(tmp_path / f"out.{target}", picture, "best")
            again = read_picture(tmp_path / f"out.{target}")
            assert np.array_equal(again.alpha, alpha)
            assert np.array_equal(again.native, picture.native)
    for target in ("out.jpg", "out.bmp"):
        assert any("transparency" in note for note in write_picture(tmp_path / target, picture))


@pytest.mark.parametrize("depth", [8, 16])
def test_colours_that_were_multiplied_by_alpha_are_told_without_it(tmp_path: Path, depth: int) -> None:
    """Compositing programs write TIFFs so (ExtraSamples 1); what is written here says that it is not (2)."""
    dtype, most = (np.uint8, 255) if depth == 8 else (np.uint16, 65535)
    native = np.full((24, 32, 3), most // 4, dtype)
    alpha = np.full((24, 32), most // 2, dtype)
    native[:, :8], alpha[:, :8] = most // 3, most
    native[:, 24:], alpha[:, 24:] = 0, 0
    path = tmp_path / "in.tif"
    write_picture(path, Picture(native, alpha))
    written = bytearray(path.read_bytes())
    place = written.find(struct.pack("<HHI", 338, 3, 1))
    assert written[place + 8] == 2
    written[place + 8] = 1
    path.write_bytes(written)
    write_picture(tmp_path / "out.tif", read_picture(path))
    picture = read_picture(tmp_path / "out.tif")
    assert picture.native.dtype == dtype and np.array_equal(picture.alpha, alpha)
    assert np.array_equal(picture.native[:, :8], native[:, :8]) and not picture.native[:, 24:].any()
    assert np.abs(picture.native[:, 8:24] / most - 0.5).max() < 0.01


def test_grey_with_alpha_can_be_opened_again(tmp_path: Path) -> None:
    picture = Picture(np.full((24, 32), 30000, np.uint16), np.full((24, 32), 20000, np.uint16))
    for suffix in ("png", "tif"):
        write_picture(tmp_path / f"out.{suffix}", picture)
        again = read_picture(tmp_path / f"out.{suffix}")
        assert probe(tmp_path / f"out.{suffix}").alpha and again.alpha is not None
        assert again.deep and (again.native == 30000).all() and (again.alpha == 20000).all()


def test_palette_pictures_with_transparency(tmp_path: Path) -> None:
    image = rgb().quantize(16)
    image.info["transparency"] = 0
    picture = read_picture(saved(tmp_path / "in.png", image, transparency=0))
    assert picture.alpha is not None
    assert set(np.unique(picture.alpha)) == {0, 255}


def test_grey_stays_grey(tmp_path: Path) -> None:
    for suffix in ("png", "jpg", "tiff", "bmp"):
        picture = read_picture(saved(tmp_path / f"in.{suffix}", rgb().convert("L")))
        assert picture.grey
        before, origin = picture.region(Box(4, 4, 30, 30))
        colourful = before.copy()
        colourful[:, :, 2] = 255
        picture.change(origin, before, colourful)
        for target in ("png", "jpg", "webp", "avif", "tiff", "bmp"):
            write_picture(tmp_path / f"out.{target}", picture)
            image = read_picture(tmp_path / f"out.{target}").image().astype(int)
            assert np.abs(image - image[:, :, :1]).max() <= 2
        with Image.open(tmp_path / "out.png") as result:
            assert result.mode == "L"


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    picture = read_picture(saved(tmp_path / "in.jpg", rgb().convert("CMYK"), quality=95))
    assert picture.native.shape == (48, 64, 3)
    assert np.abs(picture.image().astype(int) - scene()).mean() < 6
    assert picture.notes == ("The picture's colours were in CMYK; the result's are in RGB.",)


def test_further_pages_are_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "pages.tif", rgb(), save_all=True, append_images=[rgb(), rgb()])
    assert read_picture(path).notes == ("The file holds 3 pages; only the first was kept.",)
    data = bytearray(path.read_bytes())
    at = int.from_bytes(data[4:8], "little")
    after = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    data[after : after + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    assert read_picture(path).notes == () and read_picture(saved(tmp_path / "one.tif", rgb())).notes == ()


def test_a_change_of_nothing_changes_nothing_and_a_change_stays_inside() -> None:
    picture = read_picture(_bytes(rgb()))
    original = picture.native.copy()
    before, origin = picture.region(Box(5.5, 6.5, 30.2, 40.9))
    assert origin == (5, 6)
    assert before.shape == (35, 26, 3)
    picture.change(origin, before, before)
    assert np.array_equal(picture.native, original)
    after = np.random.default_rng(0).integers(0, 256, before.shape, np.uint8)
    picture.change(origin, before, after)
    assert np.array_equal(picture.native[6:41, 5:31], after)
    changed = (picture.native != original).any(axis=2)
    changed[6:41, 5:31] = False
    assert not changed.any()
    assert picture.luma().shape == (36, 64)
    assert picture.region(Box(-20, -20, -5, -5))[0].size == 0


def _bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_jpeg_is_fine_by_default(tmp_path: Path) -> None:
    write_picture(tmp_path / "out.jpg", Picture(scene()))
    with Image.open(tmp_path / "out.jpg") as result:
        assert result.layer == [("\x01", 1, 1, 0)] * 0 or all(part[1:3] == (1, 1) for part in result.layer)
    sizes = []
    for quality in ("draft", "standard", "high", "best"):
        write_picture(tmp_path / "q.jpg", Picture(scene(0, 320, 240)), quality)  # type: ignore[arg-type]
        sizes.append((tmp_path / "q.jpg").stat().st_size)
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "tiff"])
def test_tags_are_written(tmp_path: Path, suffix: str) -> None:
    for picture in (Picture(scene()), Picture(scene().astype(np.uint16) * 257)):
        path = tmp_path / f"out.{suffix}"
        write_picture(path, picture, tags={"manifest": 'a<b>&"c"'})
        assert b"a&lt;b&gt;&amp;" in path.read_bytes()
        assert read_picture(path).image().shape == (48, 64, 3)


def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    picture = Picture(scene())
    path = saved(tmp_path / "in.png", rgb())
    for name in ("out.gifx", "out", "missing/out.png", "in.png"):
        with pytest.raises(OutputError):
            write_picture(tmp_path / name, picture, inputs=(path,))
    with pytest.raises(OutputError):
        write_picture(tmp_path / "out.webp", Picture(np.zeros((4, 20000, 3), np.uint8)))
    assert [found.name for found in tmp_path.iterdir()] == ["in.png"]
