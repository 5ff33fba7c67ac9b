"""Variables of the environment, as text, lists, numbers and secrets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

Number = TypeVar("Number", int, float)
Choice = TypeVar("Choice", bound=str)


def secret(name: str) -> str:
    """An environment variable, or the file that the one with ``_FILE`` names, as container hosts hand secrets over."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{name}_FILE names a file that cannot be read.") from error


def listed(name: str) -> tuple[str, ...]:
    """An environment variable as its parts between commas."""
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def one_of(name: str, choices: tuple[Choice, ...], default: Choice) -> Choice:
    """An environment variable that is one of `choices`.

    Raises:
        ValueError: it is another.
    """
    text = os.environ.get(name) or default
    for choice in choices:
        if text == choice:
            return choice
    raise ValueError(f"{name} has to be one of {', '.join(choices)}, and is {text!r}.")


def number(name: str, default: Number, least: float | None = None) -> Number:
    """An environment variable as a number of the default's type: positive, or from `least` on."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        found = type(default)(text)
    except ValueError:
        raise ValueError(f"{name} has to be a number, and is {text!r}.") from None
    if not ((found > 0 if least is None else found >= least) and found < 1e12):
        kind = "a positive number" if least is None else f"a number from {least}"
        raise ValueError(f"{name} has to be {kind}, and is {text!r}.")
    return found
