"""Lets callers in, by the way of access that the operator has chosen."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.access.caller import Caller
from studio.access.keys import PREFIX, Keys
from studio.access.sessions import Sessions
from studio.access.visitor import visitor_at
from studio.refused import Refused
from studio.settings import Settings

OPEN = ("/health", "/login", "/login/space", "/login/back", "/logout", "/metrics", "/favicon.ico")
"""Paths that need nobody in particular; `/metrics` has a check of its own."""


class Gate:
    """ASGI middleware: notes who calls, and refuses those who have to say so and do not."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys, sessions: Sessions, secret: str) -> None:
        self._app, self._settings, self._keys, self._sessions = app, settings, keys, sessions
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._caller(headers, (scope.get("client") or ("", 0))[0])
        if caller is None and scope["path"] not in OPEN:
            if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                back = quote(scope["path"]) if scope["path"] != "/" else ""
                where = f"{self._settings.path_prefix}/login" + (f"?back={back}" if back else "")
                await RedirectResponse(where, 303)(scope, receive, send)
                return
            raise Refused(
                401, "no_key", "This studio asks for a key: send it as `Authorization: Bearer …`.",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        scope.setdefault("state", {})["caller"] = caller or Caller()
        await self._app(scope, receive, send)

    def _caller(self, headers: Headers, address: str) -> Caller | None:
        access = self._settings.access
        kind, _, value = headers.get("authorization", "").partition(" ")
        shown = value.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "").strip()
        if access != "open" and shown.startswith(f"{PREFIX}_"):
            key = self._keys.find(shown)
            # A key that is shown has to be good, also where none is needed.
            return Caller("key", f"key:{key.digest}", f"key:{key.id}") if key else None
        if access in ("open", "public"):
            return Caller(client="" if access == "open" else self._blurred(visitor_at(address)))
        return self._signed_in(headers.get("cookie", ""))

    def _signed_in(self, cookie: str) -> Caller | None:
        kind, name = self._sessions.read(cookie) or ("", "")
        if kind == "key" and (key := self._keys.by_id(name)) is not None:
            return Caller("key", f"key:{key.digest}", f"key:{key.id}")
        if kind == "user" and self._settings.access == "space" and self._settings.lets_in(name):
            return Caller("user", f"user:{self._blurred(name)}", f"user:{self._blurred(name)}")
        return None

    def _blurred(self, text: str) -> str:
        """A name for somebody that says nothing about them, and that nobody else could make up."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
