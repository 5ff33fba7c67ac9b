"""A report in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.report import Report, RoleReport
from studio.sentences import in_words


@pytest.mark.parametrize(
    ("frames", "sentences"),
    [
        (1, ["The frame was recast."]),
        (2, ["2 of 2 frames were recast.", "Person 1: in all 2 frames."]),
    ],
)
def test_one_frame_is_no_number_of_frames(frames: int, sentences: list[str]) -> None:
    report = Report(
        output=Path("a.mp4"), kind="video", frames=frames, changed=frames, faces=frames, people=1, seconds=1.0, fps=1.0,
        engine="mesh", device="cpu", encoder="libx264", stages={}, roles=(RoleReport(1, frames, frames),),
    )  # fmt: skip
    assert in_words(report)[:-1] == sentences
