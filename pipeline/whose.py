"""Whose face a painting is on: a person's by number, everyone's, or whoever's is at a place of a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import OptionError
from pipeline.options import EVERYONE, Options

_SHARE = r"([01]|[01]?\.\d{1,9})"
_PLACE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)@{_SHARE},{_SHARE}")


@dataclass(frozen=True)
class Spot:
    """A place of a frame: seconds of the target, and shares of the frame's width and height."""

    moment: float
    x: float
    y: float

    def __str__(self) -> str:
        return f"{round(self.moment, 4)}@{self.x:.4f},{self.y:.4f}"


Whose = int | Spot | Literal["everyone", ""]


def parse_whose(text: str) -> Whose:
    """What `pipeline.options.Painting.whose` says.

    Raises:
        OptionError: it is none of these.
    """
    if text == "":
        return ""
    if text == EVERYONE:
        return "everyone"
    if re.fullmatch(r"-?\d{1,6}", text):
        return int(text)
    place = _PLACE.fullmatch(text)
    if place is None:
        raise OptionError(
            f"{text!r} says nobody whose face is painted on. Write the number of a person, or {EVERYONE}."
        )
    moment, x, y = map(float, place.groups())
    return Spot(moment, x, y)


def named(options: Options) -> set[int]:
    """Numbers of the persons for whom something is painted."""
    return {whose for painting in options.exclude if isinstance(whose := parse_whose(painting.whose), int)}
