"""Checking an uploaded file: what its marks say, and whether it was made here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pipeline.verification import Verdict, verify
from studio.made import Made, MadeHere, words


def checked(path: Path, made_here: MadeHere) -> tuple[Verdict, Made | None]:
    """Look for marks in a file, then in the log of this installation.

    Raises:
        InputError: it cannot be opened.
    """
    verdict = verify(path)
    return verdict, made_here.find(verdict.fingerprint, verdict.sha256)


def verdict_data(verdict: Verdict, made: Made | None) -> dict[str, Any]:
    """All of it as plain values for JSON."""
    here = None
    if made is not None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made.at))
        here = {"at": at, "kind": made.kind, "same_file": made.same_file}
    data = verdict.data()
    return {**data, "made_here": here, "sentences": sentences(verdict, made)}


def sentences(verdict: Verdict, made: Made | None) -> list[str]:
    """All of it in words; what the log knows before what cannot be known."""
    marks, last = list(verdict.sentences), []
    if not verdict.synthetic:
        marks, last = marks[:-1], marks[-1:]
    return [*marks, words(made), *last]


def headline(verdict: Verdict, made: Made | None) -> str:
    """The outcome in a few words."""
    if verdict.manifest.state == "invalid":
        return "Its Content Credentials do not hold."
    if verdict.synthetic or made is not None:
        return "This is synthetic."
    return "No mark was found."
