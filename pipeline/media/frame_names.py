"""Which number each file of a ZIP has, by names that nobody vouches for."""

from __future__ import annotations

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.errors import ArchiveMixed, ArchiveUnsafe
from pipeline.media.numbering import LARGEST

_SYSTEMS = ("thumbs.db", "desktop.ini", "icon\r")
_MAC = "__MACOSX"
_BESIDE = ".c2pa"
"""Content Credentials that lie beside a frame, as in our own results."""
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\0")
_LONGEST, _SHOWN = 80, 60
"""Letters of a name before its number that are kept, and of one that a sentence tells."""


@dataclass(frozen=True)
class FrameNames:
    """What the frames of a ZIP are called once they are unpacked.

    Attributes:
        pattern: of all, such as ``shot.####.png``.
        numbers: of each, by its name in the ZIP.
    """

    pattern: str
    numbers: Mapping[str, int]

    def of(self, name: str) -> str:
        """A frame's own file name."""
        marks = self.pattern.count("#")
        return self.pattern.replace("#" * marks, f"{self.numbers[name]:0{marks}d}")


def junk(name: str) -> bool:
    """Whether a file is one that systems and Recast add beside what somebody packed."""
    path = PurePosixPath(name)
    last = path.name.lower()
    return _MAC in path.parts or last.startswith(".") or last in _SYSTEMS or last.endswith(_BESIDE)


def require_inside(entry: zipfile.ZipInfo) -> None:
    """Raise `ArchiveUnsafe` where a file in a ZIP lies outside of it, or is none."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ArchiveUnsafe(f"The ZIP holds a link or a device: {shown(entry.filename)}.")
    if _OUTSIDE.search(entry.orig_filename):
        raise ArchiveUnsafe(f"The ZIP names a file outside of itself: {shown(entry.filename)}.")


def frame_names(names: Sequence[str]) -> FrameNames:
    """Tell the numbers of frames from their names: of several digits in a name, the last ones in which all differ.

    Raises:
        ArchiveMixed: these are not the frames of one film.
    """
    if not names:
        raise ArchiveMixed
    folders = sorted({str(PurePosixPath(name).parent) for name in names})
    if len(folders) > 1:
        one, other = (shown(folder) for folder in folders[:2])
        raise ArchiveMixed(f"The ZIP holds files in several folders: {one} and {other}. Pack the frames of one film.")
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise ArchiveMixed(f"The ZIP holds two frames with one number: {shown(twice)} and {shown(twice)}.")
    split = {name: re.split(r"([0-9]+)", PurePosixPath(name).stem) for name in names}
    endings = {PurePosixPath(name).suffix.lower() for name in names}
    place = _place(list(split.values())) if len(endings) == 1 else None
    if place is None:
        unlike = next(name for name in names if _shape(name) != _shape(names[0])) if len(names) > 1 else names[0]
        raise ArchiveMixed(
            f"The files in the ZIP are not numbered alike: {shown(names[0])} and {shown(unlike)}."
            if len(names) > 1 and unlike != names[0]
            else f"The file in the ZIP has no number: {shown(names[0])}. Frames have names such as shot.0001.png."
        )
    return _numbered(split, place, PurePosixPath(names[0]).suffix)


def _numbered(split: Mapping[str, Sequence[str]], place: int, suffix: str) -> FrameNames:
    numbers, taken = dict[str, int](), dict[int, str]()
    for name, parts in split.items():
        if len(parts[place].lstrip("0")) > LARGEST:
            raise ArchiveMixed(f"The number of a frame has more than {LARGEST} digits: {shown(name)}.")
        number = numbers[name] = int(parts[place])
        if number in taken:
            raise ArchiveMixed(f"The ZIP holds two frames with one number: {shown(taken[number])} and {shown(name)}.")
        taken[number] = name
    first = next(iter(split.values()))
    digits = max(2, min(LARGEST, max(len(parts[place]) for parts in split.values())))
    before, after = ("".join(parts) for parts in (first[:place], first[place + 1 :]))
    return FrameNames(f"{_plain(before)}{'#' * digits}{_plain(after)}{suffix}", numbers)


def _place(split: Sequence[Sequence[str]]) -> int | None:
    """Where the number is in names that were split at their digits; ``None`` where there is none."""
    first = split[0]
    if len(first) < 3 or any(len(parts) != len(first) for parts in split):
        return None
    for place in range(len(first) - 2, 0, -2):
        rest = (*first[:place], *first[place + 1 :])
        if all((*parts[:place], *parts[place + 1 :]) == rest for parts in split):
            return place
    return None


def _shape(name: str) -> tuple[str, ...]:
    path = PurePosixPath(name)
    return (*re.sub("[0-9]+", "0", path.stem).split("0"), path.suffix.lower())


def _plain(text: str) -> str:
    """A part of a name as it may be part of a file's: without what stands for a number, or is no letter to print."""
    kept = "".join("_" if letter in '#%*<>:"|?\\/' or not letter.isprintable() else letter for letter in text)
    return kept.encode("utf-8", "ignore")[:_LONGEST].decode("utf-8", "ignore").lstrip(".")


def shown(name: str) -> str:
    """A name as a sentence tells it."""
    last = PurePosixPath(name).name or name
    text = "".join(letter if letter.isprintable() else "?" for letter in last)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
