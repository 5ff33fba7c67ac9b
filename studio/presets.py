"""Presets: options under a name, such as everything that makes a draft.

A preset is a file of JSON in one folder: what differs from the defaults, as the API takes options, so that one that is
handed on is a file like any other. The studio on one's own machine keeps them in its data folder. Anywhere else those
of a visitor stay in their browser, and the folder holds what the operator offers to all.
"""

from __future__ import annotations

import json
import logging
import os
import re
import unicodedata
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import InputError, OptionError, OutputError
from pipeline.options import Options
from studio.options import FIELDS, OF_A_TARGET, from_mapping

log = logging.getLogger(__name__)

KEY = "preset"
"""What options name a preset with that they begin with."""
MOST, LARGEST = 200, 64 * 1024
"""Presets of a folder, and bytes of one."""
_NAME = re.compile(r"\w[\w .,+()&'-]{0,59}")


class PresetUnknown(InputError):
    code = "preset_unknown"
    sentence = "There is no preset of that name."


class BadPreset(InputError):
    """It is no preset, or holds what is not allowed."""

    code = "bad_preset"
    sentence = "The preset cannot be used."


class BadPresetName(InputError):
    code = "bad_preset_name"
    sentence = (
        "A preset's name begins with a letter or a digit; after it spaces and . , + - ( ) & ' may come, 60 in all."
    )


class PresetExists(InputError):
    code = "preset_exists"
    sentence = "There is a preset of that name already. Replace it, or choose another name."


class PresetsFull(InputError):
    code = "presets_full"
    sentence = f"There are {MOST} presets already. Remove one first."


class Preset(NamedTuple):
    """`options` are what differs from the defaults, by name, as in JSON."""

    name: str
    options: dict[str, Any]


class Presets:
    """The presets of a folder, which need not be there. Read anew each time: a file that is put there counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[Preset, ...]:
        """By name. A file that is none is left out, and the log says so."""
        found = []
        for path in sorted(self._folder.glob("*.json"), key=lambda path: path.stem.casefold()):
            try:
                found.append(Preset(checked_name(path.stem), read(path)))
            except InputError as error:
                log.warning("a file among the presets is left out: %s", error)
        return tuple(found)

    def get(self, name: str) -> Preset:
        """
        Raises:
            PresetUnknown: there is none of that name.
            BadPreset: its file cannot be used.
        """
        try:
            path = self._path(name)
        except BadPresetName:
            path = None
        if path is None or not path.is_file():
            there = ", ".join(preset.name for preset in self.all())
            raise PresetUnknown(
                f"There is no preset {name!r}. " + (f"Presets are {there}." if there else "None was saved yet.")
            )
        return Preset(path.stem, read(path))

    def save(self, name: str, options: Any, *, replace: bool = False) -> Preset:
        """Keep options under a name.

        Raises:
            BadPresetName, BadPreset: it cannot be called so, or they are no options.
            PresetExists: there is one already, and it is not to be replaced.
            PresetsFull: there are too many.
            OutputError: the folder cannot be written to.
        """
        preset = checked(name, options)
        path = self._path(preset.name)
        if path.exists() and not replace:
            raise PresetExists()
        if not path.exists() and len(list(self._folder.glob("*.json"))) >= MOST:
            raise PresetsFull()
        part = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(text_of(preset.options), encoding="utf-8")
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError("The preset cannot be written to the data folder.") from error
        return preset

    def remove(self, name: str) -> Preset:
        """
        Raises:
            PresetUnknown: there is none of that name.
        """
        try:
            path = self._path(name)
            path.unlink()
        except (BadPresetName, FileNotFoundError):
            raise PresetUnknown() from None
        return Preset(path.stem, {})

    def options(self, values: Mapping[str, Any]) -> Options:
        """Options of names and values, where `preset` may name what the others are put on top of.

        Raises:
            PresetUnknown, BadPreset: see `get`.
            OptionError: see `from_mapping`.
        """
        if KEY not in values:
            return from_mapping(values)
        base = self.get(str(values[KEY])).options
        return from_mapping({**base, **{name: value for name, value in values.items() if name != KEY}})

    def given(self, text: str) -> Preset:
        """What a flag names: a preset's name, or a file that ends in ``.json``.

        Raises:
            PresetUnknown, BadPreset: see `get`.
        """
        path = Path(text)
        return Preset(path.stem, read(path)) if path.suffix.lower() == ".json" else self.get(text)

    def _path(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.json"


def checked(name: str, options: Any) -> Preset:
    """A preset from outside.

    Raises:
        BadPresetName, BadPreset: see `Presets.save`.
    """
    name = checked_name(name)
    return Preset(name, _own(options, name))


def checked_name(name: str) -> str:
    """Without spaces at its ends, composed as file systems expect it.

    Raises:
        BadPresetName: a file could not, or should not, be called so.
    """
    tidy = unicodedata.normalize("NFC", " ".join(name.split())).rstrip(".")
    if not _NAME.fullmatch(tidy) or len(tidy.encode()) > 200:
        raise BadPresetName()
    return tidy


def read(path: Path) -> dict[str, Any]:
    """A preset's options from its file.

    Raises:
        BadPreset: there is no such file, or it is no preset.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadPreset(f"The preset {path.stem} cannot be read from its file.") from error
    try:
        values = json.loads(data) if len(data) <= LARGEST else None
    except (ValueError, RecursionError):
        values = None
    return _own(values, path.stem)


def text_of(options: Mapping[str, Any]) -> str:
    """A preset as its file has it."""
    return json.dumps(options, indent=2, ensure_ascii=False) + "\n"


def of_options(options: Options) -> dict[str, Any]:
    """What differs from the defaults, as in JSON."""
    values = {field.name: getattr(options, field.name) for field in FIELDS}
    return {field.name: values[field.name] for field in FIELDS if values[field.name] != field.default}


def _own(values: Any, name: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise BadPreset(f"The preset {name} is not a JSON object of options.")
    try:
        own = of_options(from_mapping(values))
    except OptionError as error:
        raise BadPreset(f"The preset {name} cannot be used: {error}") from error
    if others := [option for option in OF_A_TARGET if option in own]:
        raise BadPreset(f"The preset {name} cannot be used: {others[0]} belongs to one target only.")
    return own
