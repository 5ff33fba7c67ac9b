"""What is broken inside of a recording: of a broadcast's packets some are lost on the way, and decoders go on all the
same, with pictures that they piece together from what is left.

A player shows those. So does Recast, and tells where they are; it gives up where there is more damage than film. Other
files have been whole once, and damage in them is told at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Literal

import av

from pipeline.media.sniff import Demuxer

RECORDINGS: tuple[Demuxer, ...] = ("mpegts", "mpeg")
"""Containers without a head or an end: a recording of broadcasts stops where it was stopped."""
_TAIL = 2
"""Fields of the one frame that it may stop in."""
_BORNE = 12
"""Broken pictures that any stretch of a film may have..."""
_SHARE = 10
"""...and one in so many besides. With one in each group of pictures all of a film is full of blocks already."""
_BEFORE_KEY = 2
"""Packets from one that is marked as broken to a key frame where two recordings were joined: the mark stands one packet
before what it is for, and that is the last one of the first recording. Nothing is lost there; the clock tells such a
place from a loss."""
_GOES_ON = 3
"""Steps between two packets by which a clock goes on; a join makes it run back, or leap."""
_NEAR = 1.0
"""Seconds within which broken pictures are one place: one breaks those that are drawn after it."""
_TOLD = 3
"""Places that are told one by one."""

Verdict = Literal["refused", "shown", "left out"]


class Damage:
    """Counts the broken pictures of a stretch of film while it is decoded.

    Attributes:
        broken: their timestamps.
        stopped: whether the film stops in the middle of a frame.
    """

    def __init__(self, demuxer: Demuxer) -> None:
        self.broken: set[int] = set()
        self.stopped = False
        self._recording = demuxer in RECORDINGS
        self._ending = False
        self._last: set[int | None] = set()
        self._doubtful: list[tuple[int, int]] = []
        self._stamp: int | None = None
        self._step = 0

    def watched(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """The same packets; which are the last ones is known before they are decoded."""
        ahead: deque[av.Packet] = deque()
        for packet in packets:
            if not packet.size:
                self._ending = True
                self._last = {one.pts for one in ahead}
            ahead.append(packet)
            while len(ahead) > _TAIL or (ahead and self._ending):
                yield self._looked_at(ahead.popleft())
        while ahead:
            yield self._looked_at(ahead.popleft())

    def judge(self, pts: int | None) -> Verdict:
        """What becomes of a picture that the decoder calls broken, or cannot decode.

        Args:
            pts: its timestamp, or that of the packet on which the decoder gave up.
        """
        if not self._recording:
            return "refused"
        if self._ending and (pts is None or pts in self._last):
            self.stopped = True
            return "left out"
        if pts is not None:
            self.broken.add(pts)
        return "shown"

    def too_much(self, frames: int) -> bool:
        """Whether of so many frames by now too many are broken."""
        return len(self.broken) > _BORNE + frames // _SHARE

    def _looked_at(self, packet: av.Packet) -> av.Packet:
        """The demuxer knows where something was lost; not every decoder says."""
        if self._recording and packet.size:
            aged, going_on = [(pts, age + 1) for pts, age in self._doubtful], self._goes_on(packet)
            if going_on or not packet.is_keyframe:
                self.broken.update(pts for pts, age in aged if age == _BEFORE_KEY)
            self._doubtful = [(pts, age) for pts, age in aged if age < _BEFORE_KEY]
            if packet.is_corrupt and packet.pts is not None:
                self._doubtful.append((packet.pts, 0))
        return packet

    def _goes_on(self, packet: av.Packet) -> bool:
        """Whether a packet's time follows that of the one before."""
        before, self._stamp = self._stamp, packet.dts
        if before is None or packet.dts is None:
            return False
        step, usual = packet.dts - before, self._step
        if step > 0:
            self._step = step
        return 0 < step <= _GOES_ON * usual


def picture_notes(times: set[float]) -> tuple[str, ...]:
    """Sentences for the user.

    Args:
        times: seconds at which broken pictures are shown.
    """
    places = _places(times)
    if len(places) > _TOLD:
        return (
            f"The recording is damaged in {len(places)} places, the first at {places[0]:.2f} s: the pictures there are "
            "pieced together from what is left.",
        )
    return tuple(
        f"The recording is damaged at {time:.2f} s: the picture there is pieced together from what is left."
        for time in places
    )


def sound_notes(times: set[float]) -> tuple[str, ...]:
    """Sentences for the user.

    Args:
        times: seconds at which sound was left out.
    """
    places = _places(times)
    if len(places) > _TOLD:
        return (
            f"The recording's sound is damaged in {len(places)} places, the first at {places[0]:.2f} s: it is silent "
            "there for a moment.",
        )
    return tuple(
        f"The recording's sound is damaged at {time:.2f} s: it is silent there for a moment." for time in places
    )


def _places(times: set[float]) -> list[float]:
    """Where each begins; what is near belongs together."""
    places: list[float] = []
    last = float("-inf")
    for time in sorted(times):
        if time > last + _NEAR:
            places.append(time)
        last = time
    return places
