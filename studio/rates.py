"""How often one client may ask, so that nobody keeps the others out."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import OrderedDict

_MOST_CLIENTS = 10_000
_CLASSES = (
    ("jobs", re.compile(r"^POST .*/(process|desk/jobs|desk/jobs/[^/]*/comparison)$")),
    ("previews", re.compile(r"^(POST|GET) .*/desk/(photo|target|people|frame|preview|painted)$")),
    ("uploads", re.compile(r"^POST .*/(upload|verify|studio/check)$")),
    ("logins", re.compile(r"^POST .*/login$")),
    ("live", re.compile(r"^GET .*/studio/live$")),
    ("looks", re.compile(r"^(GET .*/((status|events|download)/[^/]*|desk/jobs/.*)|POST .*/(queue/join|call/.+))$")),
)


class Rates:
    """Token buckets: each client may ask `limits[class]` times a minute, all at once if they like. Thread-safe."""

    def __init__(self, limits: dict[str, int]) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def wait(self, client: str, method: str, path: str) -> int:
        """Seconds until this request may be made; 0 counts it and lets it through."""
        kind = next((name for name, pattern in _CLASSES if pattern.match(f"{method} {path}")), None)
        return 0 if kind is None else self.take(client, kind)

    def take(self, client: str, kind: str) -> int:
        """Seconds until the client may do one more of this kind; 0 counts it."""
        limit, now = self._limits[kind], time.monotonic()
        with self._lock:
            left, then = self._buckets.pop((client, kind), (float(limit), now))
            left = min(float(limit), left + (now - then) * limit / 60)
            allowed = left >= 1
            self._buckets[client, kind] = (left - 1 if allowed else left, now)
            while len(self._buckets) > _MOST_CLIENTS:
                self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) * 60 / limit)
