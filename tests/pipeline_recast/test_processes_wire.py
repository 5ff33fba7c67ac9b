"""What is said between this process and those that render: all of it, or that nobody is there."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import threading

import numpy as np
import pytest

from pipeline.errors import IdentityRefused
from pipeline.processes.child import _sendable
from pipeline.processes.wire import Gone, Line
from pipeline.processes.worker import Worker

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are handed to processes")

PATIENCE = 90.0


def test_errors_and_their_codes_come_across() -> None:
    error = pickle.loads(pickle.dumps(_sendable(IdentityRefused("Not this one."))))
    assert isinstance(error, IdentityRefused)
    assert (error.code, str(error)) == ("identity_refused", "Not this one.")

    class Odd(Exception):
        """Cannot be sent, as nobody else knows it."""

    odd = _sendable(Odd("strange"))
    assert type(odd) is RuntimeError
    assert "strange" in str(odd)


def test_a_line_says_when_nobody_is_there() -> None:
    ours, theirs = socket.socketpair()
    line, other = Line(ours), Line(theirs)
    line.bounded(PATIENCE)
    large = np.arange(3_000_000)
    saying = threading.Thread(target=other.say, args=(large,), daemon=True)
    saying.start()
    assert np.array_equal(line.hear(), large)
    saying.join(PATIENCE)
    assert not line.waits(0.0)
    other.close()
    assert line.waits(PATIENCE)
    with pytest.raises(Gone):
        line.hear()
    with pytest.raises(Gone):
        for _ in range(100):
            line.say(large)
    line.close()


def test_one_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.processes.worker.START_UP", 0.0)
    worker = Worker()
    try:
        os.kill(worker.number, signal.SIGSTOP)
        with pytest.raises(Gone):
            worker.ready()
    finally:
        assert worker.end() == -signal.SIGKILL
