"""Memory of a process is its own, whatever that process was started from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.peak import peak

ROOT = Path(__file__).resolve().parents[2]
HELD = 100_000_000
CHILD = "import sys; from benchmarks.peak import peak; own = bytearray(int(sys.argv[1])); sys.stdout.write(str(peak()))"


def child(size: int) -> int:
    return int(subprocess.run(
        [sys.executable, "-c", CHILD, str(size)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout)  # fmt: skip


def test_a_process_counts_what_it_held_and_not_what_its_parent_did() -> None:
    mine = np.ones(HELD, np.uint8)
    assert peak() > mine.nbytes
    assert child(0) < HELD < child(HELD) - child(0) + 10_000_000
