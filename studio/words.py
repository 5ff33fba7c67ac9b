"""The catalogues of `assets/words` on the server's side, for the few pages that no script of ours translates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from studio.settings import ASSETS


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """English texts and what they are in a language; empty for English, and where there is none."""
    path = ASSETS / "words" / f"{language}.json"
    if not language.isalpha() or not path.exists():
        return {}
    texts: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))["texts"]
    return texts


def preferred(header: str) -> str:
    """The language that a browser likes best of those there are: `Accept-Language`, RFC 9110, section 12.5.4."""
    liked: list[tuple[float, str]] = []
    for part in header[:400].split(","):
        name, _, weight = part.partition(";")
        try:
            liked.append((float(weight.strip().removeprefix("q=") or 1), name.strip().split("-")[0].lower()))
        except ValueError:
            continue
    for _, name in sorted(liked, key=lambda one: -one[0]):
        if name == "en" or catalogue(name):
            return name
    return "en"
