"""The main job on files nobody vouches for: one clear sentence, nothing of the machine in it, nothing left behind."""

from __future__ import annotations

import os
import shutil
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from pipeline import Cast, InputError, Options, Progress, Recaster
from pipeline.errors import (
    CorruptMedia,
    FileEmpty,
    FileMissing,
    MediaChanged,
    MediaTooLarge,
    NoFaceInTarget,
    OptionError,
    OutputError,
    UnsupportedMedia,
)
from tests import media


class Files(NamedTuple):
    clip: Path
    picture: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("good")
    clip = media.write_clip(folder / "clip.mp4", media.camera(24).frames, 25, audio=0.9)
    return Files(clip, media.portrait_file("hopper", folder))


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    return Recaster()


@pytest.fixture(scope="module")
def cast(recaster: Recaster) -> Cast:
    return Cast(everyone=recaster.identify([media.portrait("astronaut")]))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where results go: empty at the end, and no thread is left."""
    (tmp_path / "out").mkdir()
    threads = set(threading.enumerate())
    yield tmp_path / "out"
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    assert set(threading.enumerate()) <= threads


def refused(job: Callable[[], object], kind: type[InputError], said: str, *secrets: Path) -> None:
    """The job ends with this error, whose sentence is one that can be shown."""
    with pytest.raises(InputError) as raised:
        job()
    error = raised.value
    assert type(error) is kind and error.exit_code == 2, repr(error)
    sentence = str(error)
    assert said in sentence, sentence
    assert len(sentence) < 160 and "\n" not in sentence and sentence.endswith("."), sentence
    for secret in (*secrets, Path.home(), Path("/tmp")):
        assert str(secret) not in sentence, sentence
    assert "Errno" not in sentence and "0x" not in sentence, sentence


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(side: int) -> bytes:
    """A small PNG that says it is `side` pixels wide and high."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def noise(size: int) -> bytes:
    return b"\x01" + np.random.default_rng(4).bytes(size)


TARGETS: dict[str, tuple[Callable[[bytes], bytes], type[InputError], str]] = {
    "cut in the middle": (lambda clip: clip[: len(clip) // 2], CorruptMedia, "cut off"),
    "cut at the end": (lambda clip: clip[:-100], CorruptMedia, "cut off"),
    "empty": (lambda clip: b"", FileEmpty, "empty"),
    "one byte": (lambda clip: b"\0", UnsupportedMedia, "not a picture or video"),
    "random": (lambda clip: noise(100_000), UnsupportedMedia, "not a picture or video"),
    "random behind a true head": (lambda clip: clip[:40] + noise(50_000), CorruptMedia, "damaged or cut off"),
    "playlist": (lambda clip: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", UnsupportedMedia, "not a picture or video"),
    "script": (lambda clip: b"ffconcat version 1.0\nfile '/etc/passwd'\n", UnsupportedMedia, "not a picture or video"),
    "bomb": (lambda clip: png_bomb(60_000), MediaTooLarge, "pixels than allowed"),
    "large": (lambda clip: png_bomb(9_000), MediaTooLarge, "more than the 64 million allowed"),
    "half a picture": (lambda clip: png_bomb(500), CorruptMedia, "damaged or cut off"),
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("ending", [".mp4", ".png"])
def test_targets(recaster: Recaster, cast: Cast, files: Files, folder: Path, name: str, ending: str) -> None:
    """What a file is called does not matter, neither for what it is taken for nor for what is told."""
    make, kind, said = TARGETS[name]
    target = folder.parent / f"target{ending}"
    target.write_bytes(make(files.clip.read_bytes()))
    output = folder / ("out.png" if name == "half a picture" else "out.mp4")
    refused(lambda: recaster.recast(cast, target, output), kind, said, folder.parent)
    refused(lambda: recaster.people(target), kind, said, folder.parent)


def test_damage_that_shows_on_the_way(recaster: Recaster, cast: Cast, files: Files, folder: Path) -> None:
    data = bytearray(files.clip.read_bytes())
    at = data.index(b"mdat") + len(data) // 2
    data[at : at + 6000] = noise(5999)
    target = folder.parent / "target.mp4"
    target.write_bytes(data)
    refused(lambda: recaster.recast(cast, target, folder / "out.mp4"), CorruptMedia, "damaged", folder.parent)


def test_no_target(recaster: Recaster, cast: Cast, folder: Path) -> None:
    refused(lambda: recaster.recast(cast, folder.parent / "no.mp4", folder / "out.mp4"), FileMissing, "not exist")
    refused(lambda: recaster.recast(cast, folder.parent, folder / "out.mp4"), UnsupportedMedia, "folder or a device")


def test_sound_alone(recaster: Recaster, cast: Cast, folder: Path) -> None:
    target = media.write_clip(folder.parent / "sound.mp4", [], audio=0.5)
    refused(lambda: recaster.recast(cast, target, folder / "out.mp4"), UnsupportedMedia, "no video", folder.parent)


def _replace(target: Path) -> None:
    other = target.with_name("other.mp4")
    shutil.copyfile(target, other)
    os.replace(other, target)


def _append(target: Path) -> None:
    with target.open("ab") as file:
        file.write(bytes(1000))


@pytest.mark.parametrize(
    "change", [_replace, _append, Path.unlink, lambda target: os.truncate(target, 9000)],
    ids=["replaced", "appended", "removed", "cut"],
)  # fmt: skip
def test_a_target_that_changes_while_it_is_read(
    recaster: Recaster, cast: Cast, files: Files, folder: Path, change: Callable[[Path], None]
) -> None:
    target, done = folder.parent / "target.mp4", []
    shutil.copyfile(files.clip, target)

    def meddle(moment: Progress) -> None:
        if moment.done >= 2 and not done:
            done.append(change(target))

    refused(
        lambda: recaster.recast(cast, target, folder / "out.mp4", progress=meddle),
        MediaChanged,
        "changed",
        folder.parent,
    )
    assert done


def test_the_folder_of_the_result_goes_away(recaster: Recaster, cast: Cast, files: Files, folder: Path) -> None:
    def meddle(moment: Progress) -> None:
        if moment.done >= 2:
            shutil.rmtree(folder, ignore_errors=True)

    refused(
        lambda: recaster.recast(cast, files.clip, folder / "out.mp4", progress=meddle), OutputError, "result", folder
    )


OUTPUTS: dict[str, tuple[str, str, str]] = {
    "no folder": ("clip", "none/out.mp4", "folder for the result does not exist"),
    "no folder for a picture": ("picture", "none/out.png", "folder for the result does not exist"),
    "unknown ending": ("clip", "out.xyz", "not as .xyz"),
    "unknown ending for a picture": ("picture", "out.xyz", "not as .xyz"),
    "no ending": ("clip", "out", "without ending"),
    "no ending for a picture": ("picture", "out", "without ending"),
    "a picture as a video": ("picture", "out.mp4", "Pictures can be saved as"),
    "a video as a picture": ("clip", "out.jpg", "Videos can be saved as"),
    "a video as a PNG": ("clip", "out.png", "choose .mp4, or .apng"),
    "too long": ("clip", "a" * 300 + ".mp4", "cannot have this name"),
    "too long for a picture": ("picture", "a" * 300 + ".png", "cannot have this name"),
    "no name at all": ("clip", "a\0b.mp4", "cannot have this name"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs(recaster: Recaster, cast: Cast, files: Files, folder: Path, case: str) -> None:
    which, name, said = OUTPUTS[case]
    target = getattr(files, which)
    moments: list[Progress] = []
    refused(
        lambda: recaster.recast(cast, target, folder / name, progress=moments.append), OutputError, said, folder.parent
    )
    assert all(moment.done == 0 for moment in moments), "work was done for a name that cannot be"


@pytest.mark.parametrize("which", ["clip", "picture"])
def test_the_target_is_never_overwritten(
    recaster: Recaster, cast: Cast, files: Files, folder: Path, which: str
) -> None:
    target = getattr(files, which)
    before = target.read_bytes()
    link = folder.parent / f"link{target.suffix}"
    link.symlink_to(target)
    for output in (target, link, folder / ".." / link.name):
        refused(lambda output=output: recaster.recast(cast, target, output), OutputError, "overwrite the input")
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


def test_a_long_name_in_letters_of_several_bytes(recaster: Recaster, cast: Cast, files: Files, tmp_path: Path) -> None:
    """A name that the file system takes is one that a result can have."""
    for target, ending in ((files.picture, ".png"), (files.clip, ".mp4")):
        report = recaster.recast(cast, target, tmp_path / ("x" + "長" * 80 + ending), Options(end=0.1, quality="draft"))
        assert report.output.stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"start": 60.0}, "starts after the end"),
        ({"start": 0.95}, "holds no frame"),
        ({"start": 0.5, "end": 0.2}, "end has to be after the start"),
        ({"start": -1.0}, "start after 0"),
    ],
)
def test_a_part_that_is_not_there(
    recaster: Recaster, cast: Cast, files: Files, folder: Path, part: dict[str, float], said: str
) -> None:
    refused(lambda: recaster.recast(cast, files.clip, folder / "out.mp4", Options(**part)), OptionError, said)


def test_a_part_without_a_face_is_told_as_one(recaster: Recaster, cast: Cast, tmp_path: Path) -> None:
    grey = np.full((240, 320, 3), 110, np.uint8)
    film = media.write_clip(tmp_path / "film.mp4", [grey] * 20, 10)
    for options, said in ((Options(end=1.0), "in the part to keep"), (Options(), "in the target")):
        with pytest.raises(NoFaceInTarget, match=said):
            recaster.recast(cast, film, tmp_path / "out.mp4", options)


def test_a_part_of_a_picture_is_noted(recaster: Recaster, cast: Cast, files: Files, tmp_path: Path) -> None:
    report = recaster.recast(cast, files.picture, tmp_path / "out.png", Options(start=5.0))
    assert any("start and end" in note for note in report.notes)


def test_sources(recaster: Recaster, folder: Path) -> None:
    photo = folder.parent / "face.jpg"
    for data, kind in ((b"", FileEmpty), (noise(999), UnsupportedMedia), (png_bomb(60_000), MediaTooLarge)):
        photo.write_bytes(data)
        with pytest.raises(kind):
            recaster.identify([photo])
