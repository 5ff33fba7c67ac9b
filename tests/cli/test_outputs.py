"""What a result is called, and saved as, where nobody gives it a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import OptionError
from pipeline.media import probe
from pipeline.options import Options
from studio.outputs import result_name
from tests import media
from tests.cli.command import run, told
from tests.conftest import Material
from tests.pipeline_media.make import heic


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    frames = [np.full((64, 64, 3), 90 + 20 * number, np.uint8) for number in range(4)]
    found = {name: folder / f"holiday.{name}" for name in ("jpg", "png", "bmp")}
    for path in found.values():
        cv2.imwrite(str(path), frames[0])
    found["heic"] = folder / "holiday.heic"
    found["heic"].write_bytes(heic(Image.fromarray(frames[0])))
    stills = [Image.fromarray(frame) for frame in frames]
    found["gif"], found["moving avif"] = folder / "holiday.gif", folder / "holiday.avif"
    stills[0].save(found["gif"])
    stills[0].save(found["moving avif"], save_all=True, append_images=stills[1:], duration=100)
    for name in ("mp4", "mov", "avi"):
        found[name] = media.write_clip(folder / f"holiday.{name}", frames, 10)
    tape = [np.full((576, 720, 3), 90, np.uint8)] * 4
    found["mxf"] = media.write_clip(folder / "holiday.mxf", tape, 25, codec="mpeg2video")
    (folder / "clear").mkdir()
    for name, codec, pixels in (("mov", "qtrle", "argb"), ("avi", "ffv1", "bgra"), ("webm", "libvpx-vp9", "yuva420p")):
        clear = folder / "clear" / f"holiday.{name}"
        found[f"clear {name}"] = media.write_clip(clear, frames, 10, codec=codec, pix_fmt=pixels)
    return found


@pytest.mark.parametrize(
    ("target", "options", "ending"),
    [
        ("jpg", {}, ".jpg"), ("heic", {}, ".jpg"), ("heic", {"picture_format": "avif"}, ".avif"),
        ("gif", {}, ".png"), ("gif", {"picture_format": "jpeg"}, ".jpg"), ("moving avif", {}, ".webp"),
        ("bmp", {}, ".bmp"), ("mov", {}, ".mov"), ("avi", {}, ".mp4"), ("mxf", {}, ".mov"),
        ("jpg", {"picture_format": "png"}, ".png"), ("png", {"picture_format": "jpeg"}, ".jpg"),
        ("png", {"picture_format": "avif"}, ".avif"), ("jpg", {"video_format": "mkv"}, ".jpg"),
        ("mp4", {"picture_format": "png"}, ".mp4"), ("mp4", {"video_format": "mov"}, ".mov"),
        ("mp4", {"video_format": "webm"}, ".webm"), ("mp4", {"codec": "lossless"}, ".mkv"),
        ("mp4", {"codec": "prores"}, ".mov"), ("mov", {"codec": "prores"}, ".mov"),
        ("mkv", {"codec": "lossless", "video_format": "mp4"}, ".mp4"),
        ("mp4", {"video_format": "png-frames"}, ".####.png"), ("mov", {"video_format": "exr-frames"}, ".####.exr"),
        ("avi", {"video_format": "tiff-frames"}, ".####.tif"), ("mp4", {"video_format": "jpeg-frames"}, ".####.jpg"),
        ("jpg", {"video_format": "png-frames"}, ".jpg"),
        ("clear mov", {}, ".mov"), ("clear avi", {}, ".mov"), ("clear webm", {}, ".webm"),
        ("clear webm", {"video_format": "mp4"}, ".mp4"), ("clear webm", {"codec": "hevc"}, ".mp4"),
    ],
)  # fmt: skip
def test_the_ending_follows_target_and_options(
    files: dict[str, Path], target: str, options: dict[str, Any], ending: str
) -> None:
    path = files.get(target, files["mp4"])
    assert result_name(path, probe(path), replace(Options(), **options)) == f"holiday-recast{ending}"


def test_a_format_is_asked_for_on_the_command_line(material: Material, tmp_path: Path) -> None:
    done = run("-s", material.grace, "-t", material.eileen, "-o", tmp_path, "--picture-format", "webp")
    result = tmp_path / "eileen-collins-recast.webp"
    assert done.returncode == 0 and result.read_bytes()[8:12] == b"WEBP"
    named = run("-s", material.grace, "-t", material.eileen, "-o", tmp_path / "a.png", "--picture-format", "webp")
    assert named.returncode == 0 and (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_format_that_cannot_hold_the_codec_is_told(material: Material, tmp_path: Path) -> None:
    words = ("-s", material.grace, "-t", material.clip, "-o", tmp_path, "--video-format", "webm", "--codec", "hevc")
    done = told(*words)
    assert done.returncode == 2 and "A .webm file cannot hold HEVC" in done.stderr
    assert OptionError.code == "bad_option" and not list(tmp_path.iterdir())


def test_a_name_that_ends_in_a_slash_is_a_folder_that_is_made(material: Material, tmp_path: Path) -> None:
    one, several = tmp_path / "one" / "deep", tmp_path / "several"
    done = run("-s", material.grace, "-t", material.eileen, "-o", f"{one}/")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in one.iterdir()] == ["eileen-collins-recast.jpg"]
    done = told("-s", material.grace, "-t", material.eileen, material.grace, "-o", several)
    assert done.returncode == 2 and "end a new one's name in a slash" in done.stderr and not several.exists()
    done = run("-s", material.grace, "-t", material.eileen, material.grace, "-o", f"{several}/")
    assert done.returncode == 0, done.stderr
    assert len(list(several.iterdir())) == 2
    done = told("-s", material.grace, "-t", material.eileen, "-o", tmp_path / "result")
    assert done.returncode == 2 and "the name of a folder ends in a slash" in done.stderr
    (tmp_path / "file").write_text("")
    done = told("-s", material.grace, "-t", material.eileen, "-o", f"{tmp_path}/file/")
    assert done.returncode == 2 and "The folder for the results cannot be made." in done.stderr
    assert (tmp_path / "file").read_text() == ""


def test_a_loop_with_a_number_sign_stays_a_loop(tmp_path: Path) -> None:
    loop = tmp_path / "take##.webp"
    frames = [Image.fromarray(np.full((64, 64, 3), 90 + 20 * number, np.uint8)) for number in range(3)]
    frames[0].save(loop, save_all=True, append_images=frames[1:], duration=100)
    assert result_name(loop, probe(loop), Options()) == "take__-recast.webp"
