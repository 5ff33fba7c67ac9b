"""What a process that renders does. It is begun by `pipeline.processes.worker`, and ends with the one that began it.

It keeps identities no longer than it is told to, and writes nothing anywhere.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from pipeline.engines.mesh import MeshEngine
from pipeline.mesh.front import find_front
from pipeline.processes.row import rendered
from pipeline.processes.wire import Answer, Forget, Gone, Learn, Line, Ready, Rows, Said, Stop
from pipeline.types import Identity
from pipeline.wardrobe import Wardrobe

_EXPENDABLE = "500"
"""Where memory runs out, the system ends one of these rather than the server."""


class _Log(logging.Handler):
    """Keeps what is logged until it can be told."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._said: list[Said] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info))
        self._said.append(Said(record.name, record.levelno, text))

    def taken(self) -> tuple[Said, ...]:
        said, self._said = tuple(self._said), []
        return said


def main(descriptor: int) -> None:
    """Entry of the process.

    Args:
        descriptor: of the socket that it is spoken to over.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _offer()
    log = _Log()
    logging.basicConfig(level=logging.INFO, handlers=[log])
    line = Line(socket.socket(fileno=descriptor))
    wardrobe = Wardrobe(MeshEngine())
    identities: dict[int, Identity] = {}
    try:
        _warm()
        line.say(Ready())
        while True:
            message = line.hear()
            if isinstance(message, Learn):
                # It only stands for the one that is known elsewhere: no photo comes here.
                identities[message.number] = Identity((), np.zeros(128, np.float32))
                wardrobe.take(identities[message.number], message.prepared)
            elif isinstance(message, Forget):
                for number in message.numbers:
                    identities.pop(number, None)
            elif isinstance(message, Rows):
                line.say(_answer(message, identities, wardrobe, line, log))
            # Else it is `Stop`, for a row that was finished before that was heard.
            del message
    except Gone:
        pass
    # Nothing here is worth tidying up.
    os._exit(0)


def _answer(rows: Rows, identities: dict[int, Identity], wardrobe: Wardrobe, line: Line, log: _Log) -> Answer:
    begin = time.perf_counter()
    done, failed = None, None
    try:
        done = rendered(rows, identities, wardrobe, lambda: _stopped(line))
    except Gone:
        raise
    except BaseException as error:
        failed = _sendable(error)
    return Answer(done, failed, time.perf_counter() - begin, log.taken())


def _stopped(line: Line) -> bool:
    return line.waits(0.0) and isinstance(line.hear(), Stop)


def _sendable(error: BaseException) -> BaseException:
    """The error itself, with its trace as a note; where it cannot be sent, its words."""
    told = "".join(traceback.format_exception(error))
    error.__traceback__ = None
    error.__cause__ = error.__context__ = None
    error.add_note(f"In a process that renders:\n{told}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(told)
    return error


def _warm() -> None:
    """Load what the first face would wait for."""
    texels = np.zeros((96, 96, 3), np.uint8)
    find_front(texels, texels[..., 0], np.zeros((96, 96), np.float32))


def _offer() -> None:
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_EXPENDABLE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
