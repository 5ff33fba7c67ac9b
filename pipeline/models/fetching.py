"""Downloads that go on by themselves, for whoever wants to look how far they are."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from pipeline.errors import LicenceNotAccepted, RecastError
from pipeline.models.catalogue import ModelEntry
from pipeline.models.download import Fetching
from pipeline.models.store import Store

log = logging.getLogger(__name__)

FAULT = "Something went wrong inside Recast; its log says what."


@dataclass(frozen=True)
class _State:
    done: int = 0
    total: int | None = None
    part: str = ""
    error: str = ""
    running: bool = True


class Fetcher:
    """Fetches entries and what they need, each once at a time, in threads of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def start(self, entry: ModelEntry) -> None:
        """Begin to fetch an entry and what it needs, unless that is under way.

        Raises:
            LicenceNotAccepted: one of their licences was not accepted.
        """
        for part in self._store.with_needs(entry):
            if self._store.find(part) is None and not self._store.licences.accepted(part):
                raise LicenceNotAccepted(f"The licence of {part.title} has to be accepted first.")
        with self._lock:
            state = self._states.get(entry.name)
            if state is not None and state.running:
                return
            self._states[entry.name] = _State(part=entry.title)
        threading.Thread(target=self._fetch, args=(entry,), name=f"fetch {entry.name}", daemon=True).start()

    def state(self, name: str) -> dict[str, Any] | None:
        """How far a download is, or why the last one failed; ``None`` where there is nothing to say."""
        with self._lock:
            state = self._states.get(name)
        if state is None or (not state.running and not state.error):
            return None
        return {"running": state.running, "done": state.done, "total": state.total, "part": state.part,
                "error": state.error}  # fmt: skip

    def _fetch(self, entry: ModelEntry) -> None:
        error = ""
        try:
            for part in self._store.with_needs(entry):
                self._store.get(part, lambda moment, title=part.title: self._moved(entry.name, title, moment))  # type: ignore[misc]
        except RecastError as failure:
            error = str(failure)
        except Exception:
            log.exception("fetching %s failed", entry.name)
            error = FAULT
        self._set(entry.name, _State(error=error, running=False))

    def _moved(self, name: str, title: str, moment: Fetching) -> None:
        self._set(name, _State(moment.done, moment.total, title))

    def _set(self, name: str, state: _State) -> None:
        with self._lock:
            self._states[name] = state
