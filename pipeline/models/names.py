"""The engines that can be chosen on this machine. Kept apart and light: every way into Recast asks for it."""

from __future__ import annotations

from pipeline.options import ENGINES


def engine_names() -> tuple[str, ...]:
    """The embedded engine first, then the networks of the catalogue, then the user's own."""
    from pipeline.models.folders import folders
    from pipeline.models.user import user_entries

    own = tuple(entry.name for entry in user_entries(folders().entries) if entry.kind == "swap")
    return (*ENGINES, *own)
