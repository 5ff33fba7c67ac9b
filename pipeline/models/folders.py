"""Where models lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.models.catalogue import ModelEntry

VARIABLE = "RECAST_MODELS"
"""Folders of downloaded models, separated like those of PATH. The first that can be written to takes new ones."""
HOME_VARIABLE = "RECAST_HOME"
"""Folder of what Recast keeps about models, and of models where `VARIABLE` is not set."""


@dataclass(frozen=True)
class Folders:
    """
    Attributes:
        search: where files are looked for, in this order. They may be read-only.
        own: where new files go.
        notes: what is kept about models: accepted licences, pinned checksums, which files were checked.
    """

    search: tuple[Path, ...]
    own: Path
    notes: Path

    @property
    def entries(self) -> Path:
        """The folder of the user's own entries, see `pipeline.models.user`."""
        return self.notes / "entries"

    @property
    def cache(self) -> Path:
        """The folder of what is made of models and can be made again."""
        return self.notes / "cache"

    def find(self, entry: ModelEntry) -> Path | None:
        """The entry's file, directly in a folder or in one inside it (insightface keeps its packs like that)."""
        if entry.local is not None:
            path = Path(entry.local)
            return path if path.is_file() else None
        names = (Path(entry.file).name, f"{entry.name}.onnx", *entry.aliases)
        return next((path for path in self._candidates(names) if path.is_file()), None)

    def _candidates(self, names: tuple[str, ...]) -> Iterator[Path]:
        for folder in self.search:
            yield from (folder / name for name in names)
            try:
                inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
            except OSError:
                continue
            yield from (path / name for path in inner for name in names)


def folders(environment: Mapping[str, str] = os.environ) -> Folders:
    """The folders that this process is set up with."""
    home = Path(environment.get(HOME_VARIABLE) or Path.home() / ".recast").expanduser()
    named = [Path(part).expanduser() for part in environment.get(VARIABLE, "").split(os.pathsep) if part.strip()]
    search = named or [home / "models"]
    own = next((folder for folder in search if _writable(folder)), home / "models")
    if own not in search:
        search.append(own)
    return Folders((*search, Path.home() / ".insightface" / "models"), own, home)


def _writable(folder: Path) -> bool:
    """Whether files can be put there, or the folder be made."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK)
