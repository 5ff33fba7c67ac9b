"""What programs send, as the studio takes it; whatever way it came."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import InputError, OptionError

MOST_CAST = 1000
_LONGEST_NAME = 180
"""Bytes of a name, of which letters of most scripts take several; a file may have 255, and results are called more."""


def given_target(target: str | None) -> Path:
    """The target's path.

    Raises:
        InputError: none was given.
    """
    if not target:
        raise InputError("The target is missing.")
    return Path(target)


def as_object(value: Any, name: str) -> Mapping[str, Any]:
    """A JSON object; nothing counts as an empty one.

    Raises:
        OptionError: it is something else.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise OptionError(f"{name} has to be an object with names and values.")


def read_object(text: str, name: str) -> Mapping[str, Any]:
    """A JSON object, from its text."""
    try:
        return as_object(json.loads(text) if text.strip() else None, name)
    except (ValueError, RecursionError):
        raise OptionError(f"{name} is not JSON.") from None


def parse_cast(given: Mapping[str, Any]) -> dict[int, tuple[int, ...]]:
    """A cast: person number to positions of photos.

    Raises:
        OptionError: it looks otherwise.
    """
    cast = {}
    for number, positions in given.items():
        listed = positions if isinstance(positions, list) else [positions]
        whole = all(
            isinstance(position, int) and not isinstance(position, bool) and 0 <= position < MOST_CAST
            for position in listed
        )
        if not re.fullmatch("[0-9]{1,6}", str(number)) or not listed or not whole:
            raise OptionError('cast has to look like {"1": 0} or {"1": [0, 1]}: person number to photos, from 0.')
        cast[int(number)] = tuple(listed)
    return cast


def safe_name(given: str | None) -> str:
    """A file name that somebody sent, without its folders and without what a name should not hold."""
    name = PurePosixPath((given or "").replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable() and letter not in '<>:"|?*').strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    stem = stem.encode("utf-8", "ignore")[:_LONGEST_NAME].decode("utf-8", "ignore")
    return (stem or "file") + (f".{ending[:10]}" if ending else "")
