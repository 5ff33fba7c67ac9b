"""ZIPs of frames that were sent to the studio: unpacked beside them, once, and gone with them."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from pipeline.media.archive import is_archive, unpack, unpacked
from pipeline.types import MediaLimits
from studio.jobs.files import remove

UNPACKED = 4
"""What is unpacked may be so many times the largest upload."""
AT_ONCE = 2
"""ZIPs that are unpacked at a time."""


def place_of(path: Path) -> Path:
    """The folder of the frames in a ZIP: beside it, and hidden. Its name is no longer than names may be."""
    return path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.frames")


class Unpacker:
    """Thread-safe.

    Args:
        limits: on what is opened.
        most: bytes that the frames of a ZIP may have.
        spare: bytes of the disk that are left free.
    """

    def __init__(self, limits: MediaLimits, most: int, spare: int) -> None:
        self._limits, self._most, self._spare = limits, most, spare
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def film(self, path: Path) -> Path:
        """`path`; for a ZIP of frames, the name that those share once they are unpacked (see `Numbering`).

        Raises:
            InputError: it cannot be unpacked, see `pipeline.media.archive.unpack`.
        """
        if not is_archive(path):
            return path
        place = place_of(path)
        if (found := unpacked(place)) is not None:
            return found
        with self._turns:
            part = place.with_name(f"{place.name}.{secrets.token_hex(4)}")
            pattern = unpack(path, part, self._limits, self._most, self._spare)
            # Somebody else may have been quicker.
            with suppress(OSError):
                part.rename(place)
            remove(part)
        return unpacked(place) or place / pattern.name
