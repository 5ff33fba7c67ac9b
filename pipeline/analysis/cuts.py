"""Where one shot ends and the next begins, from miniatures of consecutive frames."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

import cv2

from pipeline.types import FloatArray, ImageArray

CHANGE = 9.0
"""Grey levels that a miniature must change by, on the average, once its overall brightness is taken out."""

ALIKE = 0.55
"""Two miniatures that correlate better show the same place, however much brighter or darker."""

DOUBTFUL = 0.85
"""Two miniatures that correlate less, with half of `CHANGE` at least, may still show another face."""

PEAK = 2.5
"""A cut changes the picture so many times more than the frames before it did; a fast camera does not."""

FLAT = 6.0
"""Standard deviation in grey levels under which a miniature (a flash, a black frame) shows nothing."""


class CutFinder:
    """Tells the first frame of each shot. Looks back five frames, so the answer soon does not depend on the start."""

    def __init__(self) -> None:
        self._last: FloatArray | None = None
        self._changes: deque[float] = deque(maxlen=5)
        self.doubtful = False
        """Whether the last frame changed so much that it may be a cut all the same."""

    def __call__(self, luma: ImageArray) -> bool:
        """Whether the frame of this miniature (`Frame.luma`) begins another shot than the one before.

        Flashes and black frames are passed over: what comes after them is compared with what came before.
        """
        now = cv2.subtract(luma, cv2.mean(luma), dtype=cv2.CV_32F)
        spread = _spread(now)
        self.doubtful = False
        if spread < FLAT:
            return False
        last, self._last = self._last, now
        if last is None:
            return False
        change, cut = cv2.norm(now, last, cv2.NORM_L1) / now.size, False
        usual = median(self._changes) if self._changes else 0.0
        if change > max(CHANGE / 2, PEAK * usual):
            alike = float(now.ravel() @ last.ravel()) / now.size / (spread * _spread(last))
            cut, self.doubtful = change > CHANGE and alike < ALIKE, alike < DOUBTFUL
        if cut:
            self._changes.clear()
        else:
            self._changes.append(change)
        return cut


def _spread(miniature: FloatArray) -> float:
    """Standard deviation of values about 0."""
    return cv2.norm(miniature) / math.sqrt(miniature.size)
