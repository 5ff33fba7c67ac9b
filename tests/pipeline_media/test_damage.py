"""Recordings of broadcasts of which something was lost on the way are read as a player shows them, and it is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import CorruptMedia
from pipeline.media import open_result, open_target
from pipeline.media.parts import PartReader
from pipeline.media.reader import VideoReader

FRAMES = 75
PACKET = 188
PICTURE, SOUND = 0x100, 0x101


def recording(path: Path, codec: str = "libx264", sound: str = "aac") -> bytes:
    """Three seconds of drifting noise at 25 a second, a key frame in each, with a tone."""
    noise = np.random.default_rng(0).integers(60, 190, (144, 256, 3)).astype(np.uint8)
    with av.open(str(path), "w", format="mpegts") as container:
        options = {"g": "25", "threads": "1", "x265-params": "keyint=25:log-level=none:pools=none"}
        stream = container.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.bit_rate = 256, 144, "yuv420p", 2_000_000
        audio = container.add_stream(sound, 48000, layout="stereo")
        for number in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(np.roll(noise, 3 * number, 1), "bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
            times = np.arange(number * 1920, (number + 1) * 1920)
            wave = (8000 * np.sin(2 * math.pi * 440 * times / 48000)).astype(np.int16)
            tone = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], "s16", "stereo")
            tone.sample_rate, tone.pts, tone.time_base = 48000, number * 1920, Fraction(1, 48000)
            container.mux(audio.encode(tone))
        container.mux(stream.encode())
        container.mux(audio.encode())
    return path.read_bytes()


def packets(data: bytes, pid: int) -> list[int]:
    """Where those of one stream begin."""
    return [at for at in range(0, len(data), PACKET) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == pid]


def places(data: bytes, pid: int, count: int) -> Iterator[int]:
    """Some of them, from all over the film."""
    found = packets(data, pid)
    return (found[round(len(found) * share)] for share in np.linspace(0.15, 0.85, count))


def without(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + PACKET :]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_one_lost_packet_costs_a_frame_at_most_and_is_told(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    data = recording(path, codec)
    for at in places(data, PICTURE, 6):
        path.write_bytes(without(data, at))
        with VideoReader(path) as reader:
            times = [frame.time for frame in reader]
        steps = np.diff(times)
        note, *more = reader.notes
        assert note.startswith("The recording is damaged at ") and "pieced together" in note
        assert len(times) == FRAMES - len(more) and times[-1] == pytest.approx(2.96)
        assert np.allclose(np.sort(steps)[: len(steps) - len(more)], 0.04, atol=0.001)
        assert all("has a hole of 0.04 s" in one for one in more) and len(more) <= 1
        said = float(note.split(" at ")[1].split(" s:")[0])
        assert abs(said - 3 * at / len(data)) < 1  # key frames are larger than others


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_loss_in_the_last_picture_before_a_key_frame_is_told(codec: str, tmp_path: Path) -> None:
    """The demuxer marks it as it does where two recordings were joined, and HEVC's decoder says nothing."""
    path = tmp_path / "film.ts"
    data = recording(path, codec)
    with av.open(str(path)) as container:
        keys = [number for number, packet in enumerate(container.demux(video=0)) if packet.is_keyframe]
    pieces = packets(data, PICTURE)
    begins = [at for at in pieces if data[at + 1] & 0x40]
    for key in keys[1:]:
        lost = [at for at in pieces if begins[key - 1] < at < begins[key]]
        path.write_bytes(without(data, lost[len(lost) // 2]))
        with VideoReader(path) as reader:
            read = len(list(reader))
        assert read == FRAMES and len(reader.notes) == 1 and "damaged at" in reader.notes[0]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_place_in_the_middle_is_found_without_reading_all_before_it(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    recording(path, codec)
    with VideoReader(path) as reader:
        whole = {round(frame.time, 3): frame.image() for frame in reader}
    for start in (1.5, 2.0, 2.04, 2.48):
        with VideoReader(path, start=start) as reader:
            parts = [(round(frame.time, 3), frame.image()) for frame in reader]
        assert [time for time, _ in parts] == [time for time in whole if time >= start - 0.01]
        assert all(np.array_equal(image, whole[time]) for time, image in parts)
    with PartReader(path) as reader:
        assert reader.searchable()


def test_frames_that_lost_all_of_theirs_are_told_as_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    data = bytearray(recording(path))
    at = len(data) // 4 // PACKET * PACKET
    data[at + 20 : at + PACKET * 300] = bytes(PACKET * 300 - 20)
    path.write_bytes(data)
    with VideoReader(path) as reader:
        read = len(list(reader))
    assert FRAMES - 12 < read < FRAMES
    assert "has a hole" in " ".join(reader.notes)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_film_with_more_damage_than_pictures_is_refused(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    data = recording(path, codec)
    for share in (3, 8):  # one packet in so many of the picture's is gone, after the first second
        lost = set(packets(data, PICTURE)[len(data) // PACKET // 3 :: share])
        path.write_bytes(b"".join(data[at : at + PACKET] for at in range(0, len(data), PACKET) if at not in lost))
        with pytest.raises(CorruptMedia, match="damaged"), VideoReader(path) as reader:
            list(reader)


def test_nothing_but_broken_pictures_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    data = bytearray(recording(path))
    for at in packets(bytes(data), PICTURE)[40:]:
        data[at + 60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CorruptMedia), VideoReader(path) as reader:
        list(reader)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_two_recordings_in_one_file_are_not_damaged(codec: str, tmp_path: Path) -> None:
    """Where they are joined packets do not follow each other, though none is missing."""
    path = tmp_path / "film.ts"
    data = recording(path, codec)
    path.write_bytes(data + data)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 2 * FRAMES
    assert "damaged" not in " ".join(reader.notes)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("codec", ["aac", "mp2", "ac3"])
def test_lost_sound_is_silent_and_told(codec: str, ending: str, tmp_path: Path) -> None:
    path, output = tmp_path / "film.ts", tmp_path / f"result.{ending}"
    data = recording(path, "mpeg2video", codec)
    for number, at in enumerate(places(data, SOUND, 2)):
        path.write_bytes(without(data, at))
        result = output.with_stem(f"result-{number}")
        with open_target(path) as reader, open_result(result, reader) as writer:
            for frame in reader:
                writer.write(frame)
            writer.finish()
        (note,) = [note for note in writer.notes if "re-encoded" not in note and "was used" not in note]
        assert note.startswith("The recording's sound is damaged at ")
        with av.open(str(result)) as container:
            heard = [frame.time for packet in container.demux(audio=0) for frame in packet.decode()]
        assert heard[-1] > 2.8 and np.diff(heard).max() < 0.3
