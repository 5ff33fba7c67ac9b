"""The visible label: where it is asked for, readable, and nowhere else."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline import Cast, Recaster
from pipeline.errors import MarkingError
from pipeline.marking import Marking
from pipeline.marking.label import CORNERS, ICONS, LANGUAGES, WORDS, Label, LabelPainter, _font, label_from, label_of
from pipeline.media import Picture
from pipeline.media.frames import VideoFrame
from pipeline.options import LabelCorner, Options
from tests import media


@pytest.mark.parametrize("corner", CORNERS)
def test_it_is_in_its_corner_only(corner: LabelCorner) -> None:
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
        LabelPainter(Label("top-left", language, form="icon")).paint(frame)
    assert frame.image().std() > 1 and set(WORDS) == set(LANGUAGES)


def test_every_letter_is_in_the_font() -> None:
    font = _font(24)
    unknown = bytes(font.getmask("\U0010ffff"))
    for letter in {*"".join(WORDS.values()), *"".join(ICONS.values())} - {" "}:
        assert bytes(font.getmask(letter)) != unknown, letter


def test_the_operator_requires_it() -> None:
    assert Marking.from_environment({}).label is None
    wanted = {"RECAST_LABEL": "required", "RECAST_LABEL_CORNER": "top-left", "RECAST_LABEL_LANGUAGE": "de"}
    assert Marking.from_environment(wanted).label == Label("top-left", "de")
    for name, value in (("_CORNER", "middle"), ("_LANGUAGE", "xx"), ("_SIZE", "9"), ("_SIZE", "nan"), ("", "maybe")):
        with pytest.raises(MarkingError, match=f"RECAST_LABEL{name}"):
            label_from({"RECAST_LABEL": "required", f"RECAST_LABEL{name}": value})


def test_a_job_may_ask_for_it_and_the_operator_goes_before() -> None:
    """The same frame with and without: what differs lies in the corner that was asked for, larger where it was."""
    assert label_of(Options()) is None
    image = media.portrait("hopper")

    def seen(options: Options, marking: Marking) -> tuple[int, int, int]:
        recaster = Recaster(marking=marking)
        cast = Cast(everyone=recaster.identify([media.portrait("astronaut")]))
        plain, labelled = (recaster.recast_frame(image, cast, each) for each in (Options(), options))
        rows, columns = np.nonzero((plain != labelled).any(2))
        return (int(rows.mean()), int(columns.mean()), len(rows)) if len(rows) else (0, 0, 0)

    height, width = image.shape[:2]
    unmarked = Marking(frozenset())
    row, column, words = seen(Options(label="text", label_corner="top-left"), unmarked)
    assert row < height / 4 and column < width / 2
    assert seen(Options(label="text", label_corner="top-left", label_size="large"), unmarked)[2] > 1.5 * words
    assert seen(Options(label="icon", label_corner="top-left"), unmarked)[2] < words
    required = Marking(frozenset(), Label("bottom-right", form="icon"))
    assert seen(Options(label="text", label_corner="top-left"), required)[2] == 0
    assert Marking.from_environment({"RECAST_LABEL": "icon"}).label == Label(form="icon")
