"""The options that every interface derives from the dataclass."""

from __future__ import annotations

import argparse
import base64
import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.errors import OptionError
from pipeline.options import Options
from pipeline.whose import named
from studio.options import FIELDS, GROUPS, TEXTS, add_arguments, from_mapping, from_namespace
from studio.quantities import parse_seconds

PNG = base64.b64encode(cv2.imencode(".png", np.full((9, 16), 255, np.uint8))[1].tobytes()).decode()


def test_every_field_has_words_and_a_group() -> None:
    assert [field.name for field in FIELDS] == [field.name for field in dataclasses.fields(Options)]
    assert set(TEXTS) == {field.name for field in FIELDS}
    assert {field.text.group for field in FIELDS} == set(GROUPS)


def test_defaults_pass_their_own_checks() -> None:
    assert from_mapping({field.name: field.default for field in FIELDS}) == Options() == from_mapping({})


def test_flags_make_the_same_options_as_names() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = ["--likeness", "0.5", "--codec", "vp9", "--no-keep-occluders", "--start", "0:01.5", "--end", "3"]
    expected = {"likeness": 0.5, "codec": "vp9", "keep_occluders": False, "start": 1.5, "end": 3}
    assert from_namespace(parser.parse_args(words)) == from_mapping(expected)
    words = ["--first-frame", "101", "--last-frame", "0240"]
    frames = from_namespace(parser.parse_args(words))
    assert frames == from_mapping({"first_frame": 101, "last_frame": 240}) == Options(first_frame=101, last_frame=240)
    assert frames.partial and not Options().partial


@pytest.mark.parametrize("wrong", [-1, 1.0, "12", True, 1e30, [3]])
def test_a_frame_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(OptionError, match="first_frame has to be the number of a frame"):
        from_mapping({"first_frame": wrong})


def test_paintings_name_whose_they_are(tmp_path: Path) -> None:
    """As a text, by whose they are, and as they are kept: the same, and the same as flags."""
    odd = tmp_path / "2=odd.png"
    mask = tmp_path / "mask.png"
    for file in (odd, mask):
        file.write_bytes(base64.b64decode(PNG))
    plain = from_mapping({"exclude": PNG})
    assert [painting.whose for painting in plain.exclude] == [""]
    several = from_mapping({"exclude": {"2": PNG, "everyone": PNG, "0.5@0.25,.5": PNG, "": PNG}})
    assert [painting.whose for painting in several.exclude] == ["2", "everyone", "0.5@0.2500,0.5000", ""]
    assert named(several) == {2}
    assert from_mapping({"exclude": [dataclasses.asdict(painting) for painting in several.exclude]}) == several
    assert from_mapping({"exclude": ""}) == from_mapping({"exclude": {}}) == Options()
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [f"2={mask}", f"everyone={mask}", f"0.5@.25,0.5={mask}", str(odd)]
    flags = [word for text in words for word in ("--exclude", text)]
    assert from_namespace(parser.parse_args(flags)) == several


@pytest.mark.parametrize(
    "values",
    [
        {"codec": "divx"}, {"codec": 1}, {"codec": None}, {"codec": ["h264"]}, {"likeness": 1.1}, {"likeness": -0.1},
        {"likeness": "much"}, {"likeness": True}, {"likeness": float("nan")}, {"likeness": None}, {"smooth": 10**400},
        {"match_detail": 1}, {"match_detail": "yes"}, {"start": -1}, {"end": 0}, {"start": 2, "end": 2}, {"speed": 1},
        {"__class__": 1}, {"exclude": 1}, {"exclude": None}, {"exclude": "white"}, {"exclude_at": -1},
        {"exclude": {"2": "white"}}, {"exclude": {"2": 1}}, {"exclude": [{"whose": "2"}]}, {"exclude": [PNG]},
        {"exclude": {"0": PNG}}, {"exclude": {"-1": PNG}}, {"exclude": {"somebody": PNG}}, {"exclude": {"1@2,3": PNG}},
        {"exclude": [{"mask": PNG}] * 51}, {"exclude": [{"mask": PNG, "face": "1"}]},
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_named(values: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        from_mapping(values)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("1:30", 90), (" 0:01:30.5 ", 90.5), ("0", 0)])
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1:", ":", "1;30"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(OptionError):
        parse_seconds(text)


def test_which_faces_of_photos_are_meant_is_a_list_of_numbers() -> None:
    assert (
        from_mapping({"source_faces": [0, 2]}).source_faces
        == (0, 2)
        == from_mapping({"source_faces": (0, 2)}).source_faces
    )
    assert from_mapping({"source_faces": 2}).source_faces == (2,)
    for wrong in ("2", [-1], [1.5], [True], {"0": 1}, list(range(60)), None):
        with pytest.raises(OptionError, match="source_faces has to be a list of whole numbers"):
            from_mapping({"source_faces": wrong})
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert from_namespace(parser.parse_args(["--source-faces", "2", "0"])).source_faces == (2, 0)
    with pytest.raises(SystemExit):
        parser.parse_args(["--source-faces", "-1"])
