"""What this process and those that render for it say to each other, over a pair of sockets that nobody else has.

A message is its length and a pickle. Both ends are Recast itself.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
from dataclasses import dataclass
from typing import Any

from pipeline.anchors import Memory
from pipeline.media.planes import Samples
from pipeline.media.window import Window
from pipeline.options import Options, PaintedMask
from pipeline.types import Face

_LENGTH = struct.Struct("<Q")
_MOST = 1 << 40


class Gone(Exception):
    """The other end has ended."""


@dataclass(frozen=True)
class Ready:
    """Everything is loaded. The first thing that a process says."""


@dataclass(frozen=True, eq=False)
class Learn:
    """What the engine made of an identity, and the number that this goes by from here on."""

    number: int
    prepared: Any


@dataclass(frozen=True)
class Forget:
    """Identities that are not needed any more."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Stop:
    """The row that is being rendered is not wanted any more."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A face of a frame, the number of the identity that it gets, and where it stays as it is."""

    face: Face
    number: int
    painted: PaintedMask


@dataclass(frozen=True, eq=False)
class Piece:
    """A frame of a row.

    Attributes:
        wanted: whether it is rendered, rather than only read for those beside it.
        memory: what is known of it as an anchor already.
    """

    window: Window
    roles: tuple[Shown, ...]
    wanted: bool
    memory: Memory | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Frames to be rendered together, see `pipeline.rows.Row`."""

    options: Options
    trail: tuple[Piece, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class Changed:
    """What became of a frame: how many faces were changed, and the samples of its window where any was."""

    faces: int
    samples: tuple[Samples, ...]


@dataclass(frozen=True, eq=False)
class Rendered:
    """A finished row.

    Attributes:
        changed: for each frame that was wanted, in order.
        memories: what is known of its anchors, by the numbers of their frames.
    """

    changed: tuple[Changed, ...]
    memories: dict[int, Memory]


@dataclass(frozen=True)
class Said:
    """A line of the log."""

    logger: str
    level: int
    text: str


@dataclass(frozen=True, eq=False)
class Answer:
    """What became of a row.

    Attributes:
        rendered: ``None`` where it failed, or was not wanted any more.
        error: what was raised.
        seconds: that it took.
    """

    rendered: Rendered | None
    error: BaseException | None
    seconds: float
    said: tuple[Said, ...] = ()


class Line:
    """One end. For one thread at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def say(self, message: Any) -> None:
        """
        Raises:
            Gone: nobody is there to hear it, or takes it.
        """
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            self._end.sendall(_LENGTH.pack(len(data)) + data if len(data) < 4096 else _LENGTH.pack(len(data)))
            if len(data) >= 4096:
                self._end.sendall(data)
        except OSError as error:
            raise Gone from error

    def hear(self) -> Any:
        """The next message, waited for.

        Raises:
            Gone: the other end has ended, or does not go on.
        """
        (length,) = _LENGTH.unpack(self._taken(_LENGTH.size))
        if length > _MOST:
            raise Gone
        return pickle.loads(self._taken(length))

    def waits(self, seconds: float) -> bool:
        """Whether there is something to hear, at latest after so many seconds: a message, or that the other end has
        ended."""
        try:
            return bool(select.select([self._end], [], [], seconds)[0])
        except (OSError, ValueError) as error:
            raise Gone from error

    def bounded(self, seconds: float) -> None:
        """Give up on an end that takes or gives nothing for so many seconds in the middle of a message."""
        self._end.settimeout(seconds)

    def close(self) -> None:
        self._end.close()

    def _taken(self, count: int) -> bytearray:
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            try:
                new = self._end.recv_into(view[got:], 0, socket.MSG_WAITALL)
            except OSError as error:
                raise Gone from error
            if new == 0:
                raise Gone
            got += new
        return data
