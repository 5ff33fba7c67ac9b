"""When the detector looks for new faces, and how small ones.

Every `interval` frames, counted from the target's beginning so that it does not matter where a segment starts; every
few times more thoroughly. A picture in which nobody was found and nothing has changed since is not searched again,
however often it is due, but for a thorough look every few hundred frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from pipeline.types import Frame, ImageArray

SMALL, SMALLER = 28, 52
"""The smallest faces looked for are so many times smaller than the frame is long: each time, and now and then."""

THOROUGH = 6
"""Every so many looks are thorough ones."""

ANYWAY = 5
"""Of these, every so many are carried out whatever the picture shows."""

SIDE = 160
"""Longer side of the miniature by which pictures are told apart: three of its places are the smallest face's width."""

UNMOVED = 2.5
"""Grey levels by which no part of the miniature of that size differs in a picture that nobody has come into."""


@dataclass(frozen=True)
class Look:
    """How the detector is to look.

    Attributes:
        least: width in pixels of the smallest face.
        turns: whether also for turned faces.
    """

    least: float
    turns: bool


@dataclass(frozen=True, eq=False)
class _Empty:
    """A picture in which nobody was found: its miniature, and whether it was looked at thoroughly."""

    luma: ImageArray
    thorough: bool


class Watch:
    """Decides for the frames of one run through a video, in order. Not to be shared by threads."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self._empty: _Empty | None = None

    def due(self, frame: Frame, followed: bool) -> bool:
        """Whether it is time to look, and there may be somebody new to be seen.

        Args:
            followed: whether anybody is followed.
        """
        if frame.index % self._interval:
            return False
        thorough = self._thorough(frame)
        if followed or self._empty is None or (thorough and not self._empty.thorough):
            return True
        if frame.index % (ANYWAY * THOROUGH * self._interval) == 0:
            return True
        return not _unmoved(_miniature(frame), self._empty.luma)

    def look(self, frame: Frame, followed: bool, starts: bool) -> Look:
        """How to look now: for smaller faces now and then, and then for turned ones beside those already known too.

        Args:
            followed: whether anybody is followed.
            starts: whether a shot begins.
        """
        thorough = starts or self._thorough(frame)
        return Look(max(frame.width, frame.height) / (SMALLER if thorough else SMALL), thorough or not followed)

    def saw(self, frame: Frame, anyone: bool, starts: bool) -> None:
        """Take what a look has found.

        Args:
            anyone: whether somebody was seen, or is followed.
            starts: whether a shot begins.
        """
        self._empty = None if anyone else _Empty(_miniature(frame), starts or self._thorough(frame))

    def _thorough(self, frame: Frame) -> bool:
        return frame.index % (THOROUGH * self._interval) == 0


def _miniature(frame: Frame) -> ImageArray:
    scale = min(1.0, SIDE / max(frame.width, frame.height))
    return frame.small_luma((max(1, round(frame.width * scale)), max(1, round(frame.height * scale))))


def _unmoved(now: ImageArray, before: ImageArray) -> bool:
    if now.shape != before.shape:
        return False
    # Means over as much as the smallest face takes: grain is gone there, and a face is not.
    change = cv2.boxFilter(cv2.subtract(now, before, dtype=cv2.CV_32F), -1, (3, 3))
    return float(cv2.norm(change, cv2.NORM_INF)) < UNMOVED
