"""A few values that were made lately, each for a few minutes at most."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The last `most` values by their keys, forgotten `seconds` after their last use. Thread-safe.

    Faces are personal: what is not asked for again goes by itself, not only when something else takes its place.
    """

    def __init__(self, most: int, seconds: float = 300.0) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._waiting = False

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of `key`; made where it is not there. Two callers at once may both make it."""
        with self._lock:
            if key in self._values:
                value, _ = self._values.pop(key)
                self._values[key] = (value, time.monotonic())
                return value
        value = make()
        with self._lock:
            self._values[key] = (value, time.monotonic())
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            self._look_again(self._seconds + 1)
        return value

    def __len__(self) -> int:
        return len(self._values)

    def _look_again(self, seconds: float) -> None:
        """Clear after so long, unless that is due already. With the lock: a timer is a thread, and one is enough."""
        if self._waiting:
            return
        timer = threading.Timer(seconds, self._clear)
        timer.daemon = True
        timer.start()
        self._waiting = True

    def _clear(self) -> None:
        old = time.monotonic() - self._seconds
        with self._lock:
            self._waiting = False
            while self._values:
                key = next(iter(self._values))
                if self._values[key][1] > old:
                    # It was used since: it will be looked at again when its time is over.
                    self._look_again(self._values[key][1] - old + 1)
                    return
                del self._values[key]
