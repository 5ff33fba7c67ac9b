"""Counting a running job: progress with rate and remaining time, a preview now and then, and what to tell
afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.media.transparency import cover_of, on_squares
from pipeline.pace import Pace
from pipeline.report import Progress, ProgressCallback
from pipeline.types import Frame, ImageArray

PREVIEW_WIDTH = 640
PREVIEW_EVERY, REPORT_EVERY = 1.0, 0.1
"""Seconds between previews, and between reports."""
GAP = 15
"""Runs without a face shorter than this many frames are not worth a note."""


class Ledger:
    """One for each run; used by one thread.

    Attributes:
        done: frames finished. changed: frames in which a face was replaced. faces: faces replaced.
        anyone: whether any face at all was seen.
    """

    def __init__(self, stage: str, total: int | None, progress: ProgressCallback | None) -> None:
        self._stage, self._total, self._progress = stage, total, progress
        self._pace = Pace()
        self._reported = self._previewed = -1.0
        self._gaps: list[tuple[int, int]] = []
        self._gap_start: int | None = None
        self.done = self.changed = self.faces = 0
        self.anyone = False
        if progress is not None:
            progress(Progress(stage, 0, total))

    def advance(self, frame: Frame | None = None, changed: int = 0, anyone: bool = True) -> None:
        """One more frame is finished; `frame` is shown as the preview when one is due."""
        self.anyone = self.anyone or anyone
        if anyone and self._gap_start is not None:
            self._close_gap()
        elif not anyone and self._gap_start is None:
            self._gap_start = self.done
        self.done += 1
        self.changed += changed > 0
        self.faces += changed
        if self._progress is not None:
            self._report(frame)

    def replay(self, changed: Sequence[int], anyone: Sequence[bool]) -> None:
        """Frames that were finished before, by their faces changed and whether any was seen; they took no time now."""
        progress, self._progress = self._progress, None
        for faces, some in zip(changed, anyone, strict=True):
            self.advance(None, faces, some)
        self._progress = progress
        self._pace = Pace()
        if progress is not None:
            total = None if self._total is None else max(self._total, self.done)
            progress(Progress(self._stage, self.done, total))

    def notes(self) -> tuple[str, ...]:
        """Where no face was seen, as sentences."""
        if self._gap_start is not None:
            self._close_gap()
        spans = [f"{a}-{b}" for a, b in self._gaps[:8]]
        if not spans:
            return ()
        more = f" and {len(self._gaps) - 8} more runs" if len(self._gaps) > 8 else ""
        return (f"No face in frames {', '.join(spans)}{more}.",)

    def _close_gap(self) -> None:
        assert self._gap_start is not None
        if self.done - self._gap_start >= GAP:
            self._gaps.append((self._gap_start, self.done - 1))
        self._gap_start = None

    def _report(self, frame: Frame | None) -> None:
        assert self._progress is not None
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY and self.done != self._total:
            return
        self._reported = now
        self._pace.mark(now, self.done)
        total = None if self._total is None else max(self._total, self.done)
        eta = None if total is None else self._pace.left(total)
        preview = None
        if frame is not None and now - self._previewed >= PREVIEW_EVERY:
            self._previewed, preview = now, _preview(frame)
        self._progress(Progress(self._stage, self.done, total, self._pace.rate, eta, preview))


def _preview(frame: Frame) -> ImageArray:
    image, cover = frame.image(), cover_of(frame)
    shrink = min(1.0, PREVIEW_WIDTH / image.shape[1])
    size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
    small: ImageArray = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if cover is not None:
        cover = np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), np.uint8)
    return on_squares(small, cover)
