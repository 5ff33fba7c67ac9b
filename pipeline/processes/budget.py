"""How many processes are worth having here: what cores and memory allow, or what the operator says."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import OptionError

SWITCH = "RECAST_PROCESSES"
_AUTO = "auto"
MOST = 6
"""Processes beyond which the one that reads, analyses and writes cannot keep them busy."""
LEAST_CORES = 4
"""Where there are fewer, threads of one process keep them busy: there, what is read twice costs more than is gained."""
EACH = 400 << 20
"""Bytes of memory that a process is counted with. It uses 200 MB with one face, and 270 with four large ones; see
`python -m benchmarks.processes`."""
ENOUGH = 120
"""Frames from which on a film is worth beginning processes, each of which takes two thirds of a second of a core."""
_GROUPS = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")


def wanted(environment: Mapping[str, str] = os.environ) -> int | None:
    """How many the operator wants; ``None`` where that is left to Recast.

    Raises:
        OptionError: the variable is neither ``auto`` nor a number.
    """
    text = environment.get(SWITCH, "").strip().lower()
    if text in ("", _AUTO):
        return None
    if not text.isdecimal() or int(text) > 1000:
        raise OptionError(f"{SWITCH} has to be {_AUTO}, or how many processes render a film; 0 for none.")
    return int(text)


def affordable(cores: float, memory: int | None) -> int:
    """How many processes so many cores, and so many bytes of memory that are free, are good for.

    One core is left to reading, analysing and writing, and half of the free memory is left alone. A single process is
    no quicker than threads are.
    """
    if cores < LEAST_CORES:
        return 0
    most = min(MOST, math.ceil(cores) - 1)
    if memory is not None:
        most = min(most, memory // 2 // EACH)
    return most if most > 1 else 0


def cores(groups: Path = _GROUPS) -> float:
    """Cores that this process may use: those of its affinity, and what its control group may take of them."""
    allowed = float(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    for folder in _own_groups(groups):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            allowed = min(allowed, int(quota) / int(period))
    return allowed


def free_memory(groups: Path = _GROUPS, machine: Path = _MEMORY) -> int | None:
    """Bytes that can be had without anybody being killed for them; ``None`` where the system does not say."""
    found = []
    for line in _read(machine).splitlines():
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024)
    for folder in _own_groups(groups):
        limit, used = _read(folder / "memory.max"), _read(folder / "memory.current")
        if limit.isdecimal() and used.isdecimal():
            # What is cached of files goes first when memory is short.
            cached = dict(line.split() for line in _read(folder / "memory.stat").splitlines() if line.count(" ") == 1)
            found.append(max(0, int(limit) - int(used) + int(cached.get("inactive_file", 0))))
    return min(found, default=None)


def _own_groups(root: Path) -> list[Path]:
    """Folders of this process's control group and of those around it (version 2); in a container that is the root."""
    own = next((line[3:] for line in _read(Path("/proc/self/cgroup")).splitlines() if line.startswith("0::")), "/")
    folder = root / own.lstrip("/")
    inside = folder if folder.is_dir() else root
    return [inside, *(above for above in inside.parents if above.is_relative_to(root))]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
