"""Image sequences in and out: each frame is marked, and a job that was stopped is gone on with, to the same result."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import Cancelled, Cast, NoFaceInTarget, Options, Progress, Recaster
from pipeline.errors import UnsupportedMedia
from pipeline.media import Numbering, probe
from pipeline.verification import verify
from tests import media

MANY = 30


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    return Recaster()


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    for number, image in enumerate(media.camera(MANY).frames):
        cv2.imwrite(str(folder / f"shot.{1001 + number}.png"), image)
    return folder / "shot.####.png"


def pixels(pattern: Path) -> list[np.ndarray]:
    numbering = Numbering.of(pattern)
    assert numbering is not None
    return [np.asarray(cv2.imread(str(file), cv2.IMREAD_UNCHANGED)) for file in numbering.files().values()]


def test_a_stopped_sequence_is_gone_on_with_and_nobody_can_tell(
    recaster: Recaster, cast: Cast, plates: Path, tmp_path: Path
) -> None:
    whole, stopped = tmp_path / "whole.%04d.png", tmp_path / "stopped.%04d.png"
    report = recaster.recast(cast, plates, whole)
    assert (report.kind, report.frames, report.changed, report.encoder) == ("sequence", MANY, MANY, "png")
    assert [file.name for file in report.files] == [f"whole.{1001 + number}.png" for number in range(MANY)]
    assert report.marks == ("manifest", "watermark")

    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.done >= 5:
            cancel.set()

    with pytest.raises(Cancelled, match=r"frames are finished; the same job goes on after stopped\.10\d\d\.png"):
        recaster.recast(cast, plates, stopped, progress=stop, cancel=cancel)
    some = len(pixels(stopped))
    assert 5 <= some < MANY
    again = recaster.recast(cast, plates, stopped)
    assert (again.frames, again.changed, again.faces) == (MANY, MANY, report.faces)
    assert f"{some} frames were finished by an earlier run, and kept." in again.notes
    assert all(np.array_equal(one, other) for one, other in zip(pixels(whole), pixels(stopped), strict=True))
    assert not list(tmp_path.glob(".*"))
    # Each frame by itself says what it is, and the sequence does not.
    with pytest.raises(UnsupportedMedia, match="one of its files"):
        verify(whole)
    verdict = verify(report.files[MANY // 2])
    assert verdict.manifest.state in ("valid", "trusted") and verdict.fingerprint == report.fingerprint


def test_sequences_become_videos_and_videos_sequences(
    recaster: Recaster, cast: Cast, plates: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    recaster.recast(cast, plates, film, Options(end=0.5))
    assert probe(film).frames == 12 and probe(film).rate == 24
    report = recaster.recast(cast, film, tmp_path / "back.###.jpg", Options(start=0.25))
    assert report.frames == 6 and report.files[0].name == "back.001.jpg"
    assert not any("not of this job" in note for note in report.notes)
    report = recaster.recast(cast, film, tmp_path / "back.###.jpg", Options(start=0.25, end=0.4))
    assert "Beside them lie 2 more frames with names like theirs, which are not of this job." in report.notes
    assert [person.frames for person in recaster.people(plates)] == [MANY]


def test_sound_that_frames_cannot_hold_is_told(recaster: Recaster, cast: Cast, tmp_path: Path) -> None:
    film = media.write_clip(tmp_path / "film.mp4", media.camera(3).frames, audio=0.1)
    report = recaster.recast(cast, film, tmp_path / "a.####.png")
    assert "Single frames hold no sound; the video's was left out." in report.notes


def test_where_nobody_is_nothing_is_left(recaster: Recaster, cast: Cast, tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"empty{number}.png"), np.full((120, 160, 3), 99, np.uint8))
    with pytest.raises(NoFaceInTarget):
        recaster.recast(cast, tmp_path / "empty%d.png", tmp_path / "result%02d.png")
    with pytest.raises(NoFaceInTarget):
        recaster.recast(cast, tmp_path / "empty%d.png", tmp_path / "result%02d.bmp")  # with manifests beside them
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty0.png", "empty1.png", "empty2.png"]
