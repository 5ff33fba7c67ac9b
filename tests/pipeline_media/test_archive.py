"""ZIPs of frames: what is unpacked is one film, and nothing of a ZIP reaches anything else."""

from __future__ import annotations

import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import (
    ArchiveLocked,
    ArchiveMixed,
    ArchiveUnsafe,
    Cancelled,
    CorruptMedia,
    DiskFull,
    InputError,
    MediaTooLarge,
    UnsupportedMedia,
)
from pipeline.media import Numbering, open_target, probe
from pipeline.media.archive import is_archive, unpack, unpacked
from pipeline.types import MediaLimits
from tests.pipeline_media.make import Clip


def picture(shade: int, ending: str = ".png", size: tuple[int, int] = (48, 64)) -> bytes:
    return cv2.imencode(ending, np.full((*size, 3), shade, np.uint8))[1].tobytes()


def packed(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("names", "pattern", "numbers"),
    [
        (["shot.0001.png", "shot.0002.png"], "shot.####.png", [1, 2]),
        (["a/b/9.png", "a/b/10.png", "a/b/11.png"], "##.png", [9, 10, 11]),
        (["sh10_v2_1001_final3.PNG", "sh10_v2_1003_final3.png"], "sh10_v2_####_final3.PNG", [1001, 1003]),
        (["take%d#.001.png", "take%d#.002.png"], "take_d_.###.png", [1, 2]),
        (["Szene\t2 ü.07.png"], "Szene_2 ü.##.png", [7]),
    ],
)
def test_frames_keep_their_names_and_numbers(
    tmp_path: Path, names: list[str], pattern: str, numbers: list[int]
) -> None:
    files = {name: picture(10 * place) for place, name in enumerate(names)}
    junk = {f"__MACOSX/{names[0]}": b"x", "a/b/.DS_Store": b"x", "Thumbs.db": b"x", f"{names[0]}.c2pa": b"x"}
    path = packed(tmp_path / "in.zip", {**junk, **files, "a/": b""}, zipfile.ZIP_DEFLATED)
    assert is_archive(path) and unpacked(tmp_path / "out") is None
    film = unpack(path, tmp_path / "out")
    assert film == tmp_path / "out" / pattern == unpacked(tmp_path / "out")
    numbering = Numbering.of(film)
    assert numbering is not None and list(numbering.files()) == numbers
    assert [file.read_bytes() for file in numbering.files().values()] == list(files.values())
    stamps = {file.stat().st_mtime_ns for file in numbering.files().values()}
    assert stamps == {path.stat().st_mtime_ns}
    info = probe(film)
    assert (info.kind, info.frames) == ("sequence", len(names))


@pytest.mark.parametrize("ending", [".png", ".tiff", ".jpg", ".exr"])
def test_frames_of_each_format_are_read(tmp_path: Path, ending: str) -> None:
    shades = [0.1, 0.5, 0.9]
    for number, shade in enumerate(shades):
        image = np.full((48, 64, 3), shade if ending == ".exr" else round(255 * shade), np.float32)
        assert write(tmp_path / f"a.{number:03}{ending}", image)
    files = {file.name: file.read_bytes() for file in sorted(tmp_path.glob(f"a.*{ending}"))}
    film = unpack(packed(tmp_path / "in.zip", files, zipfile.ZIP_DEFLATED), tmp_path / "out")
    with open_target(film) as reader:
        means = [float(frame.image().mean()) for frame in reader]
    assert len(means) == 3 and means == sorted(means) and means[0] < means[2] - 50


def write(path: Path, image: np.ndarray) -> bool:
    if path.suffix != ".exr":
        return cv2.imwrite(str(path), image.astype(np.uint8))
    import OpenEXR

    channels = {"RGB": np.ascontiguousarray(image)}
    OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, channels).write(str(path))
    return path.exists()


def linked(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("a.0001.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return path


def locked(path: Path) -> Path:
    data = bytearray(packed(path, {"a.0001.png": picture(1)}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + place] |= 1
    path.write_bytes(data)
    return path


def claiming(path: Path, size: int) -> Path:
    """A ZIP that says of its frame that it has so many bytes."""
    data = bytearray(packed(path, {"a.0001.png": picture(1)}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + place, size)
    path.write_bytes(data)
    return path


def with_many(path: Path, many: int) -> Path:
    """A ZIP of many empty files, whose table of contents alone is long."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(many):
            archive.writestr(zipfile.ZipInfo("x" * 60_000 + f".{number:06}.png"), b"")
    return path


def cut(path: Path) -> Path:
    data = packed(path, {f"a.{number}.png": picture(number) for number in range(3)}).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def altered(path: Path) -> Path:
    data = bytearray(packed(path, {"a.0001.png": picture(1)}).read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    return path


def film(path: Path) -> Path:
    clip = Clip(frames=3).make(path.with_suffix(".mp4"))
    return packed(path, {"clip.mp4": clip.read_bytes()})


PNG = picture(1)
REFUSED: dict[str, tuple[Callable[[Path], Path], type[InputError], str]] = {
    "traversal": (lambda path: packed(path, {"../../a.0001.png": PNG}), ArchiveUnsafe, "outside of itself"),
    "absolute": (lambda path: packed(path, {"/etc/a.0001.png": PNG}), ArchiveUnsafe, "outside of itself"),
    "drive": (lambda path: packed(path, {"C:\\a.0001.png": PNG}), ArchiveUnsafe, "outside of itself"),
    "backslashes": (lambda path: packed(path, {"a\\..\\..\\a.0001.png": PNG}), ArchiveUnsafe, "outside of itself"),
    "link": (linked, ArchiveUnsafe, "a link or a device: a.0001.png"),
    "bomb": (
        lambda path: packed(path, {"a.0001.bmp": bytes(90 << 20)}, zipfile.ZIP_DEFLATED), ArchiveUnsafe, "200 times",
    ),
    "large": (lambda path: claiming(path, 3_000_000_000), MediaTooLarge, "larger than a frame can be: a.0001.png"),
    "too long": (lambda path: with_many(path, 420), MediaTooLarge, "table of contents"),
    "locked": (locked, ArchiveLocked, "without a password"),
    "rare": (lambda path: packed(path, {"a.0001.png": PNG}, zipfile.ZIP_LZMA), UnsupportedMedia, "Deflate"),
    "cut": (cut, CorruptMedia, "ZIP is damaged"),
    "altered": (altered, CorruptMedia, "ZIP is damaged"),
    "says less": (lambda path: claiming(path, 20), CorruptMedia, "ZIP is damaged"),
    "nothing": (lambda path: packed(path, {}), ArchiveMixed, "no numbered frames"),
    "only junk": (lambda path: packed(path, {"__MACOSX/a.png": b"x", ".a.png": b"x"}), ArchiveMixed, "no numbered"),
    "film": (film, ArchiveMixed, "holds a film: clip.mp4"),
    "film as frame": (lambda path: disguised(path), ArchiveMixed, "holds a film: a.0001.png"),
    "text": (lambda path: packed(path, {"a.0001.png": PNG, "b.txt": b"hi"}), ArchiveMixed, "can open: b.txt"),
    "dpx": (lambda path: packed(path, {"a.0001.dpx": b"SDPX" + bytes(99)}), ArchiveMixed, "can open: a.0001.dpx"),
    "empty frame": (lambda path: packed(path, {"a.0001.png": b""}), ArchiveMixed, "can open: a.0001.png"),
    "zip in zip": (lambda path: packed(path, {"b.zip": b"PK\x03\x04" + bytes(99)}), ArchiveMixed, "can open: b.zip"),
    "loop": (lambda path: packed(path, {"a.0001.gif": b"GIF89a" + bytes(99)}), ArchiveMixed, "no frame: a.0001.gif"),
    "folders": (lambda path: packed(path, {"a/1.png": PNG, "b/2.png": PNG}), ArchiveMixed, "several folders: a and b"),
    "names": (lambda path: packed(path, {"a.1.png": PNG, "b.2.png": PNG}), ArchiveMixed, "alike: a.1.png and b.2.png"),
    "endings": (lambda path: packed(path, {"a.1.png": PNG, "a.2.jpg": PNG}), ArchiveMixed, "a.1.png and a.2.jpg"),
    "formats": (
        lambda path: packed(path, {"a.1.png": PNG, "a.2.png": picture(1, ".jpg")}), ArchiveMixed, "several formats",
    ),
    "no number": (lambda path: packed(path, {"face.png": PNG}), ArchiveMixed, "no number: face.png"),
    "twice": (lambda path: packed(path, {"a.1.png": PNG, "a.01.png": PNG}), ArchiveMixed, "two frames with one number"),
    "digits": (lambda path: packed(path, {"a.1234567890123.png": PNG}), ArchiveMixed, "more than 12 digits"),
}  # fmt: skip


def disguised(path: Path) -> Path:
    return packed(path, {"a.0001.png": Clip(frames=3).make(path.with_suffix(".mp4")).read_bytes()})


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_film_of_frames_is_refused(tmp_path: Path, case: str) -> None:
    make, kind, said = REFUSED[case]
    path = make(tmp_path / "in.zip")
    with pytest.raises(kind, match=said) as refused:
        unpack(path, tmp_path / "here" / "out")
    assert type(refused.value) is kind and str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "here" / "out").exists()
    assert {file.name for file in tmp_path.iterdir()} <= {"in.zip", "in.mp4", "here"}


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.0001.png", PNG)
        archive.writestr("a.0001.png", PNG)
    with pytest.raises(ArchiveMixed, match="two frames with one number"):
        unpack(tmp_path / "in.zip", tmp_path / "out")


def test_what_is_allowed_bounds_what_is_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {f"a.{number}.png": picture(number) for number in range(9)})
    size = sum(entry.file_size for entry in zipfile.ZipFile(path).infolist())
    unpack(path, tmp_path / "fits", most=size)
    with pytest.raises(MediaTooLarge, match="MB allowed"):
        unpack(path, tmp_path / "out", most=size - 1)
    with pytest.raises(DiskFull, match="no room here to unpack"):
        unpack(path, tmp_path / "out", spare=1 << 60)
    with pytest.raises(MediaTooLarge, match="larger than a frame can be"):
        unpack(path, tmp_path / "out", MediaLimits(pixels=1))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        unpack(path, tmp_path / "out", cancel=stop)
    assert not (tmp_path / "out").exists()


def test_gaps_stay_and_are_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {f"a.{number:04}.png": picture(number) for number in (7, 8, 12)})
    with open_target(unpack(path, tmp_path / "out")) as reader:
        assert [round(frame.time * 24) for frame in reader] == [0, 1, 5]
        assert reader.notes == ("The sequence has gaps: there is no frame 9-11.",)


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    assert not is_archive(tmp_path / "a.png") and not is_archive(tmp_path / "a.####.png")
    with pytest.raises(InputError):
        is_archive(tmp_path / "none.zip")
