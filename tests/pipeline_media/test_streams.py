"""Sound, subtitles and chapters: copied packet by packet, in step with the picture."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media import VideoReader, VideoWriter, probe
from pipeline.media.subtitles import convert
from pipeline.options import Options
from tests.pipeline_media.make import Clip, packets
from tests.pipeline_media.rewriting import QUICK, rewrite, stamps

TEXTS = ((0.1, 0.4, "Hello there"), (0.5, 0.9, "Grüße & more"))


@pytest.mark.parametrize("sound", [0.2, 0.4, 2.0])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv"])
def test_sound_is_copied_to_the_byte_whatever_its_length(tmp_path: Path, name: str, sound: float) -> None:
    source = Clip(sound=sound).make(tmp_path / name)
    result = tmp_path / f"out{source.suffix}"
    _, notes = rewrite(source, result)
    assert notes == ()
    assert packets(result, "audio") == packets(source, "audio")
    assert len(stamps(result)) == 12


def test_a_silent_clip_stays_silent(tmp_path: Path) -> None:
    source = Clip().make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").audio == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(("first", "sound_start"), [(15, 0.0), (0, 0.5), (30, 1.0)])
def test_sync_holds_when_streams_begin_late(tmp_path: Path, suffix: str, first: int, sound_start: float) -> None:
    source = Clip(first=first, sound=1.0, sound_start=sound_start).make(tmp_path / f"in{suffix}")
    result = tmp_path / f"out{suffix}"
    rewrite(source, result)
    assert _lead(result) == pytest.approx(_lead(source), abs=0.0011)
    assert [data for _, data in packets(result, "audio")] == [data for _, data in packets(source, "audio")]


def _lead(path: Path) -> float:
    """Seconds from the first packet of the sound to the first frame."""
    return float(stamps(path)[0] - packets(path, "audio")[0][0])


def test_a_transport_stream_with_a_late_clock_begins_at_zero(tmp_path: Path) -> None:
    source = Clip(first=300, sound=0.5, sound_start=10).make(tmp_path / "in.ts")
    assert stamps(source)[0] > 1
    rewrite(source, tmp_path / "out.mp4")
    assert float(stamps(tmp_path / "out.mp4")[0]) < 0.1
    assert _lead(tmp_path / "out.mp4") == pytest.approx(_lead(source), abs=0.001)
    assert probe(tmp_path / "out.mp4").audio == ("aac",)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_trimming_cuts_sound_subtitles_and_chapters_alike(tmp_path: Path, suffix: str) -> None:
    codec = "mov_text" if suffix == ".mp4" else "subrip"
    chapters = ((0.0, 0.6, "one"), (0.6, 1.5, "two"), (1.5, 2.0, "three"))
    clip = Clip(frames=60, sound=2.0, texts=((0.1, 0.4, "a"), (0.8, 1.1, "b"), (1.7, 1.9, "c")), text_codec=codec)
    clip.chapters = chapters
    source = clip.make(tmp_path / f"in{suffix}")
    result = tmp_path / f"out{suffix}"
    rewrite(source, result, Options(quality="draft", hardware="never", start=0.5, end=1.2))
    kept = packets(result, "audio")
    original = packets(source, "audio")
    moved = stamps(result)[0]  # Matroska cannot begin before 0
    at = [data for _, data in original].index(kept[0][1])
    assert [data for _, data in kept] == [data for _, data in original[at : at + len(kept)]]
    for (time, _), (before, _) in zip(kept, original[at:], strict=False):
        assert float(time - moved) == pytest.approx(float(before) - 0.5, abs=0.0016)
    assert float(kept[0][0] - moved) <= 0
    assert float(kept[-1][0] - moved) == pytest.approx(0.7, abs=0.03)
    texts = [
        (round(float(time - moved), 2), data[2:] if suffix == ".mp4" else data)
        for time, data in packets(result, "subtitles")
    ]
    assert (0.3, b"b") in [(time, data[:1]) for time, data in texts]
    assert not any(data[:1] in (b"a", b"c") for _, data in texts)
    with av.open(str(result)) as container:
        found = [(c["metadata"].get("title"), float(c["start"] * c["time_base"])) for c in container.chapters()]
    assert [title for title, _ in found] == ["one", "two"]
    assert found[1][1] == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("source", "text_codec", "result"),
    [
        ("in.mp4", "mov_text", "out.mp4"),
        ("in.mp4", "mov_text", "out.mkv"),
        ("in.mp4", "mov_text", "out.webm"),
        ("in.mkv", "subrip", "out.mkv"),
        ("in.mkv", "subrip", "out.mp4"),
        ("in.mkv", "ass", "out.mkv"),
        ("in.mkv", "ass", "out.mp4"),
        ("in.mkv", "webvtt", "out.mp4"),
    ],
)
def test_subtitles_go_into_every_container(tmp_path: Path, source: str, text_codec: str, result: str) -> None:
    clip = Clip(frames=30, texts=TEXTS, text_codec=text_codec, sound=1.0)
    rewrite(clip.make(tmp_path / source), tmp_path / result)
    with av.open(str(tmp_path / result)) as container:
        stream = container.streams.subtitles[0]
        found = []
        for packet in container.demux(stream):
            for line in packet.decode() if packet.size else []:
                found.append((float(packet.pts * packet.time_base), line.dialogue.decode()))
    spoken = [(time, text) for time, text in found if text]
    assert [text for _, text in spoken] == ["Hello there", "Grüße & more"]
    assert [time for time, _ in spoken] == pytest.approx([0.1, 0.5], abs=0.025)


def test_chapters_survive(tmp_path: Path) -> None:
    source = Clip(frames=30, chapters=((0, 0.5, "Opening"), (0.5, 1.0, "Ending"))).make(tmp_path / "in.mp4")
    for name in ("out.mp4", "out.mkv"):
        rewrite(source, tmp_path / name)
        with av.open(str(tmp_path / name)) as container:
            chapters = container.chapters()
        assert [c["metadata"]["title"] for c in chapters] == ["Opening", "Ending"]
        assert [float(c["start"] * c["time_base"]) for c in chapters] == [0.0, 0.5]


@pytest.mark.parametrize(
    ("codec", "suffix", "result", "expected"),
    [
        ("aac", ".mp4", ".webm", "opus"),
        ("pcm_s16le", ".mkv", ".mp4", "aac"),
        ("pcm_s16le", ".mov", ".mov", "pcm_s16le"),
        ("libopus", ".mkv", ".webm", "opus"),
        ("libopus", ".mkv", ".mov", "aac"),
        ("flac", ".mkv", ".mp4", "flac"),
        ("libmp3lame", ".avi", ".mp4", "mp3"),
        ("aac", ".ts", ".mkv", "aac"),
    ],
)
def test_sound_is_re_encoded_only_where_it_must(
    tmp_path: Path, codec: str, suffix: str, result: str, expected: str
) -> None:
    video = "mpeg4" if suffix == ".avi" else "libx264"
    source = Clip(codec=video, sound=1.0, sound_codec=codec).make(tmp_path / f"in{suffix}")
    _, notes = rewrite(source, tmp_path / f"out{result}")
    before, after = probe(source).audio[0], probe(tmp_path / f"out{result}").audio[0]
    assert after == expected
    assert any("re-encoded" in note for note in notes) == (before != after)
    assert _loudness(tmp_path / f"out{result}") == pytest.approx(_loudness(source), rel=0.1)
    assert _length(tmp_path / f"out{result}") == pytest.approx(_length(source), abs=0.06)


def test_several_tracks_are_told_of_once(tmp_path: Path) -> None:
    one, two = Clip(sound=1.0).make(tmp_path / "one.mp4"), tmp_path / "two.mp4"
    with av.open(str(one)) as read, av.open(str(two), "w") as written:
        films = [
            (stream, written.add_stream_from_template(stream)) for stream in (*read.streams, read.streams.audio[0])
        ]
        for packet in read.demux():
            data = bytes(packet)
            for source, stream in films:
                if packet.stream is source and packet.dts is not None:
                    copy = av.Packet(data)
                    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                    copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                    written.mux(copy)
    assert probe(two).audio == ("aac", "aac")
    _, notes = rewrite(two, tmp_path / "out.webm")
    assert probe(tmp_path / "out.webm").audio == ("opus", "opus")
    assert sum("re-encoded" in note for note in notes) == 1


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_u8"])
@pytest.mark.parametrize("apart", [0.8, -0.5])
def test_sound_that_is_encoded_anew_keeps_its_gaps(tmp_path: Path, codec: str, apart: float) -> None:
    """A recording that has lost some of its sound; and one whose second half begins too early."""
    torn, out = tmp_path / "torn.mkv", tmp_path / "out.mp4"
    tone = (np.sin(np.arange(48000) * 0.06) * 9000).astype(np.int16)
    with av.open(str(torn), "w") as container:
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=48000)
        sound.codec_context.layout = "mono"
        coded = [film.encode(av.VideoFrame(64, 48, "yuv420p")) for _ in range(75)] + [film.encode(None)]
        fitted = av.AudioResampler(sound.codec_context.format, "mono", 48000)
        for start in (0.0, 1.0 + apart):
            for place in range(0, 48000, 960):
                frame = av.AudioFrame.from_ndarray(tone[None, place : place + 960], format="s16", layout="mono")
                frame.sample_rate = 48000
                for ready in fitted.resample(frame):
                    ready.pts, ready.time_base = round(start * 48000) + place, Fraction(1, 48000)
                    coded.append(sound.encode(ready))
        coded.append(sound.encode(None))
        for packet in sorted(chain.from_iterable(coded), key=lambda each: each.dts * each.time_base):
            container.mux(packet)
    rewrite(torn, out)
    heard = np.abs(_wave(out)) > 500
    assert len(heard) / 48000 == pytest.approx(2 + apart, abs=0.11)
    if apart > 0:
        assert heard[2400:45600].mean() > 0.8 and heard[51000:83000].mean() < 0.01 and heard[90000:130000].mean() > 0.8


def _wave(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "mono", 48000)
        parts = [f.to_ndarray()[0] for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    return np.concatenate(parts).astype(float)


def _loudness(path: Path) -> float:
    wave = _wave(path)
    return float(np.sqrt((wave[4800:-4800] ** 2).mean()))


def _length(path: Path) -> float:
    return len(_wave(path)) / 48000


def test_sound_and_picture_are_interleaved(tmp_path: Path) -> None:
    """Packets of both lie side by side in the file, so that memory and seeking do not suffer."""
    source = Clip(frames=90, sound=3.0).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        order = [(p.dts * p.time_base, p.stream.type) for p in container.demux() if p.dts is not None]
    last = {"video": Fraction(0), "audio": Fraction(0)}
    for time, kind in order:
        last[kind] = time
        assert abs(last["video"] - last["audio"]) < 1


def test_languages_stay(tmp_path: Path) -> None:
    source = Clip(sound=0.4).make(tmp_path / "in.mp4")
    rewrite(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].language == "eng"


def test_attachments_are_kept_in_mkv_only(tmp_path: Path) -> None:
    plain = Clip(sound=0.4).make(tmp_path / "plain.mkv")
    source = tmp_path / "in.mkv"
    with av.open(str(plain)) as container, av.open(str(source), "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream, opaque=True)
        output.add_attachment("font.ttf", "font/ttf", b"a font")
        for packet in container.demux(stream):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    rewrite(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [a.data for a in container.streams.attachments] == [b"a font"]
    rewrite(source, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").kind == "video"


def test_frames_may_be_written_later_than_they_are_read(tmp_path: Path) -> None:
    """A pipeline holds frames back; copying follows the frames that are written, not those that are read."""
    source = Clip(frames=40, sound=1.3).make(tmp_path / "in.mp4")
    with VideoReader(source) as reader, VideoWriter(tmp_path / "out.mp4", reader, QUICK) as writer:
        held = list(reader)
        for frame in held:
            writer.write(frame)
        writer.finish()
    assert packets(tmp_path / "out.mp4", "audio") == packets(source, "audio")


@pytest.mark.parametrize(
    ("source", "target", "before", "after"),
    [
        ("webvtt", "mov_text", "Tom &amp; Ann: 1 &lt; 2&nbsp;!", "Tom & Ann: 1 < 2\u00a0!"),
        ("webvtt", "subrip", "<c.loud>R&amp;B</c> <i>now</i>", "R&B <i>now</i>"),
        (
            "subrip",
            "webvtt",
            "I <3 you & <i>me</i> --> <font color=red>us</font>",
            "I &lt;3 you &amp; <i>me</i> --&gt; us",
        ),
        ("mov_text", "webvtt", "a<b and AT&T", "a&lt;b and AT&amp;T"),
        ("subrip", "mov_text", "if 1 <3 and 4> 2, <b>say</b> so", "if 1 <3 and 4> 2, say so"),
        ("ass", "webvtt", r"0,0,Default,,0,0,0,,{\\an8}x < y", "x &lt; y"),
    ],
)
def test_signs_that_mean_something_in_one_form_are_only_signs_in_the_other(
    source: str, target: str, before: str, after: str
) -> None:
    payload = before.encode()
    if source == "mov_text":
        payload = len(payload).to_bytes(2, "big") + payload
    found = convert(source, target, payload)
    assert (found[2:] if target == "mov_text" else found).decode() == after


def test_a_long_text_is_cut_between_two_letters() -> None:
    found = convert("subrip", "mov_text", ("\u00e4" * 40_000).encode())
    assert len(found) == 2 + int.from_bytes(found[:2], "big") and set(found[2:].decode()) == {"\u00e4"}
