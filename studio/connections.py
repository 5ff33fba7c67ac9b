"""Connections that take their time: who opens one has to say what for, and nobody may hold very many.

The server under the application waits for ever for the first line of a request, so that a few thousand silent
connections, which cost their owner nothing, would be all that it can hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from studio.access.visitor import visitor_at

log = logging.getLogger(__name__)

HEADERS = 15.0
"""Seconds in which the head of a request has to come, from its first byte or from the connection's beginning."""
MOST = 256
"""Connections that one visitor may hold."""


def protocol(trusted: Callable[[str], bool]) -> type[H11Protocol]:
    """The HTTP protocol of a server, for uvicorn's setting ``http``.

    Args:
        trusted: whether an address is a proxy of ours, through which everybody comes.
    """
    held: Counter[str] = Counter()

    class Hurried(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None
        _visitor: str | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            visitor = visitor_at(address)
            if held[visitor] >= MOST and not trusted(address):
                log.warning("a connection was refused: its visitor holds %d", MOST)
                transport.abort()
                return
            self._visitor = visitor
            held[visitor] += 1
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_here()
            self._let_go()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._deadline is None and self._idle:
                self._await_head()
            super().data_received(data)
            if not self._idle:
                self._head_is_here()
            if self._upgraded:
                self._let_go()

        @property
        def _idle(self) -> bool:
            """Whether no request is being answered."""
            return not self._upgraded and (self.cycle is None or self.cycle.response_complete)

        @property
        def _upgraded(self) -> bool:
            """Whether this became a WebSocket, which is not heard of here any more."""
            return self.transport.get_protocol() is not self

        def _let_go(self) -> None:
            if self._visitor is not None:
                held[self._visitor] -= 1
                if not held[self._visitor]:
                    del held[self._visitor]
                self._visitor = None

        def _await_head(self) -> None:
            self._deadline = self.loop.call_later(HEADERS, self._give_up)

        def _head_is_here(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _give_up(self) -> None:
            self._deadline = None
            if self._idle:
                self.transport.abort()

    return Hurried
