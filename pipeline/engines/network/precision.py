"""Half precision is used only where it gives the face that single precision gives: on some GPUs faces "melt"."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from pipeline.errors import DeviceMemory
from pipeline.models.catalogue import ModelEntry
from pipeline.models.library import Library
from pipeline.models.session import Session
from pipeline.types import FloatArray

log = logging.getLogger(__name__)

TOLERANCE, PATCH = 0.015, 0.06
"""Difference of the outputs in the mean, and in the worst part of the face, in parts of the range 0 to 1, from which on
a face counts as melted. Rounding alone, at eleven bits of mantissa, is far from both."""
PART = 8
"""Pixels of a part's side."""
CHECKED = (1, 10, 100, 1000)
"""Calls whose first face is compared."""


class HalfPrecision:
    """A network in half precision, compared to a reference on real crops: the first, and now and then a later one. One
    face that is wrong, or no number at all, and the reference takes its place."""

    def __init__(self, half: Session, reference: Callable[[], Session]) -> None:
        """
        Args:
            reference: opens the network that is right, if it may be slow: single precision, or the CPU.
        """
        self._half, self._open = half, reference
        self._lock = threading.Lock()
        self._calls = 0
        self.note: str | None = None

    def __call__(self, **inputs: FloatArray) -> tuple[FloatArray, ...]:
        """As `Session`."""
        if self.note is None:
            outputs = self._half(**inputs)
            with self._lock:
                if self.note is None and not self._right(outputs[0], inputs):
                    self._give_up()
            if self.note is None:
                return outputs
        return self._open()(**inputs)

    def _right(self, output: FloatArray, inputs: dict[str, FloatArray]) -> bool:
        self._calls += 1
        if self._calls not in CHECKED:
            return bool(np.isfinite(output).all())
        wanted = self._open()(**{name: value[:1] for name, value in inputs.items()})[0]
        return bool(np.isfinite(output).all()) and sound(output[:1], wanted)

    def _give_up(self) -> None:
        other = self._open()
        self.note = (
            f"{self._half.path.stem} gives wrong faces in half precision on this {self._half.device} "
            f"device; {other.path.stem} on {other.device} is used instead."
        )
        log.warning("%s", self.note)


def reference(library: Library, half: ModelEntry) -> Session:
    """What a network in half precision has to agree with: the one in single precision if it is here, else itself on the
    CPU, which works in single precision inside, or near enough to it (see `pipeline.models.trial`)."""
    single = library.entry(half.half_of) if half.half_of is not None else None
    if single is None or library.store.find(single) is None:
        return library.session(half.name, "cpu")
    try:
        return library.session(single.name)
    except DeviceMemory:
        # The one in half precision fits, which may be why it was chosen.
        return library.session(single.name, "cpu")


def sound(half: FloatArray, reference: FloatArray) -> bool:
    """Whether an output ``(n, c, h, w)`` is the reference's but for rounding."""
    if not np.isfinite(half).all():
        return False
    off = np.abs(half - reference)
    rows, columns = (side - side % PART for side in off.shape[2:])
    parts = off[..., :rows, :columns].reshape(*off.shape[:2], rows // PART, PART, columns // PART, PART).mean((1, 3, 5))
    return float(off.mean()) < TOLERANCE and float(parts.max()) < PATCH
