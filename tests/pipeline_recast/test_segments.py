"""A long video in segments: what is finished outlives a kill, and the result does not show where it was."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline import Cancelled, Cast, NoFaceInTarget, Options, Progress, Recaster
from pipeline.media import hardware
from pipeline.types import Role
from tests import media
from tests.processes import process

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1.3


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    return Recaster()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Variable frame rate, sound, key frames now and then."""
    times = [i * 40 + (i % 3) * 5 for i in range(100)]
    return media.write_clip(
        tmp_path_factory.mktemp("clip") / "hopper.mp4", media.camera(100).frames, 25, audio=3.9, times=times,
        time_base=Fraction(1, 1000), options={"crf": "18", "preset": "veryfast", "g": "20"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(recaster: Recaster, cast: Cast, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    recaster.recast(cast, clip, folder / "a.mp4", work=folder / "work", segment=SECONDS)
    return folder / "a.mp4"


def packets(path: Path) -> list[tuple[Any, ...]]:
    with av.open(str(path)) as container:
        return [
            (packet.stream_index, packet.pts, packet.dts, packet.duration, packet.is_keyframe, bytes(packet))
            for packet in container.demux()
            if packet.size
        ]


def clock(packets: list[tuple[Any, ...]]) -> tuple[list[Any], list[Any]]:
    """When what is decoded, and when what is shown; the order between the two is the encoder's."""
    return [(packet[0], packet[2]) for packet in packets], sorted(packet[:2] for packet in packets)


def grey(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]


def test_segments_change_neither_clock_nor_sound(
    recaster: Recaster, cast: Cast, clip: Path, whole: Path, tmp_path: Path
) -> None:
    plain = recaster.recast(cast, clip, tmp_path / "plain.mp4").output
    one, other = packets(plain), packets(whole)
    assert clock(one) == clock(other)
    assert [packet for packet in one if packet[0] == 1] == [packet for packet in other if packet[0] == 1]


def test_damage_all_along_is_told_once(recaster: Recaster, cast: Cast, tmp_path: Path) -> None:
    """Each segment knows of its own, and the first may have been finished by another run."""
    clip = media.write_clip(
        tmp_path / "broadcast.ts", media.still(160).frames, 25, options={"crf": "18", "preset": "veryfast", "g": "12"}
    )
    data, lost = clip.read_bytes(), 188
    places = [len(data) * number // 6 // lost * lost for number in range(1, 6)]
    clip.write_bytes(b"".join(data[at : at + lost] for at in range(0, len(data), lost) if at not in places))
    stop = threading.Event()

    def show(progress: Progress) -> None:
        if (tmp_path / "work" / "000001.json").exists():
            stop.set()

    arguments: dict[str, Any] = {"work": tmp_path / "work", "segment": SECONDS}
    with pytest.raises(Cancelled):
        recaster.recast(cast, clip, tmp_path / "a.mp4", progress=show, cancel=stop, **arguments)
    told = recaster.recast(cast, clip, tmp_path / "a.mp4", **arguments).notes
    whole = recaster.recast(cast, clip, tmp_path / "b.mp4").notes
    found = [note for note in told if "recording" in note]
    assert found == [note for note in whole if "recording" in note] and len(found) > 1


def test_no_seam_is_seen(recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path) -> None:
    options = Options(codec="lossless", end=2.4)
    recaster.recast(cast, clip, tmp_path / "a.mkv", options)
    recaster.recast(cast, clip, tmp_path / "b.mkv", options, work=tmp_path / "work", segment=1.0)
    before, after = grey(tmp_path / "a.mkv"), grey(tmp_path / "b.mkv")
    assert max(float(np.abs(a - b).mean()) for a, b in zip(before, after, strict=True)) < 0.5
    steps = [float(np.abs(b - a).mean()) for a, b in pairwise(after)]
    usual = [float(np.abs(b - a).mean()) for a, b in pairwise(before)]
    assert max(abs(a - b) for a, b in zip(steps, usual, strict=True)) < 0.1


def test_a_part_by_its_frames_is_that_by_their_times(
    recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path
) -> None:
    """In one go and in segments, and what was found of people too; where the rate varies."""
    frames, times = Options(first_frame=21, last_frame=70), Options(start=0.81, end=2.805)
    one = recaster.recast(cast, clip, tmp_path / "a.mp4", frames)
    other = recaster.recast(cast, clip, tmp_path / "b.mp4", times)
    parts = recaster.recast(cast, clip, tmp_path / "c.mp4", frames, work=tmp_path / "work", segment=SECONDS)
    assert [one.frames, other.frames, parts.frames] == [50, 50, 50]
    assert one.start == other.start == parts.start == pytest.approx(0.81)
    assert packets(one.output) == packets(other.output)
    assert clock(packets(one.output)) == clock(packets(parts.output))
    assert [person.frames for person in recaster.people(clip, frames)] == [50]


SCRIPT = """
import sys
from pathlib import Path
from pipeline import Cast, Recaster
photo, clip, output, work = map(Path, sys.argv[1:])
recaster = Recaster()
report = recaster.recast(Cast(everyone=recaster.identify([photo])), clip, output, work=work, segment=1.3)
print(report.frames, report.changed, report.faces)
"""


def test_a_killed_process_is_gone_on_with_and_nobody_can_tell(
    photo: Path, clip: Path, whole: Path, tmp_path: Path
) -> None:
    work, output = tmp_path / "work", tmp_path / "a.mp4"
    command = [sys.executable, "-c", SCRIPT, *map(str, (photo, clip, output, work))]
    written: list[float] = []
    for number in range(2):
        with process(*command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as going:
            until = time.monotonic() + 60
            while not (work / f"{number:06}.json").exists():
                assert time.monotonic() < until and going.poll() is None
                time.sleep(0.01)
            time.sleep(0.2 * number)
        assert not output.exists()
        written.append((work / "000000.part").stat().st_mtime)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split()[:2] == ["100", "100"], done.stderr
    assert (work / "000000.part").stat().st_mtime == written[0]
    assert packets(output) == packets(whole)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("work", "a.mp4")] == []


def test_segments_do_not_depend_on_their_neighbours(
    recaster: Recaster, cast: Cast, clip: Path, whole: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    recaster.recast(cast, clip, tmp_path / "a.mp4", work=work, segment=SECONDS)
    for name in ("000000.json", "000002.part"):
        (work / name).unlink()
    (work / "000001.part").write_bytes(b"cut off")
    moments: list[Progress] = []
    report = recaster.recast(cast, clip, tmp_path / "b.mp4", progress=moments.append, work=work, segment=SECONDS)
    assert packets(tmp_path / "b.mp4") == packets(whole)
    assert report.frames == report.changed == moments[-1].done == 100


def test_another_job_takes_nothing_from_the_folder(recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    theirs = {".profile", "film.part", "000000.txt", "diary"}  # of whoever gives a folder that is in use
    for name in theirs:
        (work / name).write_text(name)
    (work / ".000007.0123456789ab.part.part").write_text("left by a crash")
    recaster.recast(cast, clip, tmp_path / "a.mp4", Options(end=1.0), work=work, segment=0.5)
    key = json.loads((work / "job.json").read_text())
    before = (work / "000000.part").stat().st_mtime_ns
    recaster.recast(cast, clip, tmp_path / "b.mp4", Options(end=1.0, likeness=0.9), work=work, segment=0.5)
    assert json.loads((work / "job.json").read_text()) != key
    assert (work / "000000.part").stat().st_mtime_ns != before
    ours = {"job.json", *(f"00000{number}.{ending}" for number in (0, 1) for ending in ("json", "part"))}
    assert {path.name for path in work.iterdir()} == ours | theirs


def test_a_part_of_the_video_begins_and_ends_where_it_should(
    recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path
) -> None:
    options = Options(start=0.7, end=3.1, quality="draft")
    plain = recaster.recast(cast, clip, tmp_path / "a.mp4", options)
    parts = recaster.recast(cast, clip, tmp_path / "b.mp4", options, work=tmp_path / "work", segment=0.9)
    assert len(list((tmp_path / "work").glob("*.part"))) == 3
    assert (plain.frames, plain.notes) == (parts.frames, parts.notes)
    assert clock(packets(plain.output)) == clock(packets(parts.output))


def test_cancel_keeps_what_is_finished_and_errors_are_the_same(
    recaster: Recaster, cast: Cast, clip: Path, tmp_path: Path
) -> None:
    cancel, work = threading.Event(), tmp_path / "work"

    def stop(progress: Progress) -> None:
        if progress.done > 40:
            cancel.set()

    with pytest.raises(Cancelled):
        recaster.recast(cast, clip, tmp_path / "a.mp4", progress=stop, cancel=cancel, work=work, segment=SECONDS)
    assert sorted(path.name for path in work.iterdir()) == ["000000.json", "000000.part", "job.json"]
    stranger = recaster.people(media.portrait_file("astronaut", tmp_path))[0]
    assert cast.everyone is not None
    options = Options(end=2.5, quality="draft")
    with pytest.raises(NoFaceInTarget, match="Nobody who is cast"):
        roles = Cast(roles=(Role(stranger, cast.everyone),))
        recaster.recast(roles, clip, tmp_path / "a.mp4", options, work=tmp_path / "other", segment=1.0)
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.skipif("h264_nvenc" not in av.codecs_available or hardware._nvidia(), reason="there may be a GPU")
@pytest.mark.parametrize("segmented", [False, True])
def test_an_encoder_in_hardware_that_fails_costs_no_film(
    segmented: bool, recaster: Recaster, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NVIDIA's, which takes so many films at once: it worked when it was tried, and does not open any more. Here it
    lacks its driver."""
    clip = media.write_clip(tmp_path / "hopper.mp4", media.still(20, "hopper", 90.0).frames, 25, options={"g": "5"})
    monkeypatch.setattr(hardware, "_MAKERS", (replace(hardware._MAKERS[0], present=lambda: True),))
    monkeypatch.setattr(hardware, "trial", lambda *_: None)
    work = tmp_path / "work" if segmented else None
    report = recaster.recast(cast, clip, tmp_path / "a.mp4", work=work, segment=0.4)
    assert report.encoder == "libx264" and report.frames == 20
    assert report.notes[0].startswith("The machine's video encoder failed on the way")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20
