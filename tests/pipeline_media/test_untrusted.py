"""Files that nobody vouches for: each gives a clear error, none opens another file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import CorruptMedia, FileEmpty, FileMissing, InputError, MediaTooLarge, UnsupportedMedia
from pipeline.media import VideoReader, probe, read_picture
from pipeline.types import MediaLimits
from tests.pipeline_media.make import Clip, scene


def test_missing_empty_folder_and_pipe(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        probe(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(FileEmpty):
        probe(tmp_path / "empty.mp4")
    with pytest.raises(FileEmpty):
        read_picture(b"")
    with pytest.raises(UnsupportedMedia):
        probe(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UnsupportedMedia):
        probe(tmp_path / "pipe.mp4")
    with pytest.raises((FileMissing, InputError)):
        probe(Path("a\0b"))


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{secret}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD><Period><BaseURL>file://{secret}</BaseURL></Period></MPD>',
    "svg": '<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{secret}"/></svg>',
    "text": "just some words, long enough to be looked at as a file of some kind",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("name", ["list.mp4", "list.jpg", "list.ts"])
def test_playlists_and_scripts_are_refused(tmp_path: Path, kind: str, name: str) -> None:
    secret = Clip().make(tmp_path / "secret.ts")
    path = tmp_path / name
    path.write_text(PLAYLISTS[kind].format(secret=secret))
    with pytest.raises(UnsupportedMedia):
        probe(path)
    with pytest.raises(UnsupportedMedia):
        VideoReader(path)
    with pytest.raises(UnsupportedMedia):
        read_picture(path)


def test_references_to_other_files_are_not_followed(tmp_path: Path) -> None:
    """A QuickTime file may say that its samples lie in another file; players that follow it would show that one."""
    path = Clip().make(tmp_path / "clip.mov")
    data = path.read_bytes()
    place = str(tmp_path / "secret.mov").encode()
    path.rename(tmp_path / "secret.mov")
    alias = bytes(10) + bytes(1 + 27) + bytes(12) + bytes(1 + 63) + bytes(16) + struct.pack(">HH", 2, 2) + bytes(16)
    alias += struct.pack(">HH", 2, len(place)) + place + bytes(len(place) % 2) + struct.pack(">hH", -1, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    at = data.index(b"dref", data.index(b"vmhd"))
    old = int.from_bytes(data[at + 12 : at + 16], "big")
    other = tmp_path / "other.mov"
    other.write_bytes(_grown(data[: at + 12] + entry + data[at + 12 + old :], at - 4, len(entry) - old))
    with av.open(str(other), options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        assert len(list(container.decode(video=0))) == 12  # the trap works
    with pytest.raises(InputError):
        probe(other)
    with pytest.raises(InputError), VideoReader(other) as reader:
        list(reader)


def _grown(data: bytes, dref: int, extra: int) -> bytes:
    """Add `extra` to the sizes of all boxes around the one that begins at `dref`."""
    changed = bytearray(data)

    def walk(start: int, end: int) -> None:
        at = start
        while at + 8 <= end:
            size = int.from_bytes(data[at : at + 4], "big")
            if size < 8:
                return
            if at <= dref < at + size:
                changed[at : at + 4] = (size + extra).to_bytes(4, "big")
                if at != dref:
                    walk(at + 8, at + size + extra)
                return
            at += size

    walk(0, len(data))
    return bytes(changed)


def test_the_name_says_nothing(tmp_path: Path) -> None:
    video = Clip().make(tmp_path / "clip.mp4")
    video.rename(tmp_path / "picture.jpg")
    assert probe(tmp_path / "picture.jpg").kind == "video"
    Image.fromarray(scene()).save(tmp_path / "still.png")
    (tmp_path / "still.png").rename(tmp_path / "clip.mkv")
    assert probe(tmp_path / "clip.mkv").kind == "image"
    odd = tmp_path / "concat:a|b.mp4"
    Clip().make(tmp_path / "x.mp4").rename(odd)
    assert probe(odd).kind == "video"


@pytest.mark.parametrize("head", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\0\0\0WEBP", b"II*\0",
                                  b"\0\0\0\x18ftypavif\0\0\0\0mif1", b"\0\0\0\x18ftypheic\0\0\0\0mif1",
                                  b"\0\0\0\x18ftypisom\0\0\0\0isom",
                                  b"FLV\x01\x05", b"BM\0\0\0\0\0\0\0\0",
                                  b"\x1a\x45\xdf\xa3", b"RIFF\x10\0\0\0AVI ", b"\0\0\x01\xba", b"G" * 600,
                                  bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")])  # fmt: skip
def test_garbage_behind_a_good_beginning(tmp_path: Path, head: bytes) -> None:
    noise = np.random.default_rng(1).integers(0, 256, 20000, np.uint8).tobytes()
    for tail in (noise, bytes(20000), b""):
        path = tmp_path / "file"
        path.write_bytes(head + tail)
        with pytest.raises((CorruptMedia, UnsupportedMedia, MediaTooLarge)):
            probe(path)
            read_picture(path)


def test_random_bytes(tmp_path: Path) -> None:
    for seed in range(20):
        path = tmp_path / "file.mp4"
        path.write_bytes(np.random.default_rng(seed).integers(0, 256, 5000, np.uint8).tobytes())
        with pytest.raises(InputError):
            probe(path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts", "clip.webm"])
def test_flipped_bytes_never_give_more_than_an_error(tmp_path: Path, name: str) -> None:
    codec = {"clip.avi": "mpeg4", "clip.webm": "libvpx"}.get(name, "libx264")
    path = Clip(codec=codec, sound=None).make(tmp_path / name)
    data = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(12):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 30):
            broken[place] = int(rng.integers(0, 256))
        path.write_bytes(bytes(broken))
        try:
            probe(path)
            with VideoReader(path) as reader:
                for frame in reader:
                    frame.luma()
        except InputError:
            pass


def _png(width: int, height: int) -> bytes:
    """A PNG of many pixels that is a few hundred kilobytes at most, valid up to its first line."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60000, 60000), (20000, 9000), (9000, 9000)])
def test_picture_bombs(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(*size))
    with pytest.raises(MediaTooLarge):
        probe(path)
    with pytest.raises(MediaTooLarge):
        read_picture(path)
    with pytest.raises(MediaTooLarge):
        read_picture(_png(*size))


def test_animation_bombs(tmp_path: Path) -> None:
    frames = [Image.fromarray(scene(i)) for i in range(6)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(MediaTooLarge):
        probe(tmp_path / "a.gif", MediaLimits(frames=5))


def test_video_limits(tmp_path: Path) -> None:
    path = Clip(frames=30, sound=1.0).make(tmp_path / "clip.mp4")
    for limits in (
        MediaLimits(pixels=3000),
        MediaLimits(seconds=0.9),
        MediaLimits(frames=29),
        MediaLimits(streams=1),
    ):
        with pytest.raises(MediaTooLarge):
            probe(path, limits)
    assert probe(path, MediaLimits(pixels=64 * 48, seconds=1.1, frames=30, streams=2)).frames == 30


def test_cut_off_pictures(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.webp", "a.avif", "a.bmp", "a.tiff"):
        buffer = io.BytesIO()
        Image.fromarray(scene(0, 200, 150)).save(
            buffer, {"a.jpg": "JPEG", "a.tiff": "TIFF"}.get(name, name[2:].upper())
        )
        data = buffer.getvalue()
        with pytest.raises((CorruptMedia, UnsupportedMedia)):
            read_picture(data[: len(data) // 2])


def test_videos_are_no_pictures_and_the_other_way_round(tmp_path: Path) -> None:
    video = Clip().make(tmp_path / "clip.mp4")
    with pytest.raises(UnsupportedMedia):
        read_picture(video)
    Image.fromarray(scene()).save(tmp_path / "a.png")
    with pytest.raises(InputError):
        VideoReader(tmp_path / "a.png")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp4"), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(UnsupportedMedia):
        probe(tmp_path / "sound.mp4")


def test_codecs_that_are_on_no_list(tmp_path: Path) -> None:
    path = Clip(codec="snow", pixel_format="yuv420p", options={"strict": "-2"}).make(tmp_path / "clip.avi")
    with pytest.raises((UnsupportedMedia, CorruptMedia)):
        probe(path)


def test_sentences_name_no_paths(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isom" + bytes(500))
    for target in (path, tmp_path / "none.mp4"):
        with pytest.raises(InputError) as caught:
            probe(target)
        assert str(tmp_path) not in str(caught.value)
        assert str(caught.value).endswith(".")
