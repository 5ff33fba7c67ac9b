"""What somebody asks of the studio, before it is a job."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.options import Options
from pipeline.types import MediaInfo, Person
from pipeline.whose import named

LONG = 60.0
"""Seconds of video from which on others go first."""


@dataclass(frozen=True)
class Request:
    """A job as somebody asked for it.

    Attributes:
        sources: photos, in the order they were given.
        target: the picture or video.
        cast: person number to positions in `sources` (from 0). Empty: everyone gets the face in all of them.
        people: the people of `target` where they have been found before.
        elsewhere: `people` were found in another target; those of this one are known by being alike.
        moment: for a preview, seconds of the target.
        consent: whoever asks for it states that they have the right to the faces.
    """

    target: Path
    sources: tuple[Path, ...] = ()
    options: Options = field(default_factory=Options)
    cast: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    people: tuple[Person, ...] = ()
    elsewhere: bool = False
    moment: float = 0.0
    consent: bool = False


@dataclass(frozen=True)
class Look:
    """A target at first sight: what it is, and its first frame as a file for the browser."""

    info: MediaInfo
    picture: Path


def others(options: Options, people: Sequence[Person], cast: Container[int]) -> tuple[Person, ...]:
    """Who of `people` has to be told from others beside those in `cast`: all of them, where one is painted on."""
    return tuple(person for person in people if person.number not in cast) if named(options) else ()


def seconds_of(info: MediaInfo, options: Options) -> float:
    """How much video a job is about; 0 for a picture."""
    if info.kind == "image":
        return 0.0
    start, end = options.start or 0.0, options.end or info.duration or LONG + 1
    if info.rate is not None and info.kind != "sequence":  # about, which is enough here
        start = float((options.first_frame - 1) / info.rate) if options.first_frame else start
        end = min(end, float(options.last_frame / info.rate)) if options.last_frame else end
    return max(0.0, end - start)
