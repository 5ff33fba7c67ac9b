"""An entry in plain values, for interfaces."""

from __future__ import annotations

from typing import Any

from pipeline.models.catalogue import ModelEntry
from pipeline.models.store import Store


def describe(store: Store, entry: ModelEntry) -> dict[str, Any]:
    """What an entry is, where it comes from, on which terms, and whether it is here.

    `to_accept` lists what has to be agreed to before it is fetched, its needs included, as the licence's name and
    words. `ready`: it and all that it needs are here.
    """
    path = store.find(entry)
    missing = [part for part in store.with_needs(entry) if store.find(part) is None]
    return {
        "name": entry.name, "title": entry.title, "kind": entry.kind, "origin": entry.origin,
        "repository": entry.repository, "revision": entry.revision, "file": entry.file,
        "licence": entry.licence.name, "terms": entry.licence.terms, "about_licence": entry.licence.words,
        "accepted": store.licences.accepted(entry), "needs": list(entry.needs),
        "missing": [part.name for part in missing],
        "to_accept": [
            {"title": part.title, "licence": part.licence.name, "words": part.licence.words}
            for part in missing if not store.licences.accepted(part)
        ],
        "sha256": store.checksums.pinned(entry), "installed": path is not None, "ready": not missing,
        "own": entry.local is None and path is not None and store.folders.own in path.parents,
        "bytes": path.stat().st_size if path is not None else entry.size,
        "path": str(path) if path is not None else None,
    }  # fmt: skip
