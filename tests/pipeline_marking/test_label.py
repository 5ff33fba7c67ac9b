"""The visible label: where it is asked for, readable, and nowhere else."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.errors import MarkingError
from pipeline.marking import Marking
from pipeline.marking.label import CORNERS, LANGUAGES, WORDS, Corner, Label, LabelPainter, label_from
from pipeline.media import Picture
from pipeline.media.frames import VideoFrame


@pytest.mark.parametrize("corner", CORNERS)
def test_it_is_in_its_corner_only(corner: Corner) -> None:
    picture = Picture(np.full((360, 640, 3), 120, np.uint8))
    LabelPainter(Label(corner)).paint(picture)
    rows, columns = np.nonzero((picture.image() != 120).any(2))
    assert picture.image().max() > 220 and picture.image().min() < 80
    assert (rows.min() > 300) == corner.startswith("bottom") and (rows.max() < 60) == corner.startswith("top")
    assert (columns.min() > 320) == corner.endswith("right") and (columns.max() < 320) == corner.endswith("left")


@pytest.mark.parametrize("size", [(1281, 721), (64, 48), (30, 200)])
def test_it_fits_any_frame(size: tuple[int, int]) -> None:
    native = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 90, np.uint8), "bgr24").reformat(
        format="yuv420p"
    )
    frame = VideoFrame(native, 0, 0.0, 0, 1, Fraction(1, 30))
    for language in LANGUAGES:
        LabelPainter(Label(language=language)).paint(frame)
    assert frame.image().std() > 1 and set(WORDS) == set(LANGUAGES)


def test_the_operator_requires_it() -> None:
    assert Marking.from_environment({}).label is None
    wanted = {"RECAST_LABEL": "required", "RECAST_LABEL_CORNER": "top-left", "RECAST_LABEL_LANGUAGE": "de"}
    assert Marking.from_environment(wanted).label == Label("top-left", "de")
    for name, value in (("_CORNER", "middle"), ("_LANGUAGE", "xx"), ("_SIZE", "9"), ("_SIZE", "nan"), ("", "maybe")):
        with pytest.raises(MarkingError, match=f"RECAST_LABEL{name}"):
            label_from({"RECAST_LABEL": "required", f"RECAST_LABEL{name}": value})
