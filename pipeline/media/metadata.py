"""Descriptions that may go from a target into a result: those of the work, none of a person or a place."""

from __future__ import annotations

from collections.abc import Mapping

_CONTAINER = frozenset(
    (
        "title", "artist", "album", "album_artist", "composer", "genre", "date", "year", "comment", "description",
        "synopsis", "copyright", "show", "season_number", "episode_id", "episode_sort", "network", "track", "disc",
        "creation_time", "language", "publisher",
    )
)  # fmt: skip
_STREAM = frozenset(("language", "title", "handler_name"))

MP4_KEYS = frozenset(
    (
        "title", "artist", "album", "album_artist", "composer", "genre", "date", "comment", "description", "synopsis",
        "copyright", "show", "network", "track", "disc", "creation_time", "episode_id", "season_number", "episode_sort",
    )
)  # fmt: skip
"""Names that MP4's usual metadata list holds; others need QuickTime's list of free names."""


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The container's descriptions without places, devices and software: only names on a list are kept."""
    return {key: value for key, value in tags.items() if key.lower() in _CONTAINER}


def kept_stream_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """A stream's language and title."""
    return {key: value for key, value in tags.items() if key.lower() in _STREAM}
