"""Which licences the user has accepted. A model under other than free terms is fetched only after that."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.models.catalogue import ModelEntry
from pipeline.models.notes import Notes

log = logging.getLogger(__name__)

VARIABLE = "RECAST_ACCEPT_LICENCES"
"""Names of models whose licences the operator accepts, separated by commas; ``all`` for every model."""


class Licences:
    """Acceptances, kept in a file: by model, since that is what was shown when somebody agreed."""

    def __init__(self, notes: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._notes = Notes(notes / "licences.json")
        self._setting = {part.strip() for part in environment.get(VARIABLE, "").split(",")}

    def accepted(self, entry: ModelEntry) -> bool:
        """Whether the entry may be fetched: its terms are free, or they were accepted."""
        return bool(entry.licence.free or self._setting & {entry.name, "all"}) or self._recorded(entry)

    def _recorded(self, entry: ModelEntry) -> bool:
        found = self._notes.read().get(entry.name)
        # Other terms than those that were shown have to be shown again.
        return isinstance(found, dict) and found.get("licence") == entry.licence.name

    def note(self, entry: ModelEntry) -> None:
        """Record an acceptance by the setting, when the entry is fetched. Where nothing can be written, the setting
        itself is the record."""
        if entry.licence.free or self._recorded(entry):
            return
        with contextlib.suppress(OutputError):
            self.accept(entry, f"setting {VARIABLE}")

    def accept(self, entry: ModelEntry, how: str) -> None:
        """Record that the licence was accepted.

        Args:
            how: where somebody agreed: ``"command line"``, ``"studio"``, or a setting.

        Raises:
            OutputError: it cannot be written.
        """
        record = {
            "licence": entry.licence.name,
            "terms": entry.licence.terms,
            "how": how,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            self._notes.change(lambda found: found.__setitem__(entry.name, record))
        except OSError as error:
            log.warning("%s cannot be written: %s", self._notes.path, error)
            raise OutputError(
                f"That the licence of {entry.title} was accepted cannot be recorded: its folder may not be written to. "
                f"Name another with RECAST_HOME, or accept by {VARIABLE}."
            ) from error
