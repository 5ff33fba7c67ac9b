"""Checking an uploaded file: what its marks say, and whether it was made here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.types import MediaLimits
from pipeline.verification import Verdict, verify
from studio.made import Known, Made, MadeHere, words

FindingState = Literal["found", "none", "bad"]
HEADLINES: Mapping[FindingState, str] = {
    "bad": "Its Content Credentials do not hold.",
    "found": "This is synthetic.",
    "none": "No mark was found.",
}


def checked(path: Path, made_here: MadeHere, limits: MediaLimits) -> tuple[Verdict, Known]:
    """Look for marks in a file, then in the log of this installation.

    Args:
        limits: on what is opened.

    Raises:
        InputError: it cannot be opened.
    """
    verdict = verify(path, limits)
    return verdict, made_here.find(verdict.fingerprint, verdict.sha256)


def verdict_data(verdict: Verdict, made: Known) -> dict[str, Any]:
    """All of it as plain values for JSON."""
    here = None
    if isinstance(made, Made):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made.at))
        here = {"at": at, "kind": made.kind, "same_file": made.same_file}
    data = verdict.data()
    return {**data, "made_here": here, "sentences": sentences(verdict, made)}


def sentences(verdict: Verdict, made: Known) -> list[str]:
    """All of it in words; what the log knows before what cannot be known."""
    marks, last = list(verdict.sentences), []
    if not verdict.synthetic:
        marks, last = marks[:-1], marks[-1:]
    return [*marks, words(made), *last]


@dataclass(frozen=True)
class Finding:
    """One place that was looked at.

    Attributes:
        title: of the place.
        state: ``"found"``: it says that the file is synthetic; ``"none"``: it says nothing; ``"bad"``: what it says
            cannot be relied on.
        sentences: what was found, in words.
    """

    title: str
    state: FindingState
    sentences: tuple[str, ...]


def findings(verdict: Verdict, made: Known) -> tuple[Finding, ...]:
    """Place by place what `sentences` tells in one row."""
    manifest = verdict.manifest
    signed: FindingState = "none" if manifest.state == "none" or not manifest.synthetic else "found"
    return (
        Finding("Content Credentials", "bad" if manifest.state == "invalid" else signed, verdict.manifest_words),
        Finding("Invisible watermark", "found" if verdict.watermark.found else "none", (verdict.watermark_words,)),
        *(Finding("Metadata", "found", verdict.tag_words) for _ in range(verdict.tagged)),
        Finding("Made here", "found" if isinstance(made, Made) else "none", (words(made),)),
    )


def tone(verdict: Verdict, made: Known) -> FindingState:
    """The outcome as one of the states of a finding."""
    if verdict.manifest.state == "invalid":
        return "bad"
    return "found" if verdict.synthetic or isinstance(made, Made) else "none"


def headline(verdict: Verdict, made: Known) -> str:
    """The outcome in a few words."""
    return HEADLINES[tone(verdict, made)]
