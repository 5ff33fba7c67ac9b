"""HEIC, as phones take their photos."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps

from pipeline.errors import CorruptMedia, MediaTooLarge, RecastError
from pipeline.media import probe, read_picture
from pipeline.types import MediaLimits
from tests.pipeline_media.make import heic, scene

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(scene(0, width, height)[:, :, ::-1].copy())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(heic(photo(), exif))
    turned = photo()
    turned.getexif()[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(turned))[:, :, ::-1]
    picture, info = read_picture(path), probe(path)
    assert np.abs(picture.image().astype(int) - expected).mean() < 4
    assert (info.kind, info.container, info.width, info.height) == ("image", "heif", picture.width, picture.height)


def test_the_camera_and_its_colours_stay_and_the_place_goes() -> None:
    exif = Image.Exif()
    exif[271] = "Telephone"
    exif.get_ifd(0x8825)[1] = "N"
    image = photo()
    image.info["icc_profile"] = SRGB
    picture = read_picture(heic(image, exif))
    kept = Image.Exif()
    kept.load(picture.exif)
    assert (kept.get(271), dict(kept.get_ifd(0x8825)), picture.icc) == ("Telephone", {}, SRGB)


def test_transparency_is_kept() -> None:
    image = photo()
    image.putalpha(Image.fromarray(np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))))
    alpha = read_picture(heic(image)).alpha
    assert alpha is not None and np.abs(alpha[20].astype(int) - np.arange(64) * 4).max() < 12


def test_ten_bits_are_read_as_eight() -> None:
    file = io.BytesIO()
    deep = np.ascontiguousarray(scene()[:, :, ::-1]).astype(np.uint16) * 257
    pillow_heif.from_bytes("RGB;16", (64, 48), deep.tobytes()).save(file, quality=95)
    picture = read_picture(file.getvalue())
    assert picture.native.dtype == np.uint8
    assert np.abs(picture.image().astype(int) - scene()).mean() < 5


def test_what_is_too_large_is_not_decoded() -> None:
    with pytest.raises(MediaTooLarge):
        read_picture(heic(photo(640, 480)), MediaLimits(pixels=100_000))


def test_a_photo_that_is_cut_off_is_damaged() -> None:
    whole = heic(photo(256, 192))
    for share in (0.1, 0.4, 0.9):
        with pytest.raises(CorruptMedia):
            read_picture(whole[: int(len(whole) * share)])


def test_bytes_that_are_not_as_they_were_raise_what_people_can_read() -> None:
    whole = np.frombuffer(heic(photo()), np.uint8)
    random = np.random.default_rng(0)
    for _ in range(200):
        data = whole.copy()
        data[random.integers(12, 600, 5)] = random.integers(0, 256, 5)
        try:
            read_picture(data.tobytes())
        except RecastError as error:
            assert str(error)
