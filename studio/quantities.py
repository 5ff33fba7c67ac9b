"""Times and rates, as people write them."""

from __future__ import annotations

import contextlib
import re
from fractions import Fraction
from typing import Any

from pipeline.errors import OptionError

FASTEST = 1000
"""Frames a second."""
RATE = "[0-9]{1,6}([.][0-9]{1,12}|/[0-9]{1,6})?"
"""Nothing that takes long to count, as 1e999999999 does."""


def parse_seconds(text: str) -> float:
    """``90``, ``1:30`` and ``0:01:30.0`` alike.

    Raises:
        OptionError: it is no time.
    """
    seconds = 0.0
    for part in text.strip().split(":"):
        try:
            seconds = seconds * 60 + float(part)
        except ValueError:
            raise OptionError(f"{text!r} is no time. Write seconds, or 1:30 for a minute and a half.") from None
    return seconds


def parse_rate(value: Any) -> float:
    """``25``, ``23.976`` and ``"24000/1001"`` alike.

    Raises:
        OptionError: it is no rate.
    """
    rate = Fraction(0)
    with contextlib.suppress(ValueError, ZeroDivisionError, OverflowError):
        if isinstance(value, str) and re.fullmatch(RATE, value.strip()):
            rate = Fraction(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            rate = Fraction(value)
    if not 0 < rate <= FASTEST:
        raise OptionError(f"rate has to lie between 0 and {FASTEST} frames a second, such as 25 or 24000/1001.")
    return float(rate)
