"""What NVIDIA's own report says of the first card that CUDA may use: once, or all the time while something runs."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import threading
from collections.abc import Iterator
from typing import Self

SAMPLE = 100
"""Milliseconds between two looks at the card."""
_NAN = float("nan")


def card(what: str) -> list[str] | None:
    """Fields of the first card; ``None`` where there is none."""
    try:
        answer = subprocess.run(_words(what), capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return [field.strip() for field in answer.splitlines()[0].split(",")]


def memory() -> float:
    """Megabytes in use on the card now; NaN where there is none."""
    found = card("memory.used")
    return float(found[0]) if found else _NAN


class Watch:
    """Looks at the card while a block runs: one process of NVIDIA's, so that the looking costs nothing."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []

    @contextlib.contextmanager
    def looking(self) -> Iterator[Self]:
        words = [*_words("utilization.gpu,memory.used"), f"--loop-ms={SAMPLE}"]
        # To a terminal each line is written as it comes; to a pipe, not before kilobytes have come together.
        ours, theirs = os.openpty()
        try:
            looker = subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        except OSError:
            os.close(ours)
            yield self
            return
        finally:
            os.close(theirs)
        reading = threading.Thread(target=self._read, args=(ours,), daemon=True)
        reading.start()
        try:
            yield self
        finally:
            looker.terminate()
            try:
                looker.wait(10)
            except subprocess.TimeoutExpired:
                looker.kill()
                looker.wait(10)
            reading.join(10)

    def _read(self, ours: int) -> None:
        # The terminal ends with an error once nobody writes to it.
        with contextlib.suppress(OSError), os.fdopen(ours) as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    busy, used = (float(field) for field in line.split(","))
                    self._seen.append((busy, used))

    @property
    def busy(self) -> float:
        """Share of the time that the card was, 0 to 1, without the first and the last look; NaN where there is none."""
        inner = self._seen[1:-1] or self._seen
        return statistics.fmean(share for share, _ in inner) / 100 if inner else _NAN

    @property
    def memory(self) -> float:
        """Megabytes in use on the card at most."""
        return max((used for _, used in self._seen), default=_NAN)


def _words(what: str) -> list[str]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip() or "0"
    return ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits", f"--id={visible}"]
