"""What the parts of `benchmarks.gpu` say to it, a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Line:
    """A line of the page."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Verdict:
    """Something that was to be shown: in words, and whether it was; ``None`` where nothing was measured."""

    words: str
    met: bool | None

    def __str__(self) -> str:
        return f"* {'met' if self.met else 'not measured' if self.met is None else 'NOT MET'}: {self.words}"


@dataclass(frozen=True)
class Figure:
    """Something measured that a later part goes by."""

    name: str
    value: float


Said = Line | Verdict | Figure
_KINDS: dict[str, type[Line] | type[Verdict] | type[Figure]] = {
    "line": Line, "verdict": Verdict, "figure": Figure,
}  # fmt: skip


def written(said: Said) -> str:
    kind = next(name for name, one in _KINDS.items() if isinstance(said, one))
    return json.dumps({"kind": kind, **asdict(said)})


def heard(lines: Iterable[str]) -> Iterator[Said]:
    """What was written, without what libraries print in between."""
    for line in lines:
        try:
            told = json.loads(line)
            said = _KINDS[told.pop("kind")](**told)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        yield said
