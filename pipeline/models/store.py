"""The models of this machine: found, checked, fetched on demand, removed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import LicenceNotAccepted, ModelMissing, ModelUnknown, OutputError
from pipeline.models.catalogue import CATALOGUE, ModelEntry
from pipeline.models.checksums import Checksums
from pipeline.models.download import Fetching, fetch
from pipeline.models.folders import Folders, folders
from pipeline.models.licences import Licences
from pipeline.models.providers import remove_engines
from pipeline.models.user import user_entries

log = logging.getLogger(__name__)


class Store:
    """Knows every entry, the catalogue's and the user's, and where its file is. Keeps no state of its own but files."""

    def __init__(self, places: Folders | None = None, catalogue: Mapping[str, ModelEntry] = CATALOGUE) -> None:
        """
        Args:
            places: where models lie; as the environment says when ``None``.
            catalogue: the entries that are not the user's own.
        """
        self._catalogue = catalogue
        self.folders = places or folders()
        self.licences, self.checksums = Licences(self.folders.notes), Checksums(self.folders.notes)

    def entries(self) -> Mapping[str, ModelEntry]:
        """All entries by name, the user's own last. They are read anew each time."""
        return {**self._catalogue, **{entry.name: entry for entry in user_entries(self.folders.entries)}}

    def entry(self, name: str) -> ModelEntry:
        """
        Raises:
            ModelUnknown: there is none of that name.
        """
        found = self.entries().get(name)
        if found is None:
            raise ModelUnknown(f"There is no model called {name!r}. `python app.py models list` shows all.")
        return found

    def with_needs(self, entry: ModelEntry) -> tuple[ModelEntry, ...]:
        """The entry and those without which it cannot be used."""
        return (entry, *(self.entry(name) for name in entry.needs))

    def find(self, entry: ModelEntry) -> Path | None:
        """Where the entry's file is, unchecked; ``None`` if it is nowhere."""
        return self.folders.find(entry)

    def installed(self, entry: ModelEntry) -> bool:
        """Whether the entry and all that it needs are on this machine."""
        return all(self.find(part) is not None for part in self.with_needs(entry))

    def checked(self, entry: ModelEntry) -> Path:
        """The entry's file, which is the expected one. It is fetched first where that is allowed.

        Raises:
            ModelMissing: it is not here and cannot be fetched.
            LicenceNotAccepted: it would be fetched if its licence were accepted.
            ModelAltered: see `Checksums.check`.
            DownloadError, NoSpace: see `get`.
        """
        path = self.find(entry)
        if path is None:
            if entry.local is not None:
                raise ModelMissing(f"The file of your model {entry.name} is not where its entry says.")
            return self.get(entry)
        self.checksums.check(entry, path)
        return path

    def get(self, entry: ModelEntry, progress: Callable[[Fetching], None] | None = None) -> Path:
        """Fetch the entry's file unless it is here, check it, and return its path.

        Raises:
            LicenceNotAccepted: its licence was not accepted.
            NoSpace: the disk is too full, or became so; what had come by then is kept for the next time.
            DownloadError: the hub cannot be reached, or the transfer broke off. It goes on where it was next time.
            ModelAltered: what came is not the expected file; it was thrown away.
        """
        path = self.find(entry)
        if path is not None:
            self.checksums.check(entry, path)
            return path
        if not self.licences.accepted(entry):
            raise LicenceNotAccepted(
                f"{entry.title} comes under {_article(entry.licence.name)} licence ({entry.licence.words}) "
                f"Accept it with `python app.py models get {entry.name} --accept-licence` or on the page's Models tab."
            )
        self.licences.note(entry)
        return fetch(entry, self.folders.own, self.checksums, progress)

    def remove(self, entry: ModelEntry) -> Path | None:
        """Delete the entry's file and forget its pinned checksum. Returns where it was; ``None`` where only the
        checksum was left of it.

        Raises:
            ModelMissing: it is not here.
            OutputError: it lies in a folder that Recast does not own or may not write to. The checksum is forgotten
                even so, as whoever looks after that folder may want another version in it.
        """
        path = self.find(entry)
        own = entry.local is None and path is not None and self.folders.own in path.parents
        if path is not None and own:
            try:
                path.unlink()
            except OSError as error:
                raise OutputError(f"{entry.title} cannot be deleted: its folder may not be written to.") from error
            remove_engines(self.folders.cache, path)
        forgotten = self._forget(entry)
        if path is None and not forgotten:
            raise ModelMissing(f"{entry.title} is not on this machine.")
        if path is not None and not own:
            raise OutputError(f"{entry.title} lies in a folder that is not Recast's own. Delete it there yourself.")
        return path

    def _forget(self, entry: ModelEntry) -> bool:
        try:
            return self.checksums.forget(entry)
        except OSError as error:
            raise OutputError(f"The checksum of {entry.title} cannot be forgotten: it cannot be written.") from error


def _article(licence: str) -> str:
    return f"an {licence}" if licence[0].lower() in "aeiou" else f"a {licence}"
