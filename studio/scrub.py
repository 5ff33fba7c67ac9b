"""Single frames of a video, the next one sooner than the first: the decoder stays where it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import CorruptMedia
from pipeline.media import open_target
from pipeline.media.stills import Reader
from pipeline.types import Frame, MediaInfo, MediaLimits
from studio.pictures import Still

NEAR = 4.0
"""Seconds of a video that are sooner decoded than searched for."""
_GRACE = 1e-4


class Scrubber:
    """Frames of a video or animation by their moments. Thread-safe; one frame at a time.

    Who moves on through a film, a little at a time, would otherwise have everything decoded again since the last key
    frame, which may be ten seconds away.
    """

    def __init__(self, path: Path, info: MediaInfo, limits: MediaLimits) -> None:
        self._path, self._info, self._limits = path, info, limits
        self._lock = threading.Lock()
        self._opened: Reader | None = None
        self._frames: Iterator[Frame] = iter(())
        self._time = float("inf")

    def at(self, moment: float) -> Still:
        """The first frame at or after `moment` seconds; the last one where there is none.

        Raises:
            OptionError: it is after the end.
            CorruptMedia: there is no frame there.
        """
        with self._lock:
            if not self._time < moment <= self._time + NEAR:
                self._open(moment)
            found = self._next(moment)
            if found is None or found.time < moment - _GRACE:
                # The last one is shown until the end, and begins before it.
                self._open(max(0.0, moment - NEAR))
                found = self._next(moment) or found
                self._time = float("inf")
            if found is None:
                raise CorruptMedia()
            return Still.of(found)

    def _next(self, moment: float) -> Frame | None:
        """The next frame at or after `moment`, or else the last one; ``None`` where there is none any more."""
        frame: Frame | None = None
        for frame in self._frames:
            self._time = frame.time
            if frame.time >= moment - _GRACE:
                break
        return frame

    def _open(self, moment: float) -> None:
        self.close()
        opened = open_target(self._path, self._info, start=moment or None, limits=self._limits)
        self._opened, self._frames = opened, iter(opened.__enter__())

    def close(self) -> None:
        """Let go of the file."""
        opened, self._opened, self._time = self._opened, None, float("inf")
        if opened is not None:
            opened.__exit__(None, None, None)

    def __del__(self) -> None:
        self.close()
