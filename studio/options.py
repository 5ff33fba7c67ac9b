"""What may be set on a job, derived from `pipeline.options.Options`, so that no interface can fall behind it.

The command line makes flags of it, the API checks JSON with it, the page makes its controls of it. A new field of
`Options` appears in all three by itself; `TEXTS` of `option_words` gives it its words and its place.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import OptionError
from pipeline.models.names import engine_names
from pipeline.options import Options, Painting, Rate, UserEngine
from pipeline.whose import parse_whose
from studio.option_words import TEXTS, Group, Text
from studio.quantities import parse_rate, parse_seconds

Kind = Literal["choice", "share", "switch", "seconds", "frame", "rate", "paintings", "numbers"]


HIGHEST = 1e9
"""Above any number that an option takes; infinity and what is no number are not below it."""
MOST_PAINTINGS = MOST_NUMBERS = 50
_PNG = b"\x89PNG\r\n\x1a\n"
GROUPS: tuple[Group, ...] = typing.get_args(Group)
OF_A_TARGET = ("start", "end", "first_frame", "last_frame", "exclude", "exclude_at", "source_faces")
"""Options that mean something for one target, or for certain photos, only: they are set by trimming, painting and
choosing, and are in no preset."""


@dataclass(frozen=True)
class Field:
    """One option: what it is called, what it may be, what it is when nobody says."""

    name: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    text: Text

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    def named(self, choice: str) -> str:
        """A choice in words."""
        return self.text.choices.get(choice, choice.replace("_", " ").capitalize())

    def check(self, value: Any) -> Any:
        """`value` as this option takes it.

        Raises:
            OptionError: it is of another type or outside what is allowed.
        """
        if self.kind == "choice":
            if value in self.choices:
                return value
            raise OptionError(f"{self.name} has to be one of {', '.join(self.choices)}.")
        if self.kind == "switch":
            if isinstance(value, bool):
                return value
            raise OptionError(f"{self.name} has to be true or false.")
        if self.kind == "paintings":
            return _paintings(value)
        if self.kind == "numbers":
            return _numbers(self.name, value)
        if self.kind in ("seconds", "frame", "rate") and value is None:
            return None
        if self.kind == "frame":
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < HIGHEST:
                return value
            raise OptionError(f"{self.name} has to be the number of a frame: a whole number, such as 120.")
        if self.kind == "rate":
            return parse_rate(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < HIGHEST:
            raise OptionError(f"{self.name} has to be a number that is not negative.")
        if self.kind == "share" and value > 1:
            raise OptionError(f"{self.name} has to be between 0 and 1.")
        return float(value)


def _fields() -> tuple[Field, ...]:
    hints = typing.get_type_hints(Options)
    found = []
    for field in dataclasses.fields(Options):
        kind, choices = _kind(hints[field.name])
        text = TEXTS.get(field.name) or Text(field.name.replace("_", " ").capitalize(), "", "Engine")
        found.append(Field(field.name, kind, field.default, choices, text))
    return tuple(found)


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if typing.get_origin(hint) is Literal:
        return "choice", typing.get_args(hint)
    if UserEngine in typing.get_args(hint):
        return "choice", engine_names()
    if hint == tuple[Painting, ...]:
        return "paintings", ()
    if hint == tuple[int, ...]:
        return "numbers", ()
    if hint is bool:
        return "switch", ()
    if hint is float:
        return "share", ()
    if Rate in typing.get_args(hint):
        return "rate", ()
    if isinstance(hint, types.UnionType) and set(typing.get_args(hint)) == {float, type(None)}:
        return "seconds", ()
    if isinstance(hint, types.UnionType) and set(typing.get_args(hint)) == {int, type(None)}:
        return "frame", ()
    raise TypeError(f"no interface knows how to ask for {hint}")


FIELDS = _fields()


def from_mapping(values: Mapping[str, Any]) -> Options:
    """Options of names and values, as JSON or the page's controls give them; what is not named keeps its default.

    Raises:
        OptionError: a name is unknown, a value is not allowed, or see `Options.check_part`.
    """
    known = {field.name: field for field in FIELDS}
    unknown = sorted(str(name) for name in values if name not in known)
    if unknown:
        raise OptionError(f"There is no option {unknown[0]!r}. Options are {', '.join(known)}.")
    options = Options(**{name: known[name].check(value) for name, value in values.items()})
    options.check_part()
    return options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One flag for each option. Flags that are not given do not appear in the namespace."""
    group = parser.add_argument_group("options of the job")
    for field in FIELDS:
        about = field.text.about.replace("%", "%%")
        if field.kind == "switch":
            group.add_argument(
                field.flag,
                action=argparse.BooleanOptionalAction,
                default=argparse.SUPPRESS,
                help=f"{about} (default: {'yes' if field.default else 'no'})",
            )
        elif field.kind == "choice":
            group.add_argument(
                field.flag,
                choices=field.choices,
                default=argparse.SUPPRESS,
                help=f"{about} (default: {field.default})",
            )
        elif field.kind == "paintings":
            group.add_argument(
                field.flag, type=_file, action="append", default=argparse.SUPPRESS, metavar="[PERSON=]FILE", help=about
            )
        elif field.kind == "numbers":
            group.add_argument(
                field.flag, type=_number, nargs="+", default=argparse.SUPPRESS, metavar="NUMBER", help=about
            )
        elif field.kind == "rate":
            group.add_argument(field.flag, type=_rate, default=argparse.SUPPRESS, metavar="FPS", help=about)
        elif field.kind == "frame":
            group.add_argument(field.flag, type=_number, default=argparse.SUPPRESS, metavar="FRAME", help=about)
        else:
            default = "" if field.default is None else f" (default: {field.default:g})"
            group.add_argument(
                field.flag,
                type=_time if field.kind == "seconds" else float,
                default=argparse.SUPPRESS,
                metavar="TIME" if field.kind == "seconds" else "0..1",
                help=about + default,
            )


def _numbers(name: str, value: Any) -> tuple[int, ...]:
    """A list of whole numbers, or one of them."""
    numbers = [value] if isinstance(value, int) else value
    if (
        not isinstance(numbers, list | tuple)
        or len(numbers) > MOST_NUMBERS
        or not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < HIGHEST for one in numbers)
    ):
        raise OptionError(f"{name} has to be a list of whole numbers from 0, such as [2], at most {MOST_NUMBERS}.")
    return tuple(numbers)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) >= HIGHEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _paintings(value: Any) -> tuple[Painting, ...]:
    """A PNG in base64; an object of such by whose they are; or a list of objects with `mask` and `whose`."""
    if isinstance(value, str):
        value = [{"mask": value}] if value else []
    elif isinstance(value, dict):
        value = [{"mask": mask, "whose": str(whose)} for whose, mask in value.items()]
    elif isinstance(value, tuple):
        value = [dataclasses.asdict(painting) for painting in value]
    if not isinstance(value, list) or len(value) > MOST_PAINTINGS or not all(map(_is_painting, value)):
        raise OptionError(
            'exclude has to be a PNG picture in base64, or an object such as {"2": PNG}: the number of a person, or '
            f'"everyone", to what is painted on their face; at most {MOST_PAINTINGS}.'
        )
    if not value:
        return ()
    # Decoding pictures takes time to load, and few jobs have one.
    from pipeline.mesh.painted import checked

    masks = checked([painting["mask"] for painting in value])
    whose = [_whose(painting.get("whose", "")) for painting in value]
    return tuple(Painting(mask, name) for mask, name in zip(masks, whose, strict=True) if mask)


def _is_painting(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"mask"} <= set(value) <= {"mask", "whose"}
        and all(isinstance(text, str) for text in value.values())
    )


def _whose(text: str) -> str:
    whose = parse_whose(text)
    if isinstance(whose, int) and whose < 1:
        raise OptionError("Persons are numbered from 1.")
    return str(whose)


def _file(text: str) -> dict[str, str]:
    """A file, or ``2=FILE`` and ``everyone=FILE``."""
    whose, separator, name = text.partition("=")
    try:
        whose = _whose(whose) if separator and not Path(text).exists() else ""
    except OptionError:
        whose = ""
    name = name if whose else text
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{name} cannot be read") from error
    if not data.startswith(_PNG):
        raise argparse.ArgumentTypeError(f"{name} is no PNG picture (white, or opaque, where the target stays)")
    return {"mask": base64.b64encode(data).decode("ascii"), "whose": whose}


def _rate(text: str) -> float:
    try:
        return parse_rate(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _time(text: str) -> float:
    try:
        return parse_seconds(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def from_namespace(namespace: argparse.Namespace) -> Options:
    """The options that flags of `add_arguments` were given for.

    Raises:
        OptionError: see `from_mapping`.
    """
    given = vars(namespace)
    return from_mapping({field.name: given[field.name] for field in FIELDS if field.name in given})
