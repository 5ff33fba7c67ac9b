"""Half precision is used only where it gives the face that single precision gives: on some GPUs faces "melt"."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from pipeline.models.catalogue import ModelEntry
from pipeline.models.library import Library
from pipeline.models.session import Session
from pipeline.types import FloatArray

log = logging.getLogger(__name__)

TOLERANCE = 0.03
"""Mean difference of the outputs, in parts of the range 0 to 1, from which on a face counts as melted."""


class HalfPrecision:
    """A network in half precision, checked against a reference on the first real crop that it is given."""

    def __init__(self, half: Session, reference: Callable[[], Session]) -> None:
        """
        Args:
            reference: opens the network that is right, if it may be slow: single precision, or the CPU.
        """
        self._half, self._open = half, reference
        self._lock = threading.Lock()
        self._chosen: Session | None = None
        self.note: str | None = None

    def session(self, **inputs: FloatArray) -> Session:
        """The network to use: the one in half precision if it is sound.

        Args:
            inputs: of a real crop.
        """
        with self._lock:
            if self._chosen is None:
                reference = self._open()
                if sound(self._half(**inputs)[0], reference(**inputs)[0]):
                    self._chosen = self._half
                else:
                    self._chosen = reference
                    self.note = (
                        f"{self._half.path.stem} gives wrong faces in half precision on this {self._half.device} "
                        f"device; {reference.path.stem} on {reference.device} is used instead."
                    )
                    log.warning("%s", self.note)
            return self._chosen


def reference(library: Library, half: ModelEntry) -> Session:
    """What a network in half precision has to agree with: the one in single precision if it is here, else itself on the
    CPU, which works in single precision inside, or near enough to it (see `pipeline.models.trial`)."""
    single = library.entry(half.half_of) if half.half_of is not None else None
    if single is not None and library.store.find(single) is not None:
        return library.session(single.name)
    return library.session(half.name, "cpu")


def sound(half: FloatArray, reference: FloatArray) -> bool:
    """Whether an output is the reference's but for rounding."""
    if not np.isfinite(half).all():
        return False
    return float(np.abs(half - reference).mean()) < TOLERANCE
