"""The outermost layer of the server: what every request and every answer has in common.

An id, headers that only a trusted proxy may set, a host and an origin that belong here, headers that tell browsers to
be careful, a line in the log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from studio.refused import Refused, refusal
from studio.settings import Settings
from studio.tracing import in_request

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix", b"forwarded",
              b"x-direct-url", b"x-real-ip")  # fmt: skip
_SAFE = ("GET", "HEAD", "OPTIONS")
_OWN = ("process", "status", "events", "download", "jobs", "verify", "health", "metrics", "openapi.json", "login",
        "logout")  # fmt: skip
"""First parts of paths whose following parts may be left out of the log."""

# The page's framework writes scripts and styles into its HTML and compiles templates; everything else stays at home.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
)


STOPPING = Refused(503, "stopping", "The server is being stopped. Please try again in a moment.")


class Edge:
    """ASGI application around the others.

    Args:
        app: what answers.
        settings: whose hosts and proxies are trusted.
        count: told the code of every request that is refused here.
        answered: told the status of every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        count: Callable[[str], None] = lambda code: None,
        answered: Callable[[int], None] = lambda status: None,
    ) -> None:
        self._settings, self._count, self._answered = settings, count, answered
        # uvicorn has types of its own for what ASGI hands around.
        self._known: Any = ProxyHeadersMiddleware(cast(Any, self._inside), list(settings.trusted_proxies))
        self._app = app
        ancestors = "'self' https://huggingface.co" if settings.on_space else "'self'"
        self._headers = {
            "Content-Security-Policy": _POLICY.format(ancestors=ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if settings.on_space:
            # The Space's own page shows this one in a frame.
            del self._headers["Cross-Origin-Resource-Policy"]
        else:
            self._headers["X-Frame-Options"] = "SAMEORIGIN"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        peer = (scope.get("client") or ("", 0))[0]
        if peer not in self._known.trusted_hosts:
            # Whoever is no proxy of ours may not say where a request comes from.
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in _FORWARDED]
        await self._known(scope, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        name = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        begin, status = time.perf_counter(), 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-Id"] = name
                for header, value in self._headers.items():
                    answer.setdefault(header, value)
            await send(message)

        with in_request(name):
            try:
                self._check(scope, headers)
                await self._app(scope, receive, marked)
            except Refused as refused:
                if status:
                    raise
                self._count(refused.code)
                if scope["type"] == "websocket":
                    await receive()
                    await send({"type": "websocket.close", "code": 1008})
                    status = refused.status
                else:
                    await refusal(refused)(scope, receive, marked)
            except asyncio.CancelledError:
                # Nobody cancels a request but the server itself, that stops and has waited for it long enough.
                if scope["type"] == "http" and not status:
                    await refusal(STOPPING)(scope, receive, marked)
            finally:
                self._answered(status)
                log.info(
                    "%s %s answered %s",
                    scope.get("method", "WebSocket"),
                    _shape(scope["path"]),
                    status or "-",
                    extra={"seconds": round(time.perf_counter() - begin, 4), "status": status},
                )

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Refuse what was sent to another name than ours, and what another site makes a browser send."""
        host = _host(headers.get("host", ""))
        # Whoever looks whether a container is well calls it by its address.
        if scope["path"] != "/health" and not self._settings.knows_host(host):
            raise Refused(421, "unknown_host", "This server does not go by that name.")
        origin = headers.get("origin")
        if origin is None or (scope["type"] == "http" and scope["method"] in _SAFE):
            return
        names = {headers.get("host", ""), headers.get("x-forwarded-host", "").split(",")[0].strip()}
        if _origin(origin) not in {name.lower() for name in names if name}:
            raise Refused(403, "other_site", "Requests from the pages of other sites are not answered.")


def _host(given: str) -> str:
    """A host without its port."""
    try:
        return urlsplit(f"//{given}").hostname or "" if _plain(given) else ""
    except ValueError:
        return ""


def _origin(given: str) -> str:
    """Host and port of an ``Origin``, in small letters; empty where it has none."""
    try:
        return urlsplit(given).netloc.lower()
    except ValueError:
        return ""


def _plain(given: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9.:\[\]_-]*", given) is not None


def _shape(path: str) -> str:
    """A path without what is particular in it: ids lead to jobs, names of uploads may be somebody's."""
    parts = path.split("/")
    if len(parts) > 2 and parts[1] in _OWN:
        return f"/{parts[1]}/…"
    if parts[1:2] == ["gradio_api"]:
        return "/".join(parts[:3]).split("=")[0] + ("/…" if len(parts) > 3 or "=" in path else "")
    return path if len(parts) <= 2 and len(path) < 40 else f"/{parts[1][:20]}/…"
