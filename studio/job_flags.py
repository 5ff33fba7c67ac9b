"""The flags of a job without the studio, and which of them go together."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.options import COMPARISON_LAYOUTS
from studio import consent
from studio.folders import unfolded
from studio.presets import Preset


class Place(NamedTuple):
    """Where a result goes: a folder that is there or whose name ends in a slash, or the result's own name."""

    path: Path
    folder: bool

    @classmethod
    def of(cls, text: str) -> Place:
        return cls(_named(text), os.path.isdir(text) or text.endswith(("/", os.sep)))

    @property
    def around(self) -> Path:
        """The folder that the result will be in."""
        return self.path if self.folder else self.path.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a job, without its options."""
    parser.add_argument("--headless", action="store_true", help="run one job and exit, without the studio")
    group = parser.add_argument_group("a job (with --headless)")
    group.add_argument(
        "--source", "-s", action="extend", nargs="+", type=_named, default=[], metavar="PHOTO",
        help="photo of the new face; give several of the same face, or a folder of them, for a better likeness",
    )  # fmt: skip
    group.add_argument(
        "--target", "-t", action="extend", nargs="+", type=_named, metavar="TARGET",
        help="picture or video to change; of several, or of a folder's, each is a job, and one that fails stops none "
        "of the others. Numbered frames are one film: a ZIP, or 'shot.####.png', 'shot.%%04d.png' or 'shot.*.png'",
    )  # fmt: skip
    group.add_argument(
        "--output", "-o", type=Place.of,
        help="the result's name or a folder for it, which is made where its name ends in a slash; 'out/shot.####.png' "
        "writes a film as numbered frames (default: NAME-recast beside the target)",
    )  # fmt: skip
    group.add_argument(
        "--cast", action="append", type=_role, default=[], metavar="PERSON=PHOTO",
        help="this person (a number that --people lists) gets the face in this photo; repeatable",
    )  # fmt: skip
    group.add_argument(
        "--compare", type=Path, metavar="FILE", help="also write the target and the result side by side, as one file"
    )
    group.add_argument(
        "--compare-layout", choices=COMPARISON_LAYOUTS, default=COMPARISON_LAYOUTS[0],
        help="with --compare: how both are arranged (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help="also write a few seconds of the result as an animated .gif or .webp",
    )
    group.add_argument(
        "--preset", metavar="NAME|FILE.json",
        help="options that were saved in the studio or by `app.py presets`, or a file of them; flags go before them",
    )  # fmt: skip
    group.add_argument("--people", action="store_true", help="list who is in the target instead of changing it")
    group.add_argument("--thumbnails", type=Path, metavar="FOLDER", help="with --people: write a picture of each there")
    group.add_argument(
        "--consent", action="store_true",
        help=f"state, and have it kept with the result's entry in the log: {consent.TEXT} (without it, running the "
        "command is the statement)",
    )  # fmt: skip
    group.add_argument(
        "--json", action="store_true",
        help="write the outcome to standard output as JSON; of several targets, a line for each",
    )  # fmt: skip
    group.add_argument("--threads", type=_threads, help="threads for the CPU (default: all cores)")


def check(given: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Ends the command where flags do not go together."""
    if given.target is None:
        parser.error("--target is missing: the picture or video to work on")
    if given.thumbnails is not None and not given.people:
        parser.error("--thumbnails goes with --people")
    if given.people and (given.source or given.cast or given.output or given.compare or given.preview):
        parser.error("--people only lists who is in the target; leave out --source, --cast and what names a result")
    if not given.people and not given.source and not given.cast:
        parser.error("--source is missing: a photo of the new face (or --cast PERSON=PHOTO)")
    try:
        given.source, given.target = unfolded(given.source, videos=False), unfolded(given.target)
    except (InputError, OSError) as error:
        parser.error(str(error))
    if len(given.target) > 1:
        alone = ("people", "cast", "compare", "preview", "exclude")
        if words := [f"--{name}" for name in alone if getattr(given, name, None)]:
            parser.error(f"{words[0]} goes with one --target")
        if given.output is not None and not given.output.folder:
            parser.error(
                "--output has to be a folder, where there are several targets; end a new one's name in a slash"
            )


def begin_with(given: argparse.Namespace, preset: Preset) -> None:
    """Have the options of a preset count as flags, where there are none."""
    for name, value in preset.options.items():
        if not hasattr(given, name):
            setattr(given, name, value)


def _named(text: str) -> Path:
    """A path. An empty one, as of a variable that is not set, would stand for the folder that the command runs in."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def _role(text: str) -> tuple[int, Path]:
    number, separator, photo = text.partition("=")
    if not separator or not photo or not number.strip().isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not PERSON=PHOTO, such as 1=face.jpg")
    return int(number), Path(photo)


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("has to be a whole number from 1")
    return int(text)
