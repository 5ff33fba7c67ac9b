"""The statement that somebody has the right to use the faces they recast: what it says, and when it is needed.

It is stated once for each owner and kept with every job of theirs: when, and to which version of the text. Where the
operator lets it be implied, starting a job is the statement; the page says so beside the button.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from pipeline.errors import ConsentMissing, OptionError

VERSION = "1"
"""Of the text. A new one has to be stated anew."""
TEXT = "I have the right to use these faces: the people shown have agreed, or the law allows it."
IMPLIED = "By starting, you state that you have the right to use these faces."
LASTS = 365 * 24 * 3600.0
"""Seconds after which it is asked for again."""

Rule = Literal["required", "implied"]
RULES: tuple[Rule, ...] = get_args(Rule)
How = Literal["stated", "implied"]
_VARIABLE = "RECAST_CONSENT"


@dataclass(frozen=True)
class Consent:
    """One statement.

    Attributes:
        version: of the text.
        at: seconds since 1970.
        how: in so many words, or by starting a job.
    """

    version: str
    at: float
    how: How

    def data(self) -> dict[str, Any]:
        return asdict(self)


def rule_from(default: Rule, environment: Mapping[str, str] = os.environ) -> Rule:
    """``RECAST_CONSENT``, or the default.

    Raises:
        OptionError: it is neither required nor implied.
    """
    text = environment.get(_VARIABLE, "").strip().lower() or default
    for rule in RULES:
        if text == rule:
            return rule
    raise OptionError(f"{_VARIABLE} has to be one of {', '.join(RULES)}, and is {text!r}.")


def holds(consent: Consent | None, now: float) -> bool:
    """Whether an earlier statement still counts."""
    return consent is not None and consent.version == VERSION and now - consent.at < LASTS


def given(rule: Rule, stated: bool, before: Consent | None, now: float) -> Consent:
    """The statement that a job is carried out on.

    Args:
        stated: whether it came with the job.
        before: what its owner stated earlier.

    Raises:
        ConsentMissing: it is required, and there is none.
    """
    if stated:
        return Consent(VERSION, now, "stated")
    if before is not None and holds(before, now):
        return before
    if rule == "implied":
        return Consent(VERSION, now, "implied")
    raise ConsentMissing(
        f'State first that you have the right to use these faces: send "consent" as true, or give --consent on the '
        f"command line. By that you say: {TEXT}"
    )
