"""The most memory that a process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak() -> int:
    """Bytes that this process held at most since its program began.

    On Linux not what `getrusage` says: that begins with what the process held from which this one was started.
    """
    if sys.platform == "linux":
        told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(told["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
