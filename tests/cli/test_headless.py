"""The headless command as a user meets it: real processes, their exit codes, their output, what they leave."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from studio.work_folder import work_folder
from tests import faces
from tests.cli.command import COMMAND, ROOT, run, told
from tests.conftest import Material
from tests.media_files import write_loop
from tests.processes import process


def packets(path: Path) -> list[bytes]:
    """Every packet; the file around them holds a signature, and that the time."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def test_a_picture_is_recast_and_reported(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAST_MARKING", "manifest")  # the watermark changes every pixel a little
    output = tmp_path / "result.png"
    done = run("--source", material.grace, "--target", material.eileen, "--output", output, "--json")
    assert (done.returncode, done.stderr) == (0, "Note: The operator turned off a part of the marking: watermark.\n")
    report = json.loads(done.stdout)
    assert report["output"] == str(output) and report["kind"] == "image"
    assert report["faces"] == report["frames"] == report["changed"] == 1
    assert {"seconds", "fps", "engine", "device", "encoder", "stages", "notes", "people"} <= set(report)
    before, after = cv2.imread(str(material.eileen)), cv2.imread(str(output))
    assert before is not None and after is not None and before.shape == after.shape
    assert np.array_equal(before[-100:], after[-100:])
    assert not np.array_equal(before, after)


def test_what_is_too_large_is_up_to_whoever_runs_it(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECAST_MAX_MEGAPIXELS", "0.1")
    done = run("-s", material.grace, "-t", material.eileen, "-o", tmp_path / "result.png")
    assert done.returncode == 2 and "pixels are more than the 0.1 million allowed." in done.stderr
    monkeypatch.setenv("RECAST_MAX_MEGAPIXELS", "many")
    done = told("-s", material.grace, "-t", material.eileen, "-o", tmp_path / "result.png")
    assert done.returncode == 2 and "RECAST_MAX_MEGAPIXELS" in done.stderr and not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_to_is_told_in_lines(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "RECAST_HOME", "RECAST_DATA", "RECAST_CREDENTIALS"):
        monkeypatch.setenv(name, "/proc/nowhere")  # not even root may write there
    done = run("-s", material.grace, "-t", material.eileen, "-o", tmp_path / "result.png")  # `run` refuses a traceback
    assert done.returncode == 0 and (tmp_path / "result.png").exists()
    assert "credentials could not be kept" in done.stderr and "could not be noted" in done.stderr


def test_any_python_leads_to_the_one_with_the_packages(tmp_path: Path) -> None:
    """`python app.py` is what people type, whichever environment they are in."""
    for name in ("app.py", "studio", "pipeline"):
        (tmp_path / name).symlink_to(ROOT / name)
    copy = tmp_path / "app.py"
    copy.unlink()
    copy.write_text((ROOT / "app.py").read_text())
    bare = [sys.executable, "-S", str(copy), "--help"]  # without site-packages
    missing = subprocess.run(bare, capture_output=True, text=True, timeout=60)
    assert missing.returncode == 1 and "`make run` installs them" in missing.stderr
    place = tmp_path / ".venv" / "bin"
    place.mkdir(parents=True)
    (place / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (place / "python").chmod(0o755)
    found = subprocess.run(bare, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0 and "--headless" in found.stdout


def test_a_mask_in_a_file_leaves_its_places_alone(material: Material, tmp_path: Path) -> None:
    """The upper half of the video's first frame is white: there the face stays the target's."""
    mask, output = tmp_path / "mask.png", tmp_path / "result.mkv"
    with av.open(str(material.clip)) as container:
        before = next(container.decode(video=0)).to_ndarray(format="bgr24")
    half = np.zeros(before.shape[:2], np.uint8)
    half[: faces.faces(before)[0].points[2, 1].astype(int)] = 255  # type: ignore[index]
    cv2.imwrite(str(mask), half)
    done = run("-s", material.grace, "-t", material.clip, "-o", output, "--exclude", mask, "--end", "0.2",
               "--codec", "lossless", "--no-keep-occluders")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with av.open(str(output)) as container:
        after = next(container.decode(video=0)).to_ndarray(format="bgr24")
    change = np.abs(before.astype(int) - after).max(2)
    # The watermark changes a little everywhere.
    assert (change > 20).sum() > 100 and (change[half > 0] > 20).sum() == 0
    for words, said in (
        (["--exclude", material.grace], "PNG"),
        (["--exclude", tmp_path / "none.png"], "cannot be read"),
    ):
        done = told("-s", material.grace, "-t", material.clip, "-o", output, *words)
        assert done.returncode == 2 and said in done.stderr


def test_without_an_output_the_result_lies_beside_the_target(material: Material, tmp_path: Path) -> None:
    target = tmp_path / "holiday.jpg"
    target.write_bytes(material.eileen.read_bytes())
    done = run("-s", material.grace, "-t", target)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == str(tmp_path / "holiday-recast.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["holiday-recast.jpg", "holiday.jpg"]


def test_a_part_of_a_video_into_a_folder(material: Material, tmp_path: Path) -> None:
    done = run(
        "-s", material.grace, "-t", material.clip, "-o", tmp_path, "--end", "0.4", "--json", "--quality", "draft"
    )
    report = json.loads(done.stdout)
    assert report["output"] == str(tmp_path / "short-recast.mp4")
    assert report["frames"] == 10 and report["stages"]["render"]["frames"] == 10
    assert [path.name for path in tmp_path.iterdir()] == ["short-recast.mp4"]


def test_people_as_table_json_and_thumbnails(material: Material, tmp_path: Path) -> None:
    done = run("--people", "-t", material.both, "--thumbnails", tmp_path / "who", "--json")
    people = json.loads(done.stdout)["people"]
    assert [person["person"] for person in people] == [1, 2]
    assert all(cv2.imread(person["thumbnail"]).shape == (160, 160, 3) for person in people)
    table = run("--people", "-t", material.both).stdout.splitlines()
    assert table[0].split() == ["Person", "From", "To", "Frames", "Share"]
    assert len(table) == 3


def test_a_cast_changes_only_whom_it_names(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECAST_MARKING", "off")
    output = tmp_path / "cast.png"
    done = run("-t", material.both, "-o", output, "--cast", f"2={material.eileen}", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["faces"] == report["people"] == 1
    before, after = cv2.imread(str(material.both)), cv2.imread(str(output))
    changed = np.flatnonzero((before != after).any(axis=(0, 2)))
    assert changed.min() >= 512 or changed.max() < 512  # one of the two halves, never both


def test_a_mask_is_for_whom_it_names(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the picture is white: who keeps their face is who is named."""
    monkeypatch.setenv("RECAST_MARKING", "off")
    mask, output = tmp_path / "mask.png", tmp_path / "result.png"
    before = cv2.imread(str(material.both))
    assert before is not None
    cv2.imwrite(str(mask), np.full(before.shape[:2], 255, np.uint8))
    sides = []
    for number in (1, 2):
        done = run("-s", material.grace, "-t", material.both, "-o", output, "--exclude", f"{number}={mask}")
        assert done.returncode == 0, done.stderr
        changed = np.abs(cv2.imread(str(output)).astype(int) - before).max(2) > 12  # type: ignore[union-attr]
        halves = changed[:, :512].sum(), changed[:, 512:].sum()
        # A little beside the mesh the new face's edge is soft.
        assert max(halves) > 2000 and min(halves) < max(halves) / 20
        sides.append(int(np.argmax(halves)))
    assert sorted(sides) == [0, 1]
    for words in (("-s", material.grace), ("--cast", f"1={material.grace}")):
        done = told(*words, "-t", material.both, "-o", output, "--exclude", f"9={mask}")
        assert done.returncode == 2 and "for person 9, but the target shows 2" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-s", "{grace}"], 2, "--target is missing"),
        (["-s", "{grace}", "-t", ""], 2, "the name is empty"),
        (["-s", "{grace}", "-t", "{eileen}", "-o", ""], 2, "the name is empty"),
        (["-s", "{grace}", "-t", "{eileen}", "-o", "x" * 260 + ".png"], 2, "cannot have this name"),
        (["-s", "{grace}", "-t", "x" * 260 + ".png", "-o", "a.png"], 2, "name too long"),
        (["-t", "{eileen}"], 2, "--source is missing"),
        (["-s", "nowhere.jpg", "-t", "{eileen}", "-o", "{out}/a.png"], 2, "nowhere.jpg: The file does not exist"),
        (["-s", "{grace}", "-t", "nowhere.mp4", "-o", "{out}/a.mp4"], 2, "nowhere.mp4: The file does not exist"),
        (["-s", "{grace}", "-t", __file__, "-o", "{out}/a.mp4"], 2, "test_headless.py: This is not a picture or video"),
        (["-s", "{grace}", "-s", "{clip}", "-t", "{eileen}", "-o", "{out}/a.png"], 2, ".mp4: This is a video"),
        (["-s", "{grace}", "-t", "{eileen}", "-o", "{out}/no/such/folder/a.png"], 2, "folder"),
        (["-s", "{grace}", "-t", "{eileen}", "-o", "{out}/a"], 2, "ending"),
        (["-s", "{grace}", "-t", "{eileen}", "--likeness", "7"], 2, "between 0 and 1"),
        (["-s", "{grace}", "-t", "{eileen}", "--likeness", "nan"], 2, "number"),
        (["-s", "{grace}", "-t", "{eileen}", "--engine", "magic"], 2, "invalid choice"),
        (["-s", "{grace}", "-t", "{clip}", "--start", "2", "--end", "1"], 2, "after the start"),
        (["-s", "{grace}", "-t", "{clip}", "--first-frame", "9", "--last-frame", "8"], 2, "before the first one (9)"),
        (["-s", "{grace}", "-t", "{clip}", "--start", "0.2", "--first-frame", "9"], 2, "start and first_frame both"),
        (["-s", "{grace}", "-t", "{clip}", "--first-frame", "1.5"], 2, "no whole number"),
        (
            ["-s", "{grace}", "-t", "{clip}", "-o", "{out}/a.mp4", "--last-frame", "26"],
            2,
            "no frame 26: the film has 25",
        ),
        (["-t", "{eileen}", "--cast", "first={grace}"], 2, "PERSON=PHOTO"),
        (["-t", "{eileen}", "--cast", "9={grace}", "-o", "{out}/a.png"], 2, "person 9"),
        (["--people", "-t", "{eileen}", "-s", "{grace}"], 2, "only lists"),
        (["-s", "{empty}", "-t", "{eileen}", "-o", "{out}/a.png"], 3, "source"),
        (["-s", "{grace}", "-t", "{empty}", "-o", "{out}/a.png"], 3, "target"),
        (["--people", "-t", "{empty}"], 3, "target"),
    ],
)
def test_mistakes_get_a_sentence_and_their_code(
    material: Material, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    done = told(*(word.format(**material._asdict(), out=tmp_path) for word in words))
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_of_several_targets_one_that_fails_stops_none_of_the_others(material: Material, tmp_path: Path) -> None:
    targets = (material.eileen, material.empty, material.both)
    done = run("-s", material.grace, "-t", *targets, "-o", tmp_path, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["target"] for line in lines] == [str(path) for path in targets]
    assert [line.get("faces", line.get("error", {}).get("code")) for line in lines] == [1, "no_face_in_target", 2]
    assert done.returncode == 3 and f"{material.empty}: No face was found in the target." in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {Path(one["output"]).name for one in lines if "output" in one}


def test_what_goes_with_one_target_only_is_told(material: Material, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    twice = tmp_path / "b" / material.eileen.name
    twice.write_bytes(material.eileen.read_bytes())
    both = ("-t", material.eileen, "-t", twice)
    done = run("-s", material.grace, *both, "-o", tmp_path)
    assert done.returncode == 2 and "Another target's result has the name" in done.stderr
    assert len(list(tmp_path.glob("*-recast.*"))) == 1
    done = told("-s", material.empty, *both, "-o", tmp_path)
    assert done.returncode == 3 and done.stderr.count("No face was found") == 1
    for words, said in (
        (("--cast", f"1={material.grace}"), "--cast goes with one"),
        (("-o", "a.png"), "has to be a folder"),
    ):
        done = told("-s", material.grace, *both, *words)
        assert done.returncode == 2 and said in done.stderr


def test_an_error_as_json(material: Material, tmp_path: Path) -> None:
    done = run("-s", material.empty, "-t", material.eileen, "-o", tmp_path / "a.png", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "no_face_in_source"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_leaves_nothing(material: Material, tmp_path: Path, number: signal.Signals) -> None:
    long = tmp_path / "long.mkv"
    write_loop(long, material.clip, times=300)
    folder = tmp_path / "out"
    folder.mkdir()
    words = ["-s", material.grace, "-t", long, "-o", folder / "a.mkv", "--quality", "draft"]
    with process(*COMMAND, *words, stderr=subprocess.PIPE, text=True, cwd=ROOT) as job:
        until = time.monotonic() + 60
        while not any(folder.iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        assert job.poll() is None, "the job was over before it could be cancelled"
        job.send_signal(number)
        _, said = job.communicate(timeout=60)
        assert (job.returncode, said) == (5, "The job was cancelled.\n")
    assert list(folder.iterdir()) == []


def test_a_bar_is_drawn_on_a_terminal_only(material: Material, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = ["-s", material.grace, "-t", material.clip, "-o", tmp_path / "a.mp4", "--quality", "draft"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    drawn, until = b"", time.monotonic() + 120
    with process(*COMMAND, *words, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT, env=environment) as job:
        os.close(theirs)
        try:
            while time.monotonic() < until:
                if select.select([ours], [], [], 1)[0]:
                    drawn += os.read(ours, 4096)
        except OSError:  # how a pseudo-terminal says that its other end is closed
            pass
        job.communicate(timeout=60)
    os.close(ours)
    assert job.returncode == 0
    assert (b"/25" in drawn and b"left" in drawn) or b"fps" in drawn


def test_help_is_quick_and_complete() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "app.py"), "--help"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0
    for flag in (
        "--source",
        "--target",
        "--output",
        "--cast",
        "--people",
        "--likeness",
        "--no-match-detail",
        "--start",
    ):
        assert flag in done.stdout


def test_flags_of_a_job_need_headless(material: Material) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "-t", str(material.eileen)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 2 and "--headless" in done.stderr


def test_a_long_video_is_rendered_in_segments_as_the_studio_does(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pixels whichever way a job comes in; the segments' folder is gone afterwards."""
    from pipeline import Cast, Recaster

    monkeypatch.setenv("RECAST_SEGMENT_SECONDS", "0.4")
    output = tmp_path / "result.mp4"
    assert run("-s", material.grace, "-t", material.clip, "-o", output).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["result.mp4"]
    recaster = Recaster()
    other = tmp_path / "other.mp4"
    recaster.recast(
        Cast(recaster.identify([material.grace])), material.clip, other, work=tmp_path / "work", segment=0.4
    )
    assert list((tmp_path / "work").iterdir())
    assert packets(other) == packets(output)


def test_a_killed_command_is_gone_on_with(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that goes down in the third hour of a film costs the last segment, also without the studio."""
    monkeypatch.setenv("RECAST_SEGMENT_SECONDS", "0.4")
    film = write_loop(tmp_path / "film.mp4", material.clip, 3)
    folder = tmp_path / "out"
    folder.mkdir()
    words = ["-s", material.grace, "-t", film, "-o", folder / "result.mp4"]
    with process(*COMMAND, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT):
        until = time.monotonic() + 120
        while not (kept := [*folder.glob(".*.segments/000001.json")]):
            assert time.monotonic() < until
            time.sleep(0.01)
    first = kept[0].with_name("000000.part")
    before = first.stat()
    assert not (folder / "result.mp4").exists()
    with process(*COMMAND, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT):
        until = time.monotonic() + 120
        while not first.with_name("000002.json").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        assert first.stat().st_mtime_ns == before.st_mtime_ns  # not rendered anew
        # Another command with the same result does not disturb it.
        with work_folder(folder / "result.mp4") as other:
            assert other != first.parent
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["result.mp4"]
