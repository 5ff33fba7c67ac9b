"""Frames until somebody cancels."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from pipeline.errors import Cancelled
from pipeline.types import Frame


def until_cancelled(frames: Iterable[Frame], cancel: threading.Event | None) -> Iterator[Frame]:
    """`frames`, looking at `cancel` before each is handed on.

    Raises:
        Cancelled: it was set.
    """
    for frame in frames:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        yield frame
