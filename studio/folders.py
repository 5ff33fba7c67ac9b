"""A folder given in place of files: what is in it that can be worked on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError, UnsupportedMedia
from pipeline.media.guard import SourceFile
from pipeline.media.numbering import numbered_result
from studio.outputs import MARK

_FRAMES = 12
_NUMBER = re.compile(r"\d+(?=\D*$)")


class EmptyFolder(InputError):
    """A folder holds nothing that can be worked on."""

    code = "empty_folder"


def unfolded(paths: Sequence[Path], videos: bool = True) -> list[Path]:
    """`paths` with each folder replaced by the pictures (and videos) in it, by name. Results of earlier runs and hidden
    files are left out; folders inside are not looked into.

    Raises:
        EmptyFolder: there is none.
    """
    found: list[Path] = []
    for path in paths:
        inside = [file for file in sorted(path.iterdir()) if _fits(file, videos)] if path.is_dir() else [path]
        if not inside:
            raise EmptyFolder(f"{path}: The folder holds no picture{' or video' if videos else ''}.")
        found += inside
    return found


def one_film(paths: Sequence[Path]) -> Path | None:
    """The name that numbered pictures share; ``None`` unless there are so many that they are likely to be a film."""
    names = {_NUMBER.sub(lambda found: "#" * max(2, len(found[0])), path.name, count=1) for path in paths}
    folders = {path.parent for path in paths}
    if len(paths) < _FRAMES or len(names) > 1 or len(folders) > 1:
        return None
    found = next(iter(folders)) / next(iter(names))
    numbering = numbered_result(found)
    return found if numbering is not None else None


def _fits(file: Path, videos: bool) -> bool:
    if file.name.startswith(".") or file.stem.endswith(MARK) or not file.is_file():
        return False
    try:
        with SourceFile(file) as source:
            return source.sniff().picture is not None or videos
    except UnsupportedMedia:
        return False
    except InputError:
        return True  # empty or not to be read: its own job says so
