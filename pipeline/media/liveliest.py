"""Which part of a video something happens in."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np

from pipeline.media.cancelling import until_cancelled
from pipeline.media.open import open_target
from pipeline.types import MediaInfo, MediaLimits

_LOOKS, _LOOK, _AT_ONCE = 7, 0.8, 45.0
"""Places of a video that are looked at for movement, seconds at each, and up to how many seconds all of it is read
instead: to reach a place, everything since the key frame before it has to be decoded."""
_CLEARLY = 1.3
"""How much more has to move elsewhere for a preview not to show the middle."""


def liveliest(info: MediaInfo, seconds: float, limits: MediaLimits, cancel: threading.Event | None) -> float | None:
    """Where a part of so many seconds should begin; ``None`` for the beginning of what is not longer anyway."""
    if info.duration is None or info.duration <= seconds:
        return None
    room = info.duration - seconds
    starts = [room * place / (_LOOKS - 1) for place in range(_LOOKS)]
    middle = _LOOKS // 2
    centres = [start + seconds / 2 for start in starts]
    if info.duration <= _AT_ONCE:
        changes = _changes(info, 0.0, info.duration, limits, cancel)
        moving = [_median([c for time, c in changes if abs(time - centre) <= seconds / 2]) for centre in centres]
    else:
        parts = [(max(0.0, centre - _LOOK / 2), centre + _LOOK / 2) for centre in centres]
        moving = [_median([c for _, c in _changes(info, *part, limits, cancel)]) for part in parts]
    best = max(range(_LOOKS), key=lambda place: (moving[place], -abs(place - middle)))
    return starts[best if moving[best] > moving[middle] * _CLEARLY + 0.2 else middle]


def _changes(
    info: MediaInfo, start: float, end: float, limits: MediaLimits, cancel: threading.Event | None
) -> list[tuple[float, float]]:
    """How much changes from frame to frame in a part of a video, each with its time."""
    with open_target(info.path, info, start or None, end, limits) as reader:
        small = [(frame.time, frame.luma().astype(np.int16)) for frame in until_cancelled(reader, cancel)]
    return [(time, float(np.abs(after - before).mean())) for (_, before), (time, after) in pairwise(small)]


def _median(changes: list[float]) -> float:
    """What usually changes: a median, so that a cut is no movement."""
    return float(np.median(changes)) if changes else 0.0
