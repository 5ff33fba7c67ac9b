"""Names of files that differ by a number, as the frames of an image sequence have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, OutputError
from pipeline.media.image_write import FORMATS

_PLACE = re.compile(r"%0?(?P<count>\d{0,3})d|(?P<marks>#{2,})|(?P<any>\*)")
LARGEST = 12
"""Digits of a number."""


@dataclass(frozen=True)
class Numbering:
    """The names of a sequence: ``shot.%04d.png``, ``shot.####.png``, or ``shot.*.png`` for any number of digits.

    Attributes:
        path: as it was written.
        digits: that a number has at least; ``None`` where it may have any.
        before, after: the parts of a name around its number.
    """

    path: Path
    digits: int | None
    before: str
    after: str

    @classmethod
    def of(cls, path: Path) -> Numbering | None:
        """What a path says, ``None`` where it names one file: one that is there, or has no place for a number."""
        path = Path(path)
        places = list(_PLACE.finditer(path.name))
        if len(places) != 1 or _exists(path):
            return None
        place = places[0]
        digits: int | None = None
        if place["marks"]:
            digits = len(place["marks"])
        elif not place["any"]:
            digits = int(place["count"] or 1)
        if digits is not None and digits > LARGEST:
            return None
        return cls(path, digits, path.name[: place.start()], path.name[place.end() :])

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def file(self, number: int) -> Path:
        """The file of a frame."""
        return self.path.with_name(f"{self.before}{number:0{self.digits or 1}d}{self.after}")

    def beside(self, mark: str) -> Numbering:
        """The same names with a mark before the number, for results: ``shot-recast.####.png``."""
        stem = self.before.rstrip("._- ")
        digits = self.digits
        if digits is None:
            first = next(iter(self.files().values()), self.path)
            digits = len(first.name) - len(self.before) - len(self.after)
        # Where the name is a number alone, no result begins with the dash of the mark.
        before = (stem + mark if stem else mark.lstrip("-")) + (self.before[len(stem) :] or ".")
        path = self.path.with_name(f"{before}{'#' * max(2, digits)}{self.after}")
        return Numbering(path, max(2, digits), before, self.after)

    def files(self) -> dict[int, Path]:
        """The files that are there, by their numbers, in order.

        Raises:
            InputError: the folder cannot be read, or two files have one number.
        """
        found: dict[int, Path] = {}
        try:
            inside = sorted(path.name for path in self.path.parent.iterdir())
        except (OSError, ValueError) as error:
            raise InputError("The folder of the frames does not exist, or cannot be read.") from error
        for text in inside:
            number = self._number(text)
            if number is None:
                continue
            if number in found:
                raise InputError(f"{found[number].name} and {text} are the same frame of the sequence.")
            found[number] = self.path.with_name(text)
        return dict(sorted(found.items()))

    def names(self, path: Path) -> bool:
        """Whether a file is one of a sequence with these names, that is there or could be."""
        path = Path(path)
        places = (path, path.resolve()) if path.is_symlink() else (path,)
        # Its name first, which is looked at far sooner: sequences have thousands of files.
        return any(self._number(place.name) is not None and _same(place.parent, self.path.parent) for place in places)

    def _number(self, name: str) -> int | None:
        match = re.fullmatch(f"{re.escape(self.before)}([0-9]{{1,{LARGEST}}}){re.escape(self.after)}", name)
        return int(match[1]) if match is not None and self._fits(match[1]) else None

    def _fits(self, number: str) -> bool:
        """Whether a number is written as this numbering writes it: filled up with zeros, but no more of them."""
        return self.digits is None or len(number) == max(self.digits, len(str(int(number))))


def _same(folder: Path, other: Path) -> bool:
    with suppress(OSError):
        return folder == other or folder.samefile(other)
    return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # too long for a name, or in a folder that may not be looked into
        return False


def keep_apart(result: Path, files: Iterable[Path]) -> None:
    """Find out before anything is written whether numbered results would take the place of one of these files, or a
    result of one file that of a numbered one.

    Args:
        files: each may be a name of numbered files; one that has the result's own name is not looked at.

    Raises:
        OutputError: they would.
    """
    numbering, files = numbered_result(result), tuple(files)
    numbered = (found for found in map(Numbering.of, files) if found is not None)
    if (numbering is not None and any(map(numbering.names, files))) or any(one.names(result) for one in numbered):
        raise OutputError("The results would overwrite files that they are made of; choose another name or folder.")


def numbered_result(path: Path) -> Numbering | None:
    """The numbering of a result that is written as single frames; ``None`` where the name is that of one file."""
    found = Numbering.of(path)
    return found if found is not None and found.digits is not None and found.suffix in FORMATS else None
