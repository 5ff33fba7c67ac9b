"""SMPTE timecode: what an edit knows the frames of a recording by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

_FORM = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_DAY = 24 * 60


def timecode_of(*tags: Mapping[str, str]) -> str:
    """The timecode of the first frame, as the first of some descriptions has it that has one; else ``""``."""
    for each in tags:
        for key, value in each.items():
            if key.lower() == "timecode" and _FORM.fullmatch(value):
                return value
    return ""


def later(timecode: str, frames: int, rate: Fraction) -> str:
    """The timecode `frames` after `timecode`, at `rate` frames a second.

    Where the last mark is ``;`` or ``.``, numbers are dropped as SMPTE ST 12-1 has it: at 29.97 frames a second the
    first two of each minute but every tenth, at 59.94 the first four.
    """
    found = _FORM.fullmatch(timecode)
    if found is None or not frames:
        return timecode
    hours, minutes, seconds, mark, frame = (part if part in ":;." else int(part) for part in found.groups())
    whole = max(1, round(rate))
    # Of other rates there are none to drop, whatever a file's mark says.
    dropped = whole // 15 if mark != ":" and whole % 30 == 0 else 0
    minute, ten_minutes = whole * 60 - dropped, whole * 600 - 9 * dropped

    passed = int(hours) * 60 + int(minutes)
    number = (passed * 60 + int(seconds)) * whole + int(frame) - dropped * (passed - passed // 10) + frames
    tens, rest = divmod(number % (ten_minutes * _DAY // 10), ten_minutes)
    # The first minute of ten is whole; of the others the first numbers are left out.
    within = 0 if rest < whole * 60 else 1 + (rest - whole * 60) // minute
    number = tens * whole * 600 + rest + dropped * within
    seconds, frame = divmod(number, whole)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frame:02}"
