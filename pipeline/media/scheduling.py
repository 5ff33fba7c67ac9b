"""Encoders' threads share the processor like all others.

SVT-AV1 makes its threads real-time ones where it may, and the thread that opens it as well. Whoever runs as root, as
containers do, then has nothing but an encoder for as long as it works, and all that this thread starts later inherits
it: a browser or a server that waits for another process by spinning waits for ever.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")


def share_the_processor() -> None:
    """Put every thread of this process that is a real-time one back among the others. Does nothing but on Linux."""
    if not _THREADS.is_dir():
        return
    for thread in _THREADS.iterdir():
        # It may be gone by now.
        with suppress(OSError):
            if os.sched_getscheduler(int(thread.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
