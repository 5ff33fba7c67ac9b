"""What can be known to be refused before any work is done. Who is in a target is looked at later, frame by frame."""

from __future__ import annotations

import math
import threading

from pipeline.media import spread
from pipeline.media.cancelling import until_cancelled
from pipeline.options import Options
from pipeline.policy import Policy
from pipeline.types import Cast, MediaInfo, MediaLimits

_LEAST_LOOKS, _MOST_LOOKS = 12, 240


def admit(
    policy: Policy,
    cast: Cast,
    info: MediaInfo,
    options: Options,
    limits: MediaLimits,
    cancel: threading.Event | None = None,
) -> None:
    """Look at every source of a cast, and at the target: at a frame of each second of it, within bounds.

    Raises:
        Refused: the operator does not allow one of them.
        Cancelled: `cancel` was set.
    """
    for identity in (cast.everyone, *(role.identity for role in cast.roles)):
        if identity is not None:
            policy.check_source(identity)
    if policy.looks_at_content:
        looks = min(_MOST_LOOKS, max(_LEAST_LOOKS, math.ceil(info.duration or 0)))
        for frame in until_cancelled(spread(info, limits, looks, options.start, options.end, thorough=True), cancel):
            policy.check_content(frame.image())
