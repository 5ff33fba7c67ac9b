"""What a request may be, checked before the web framework reads it.

A mounted Gradio app bounds neither bodies nor fields, takes a server path for an upload where the payload is shaped
cleverly, and fetches addresses on behalf of whoever asks. This middleware stands in front of all of it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.access.visitor import visitor_at
from studio.rates import Rates
from studio.refused import Refused, refusal
from studio.settings import Settings

_EVENTS = re.compile(r"/(queue/join|call/|run/|api/|stream/|component_server)")
_PAGE = re.compile(
    r"/gradio_api/(info|openapi\.json|app_id|user|token|login_check|startup-events|theme\.css"
    r"|queue/(join|data)|call/(v2/)?[^/]+(/[^/]+)?|cancel|reset|heartbeat/[^/]+|upload|upload_progress|file[=/].+"
    r"|custom_component/.+)/?"
)
"""All that is let through to the page's framework, which has far more to offer: it cuts uploaded films with FFmpeg for
anybody, edits its own code, keeps links and histories. A new version of it opens nothing new."""
_OTHER_PAGES = re.compile(r"/monitoring(/|$)")
_FETCHES = re.compile(r"/(file[=/]\s*[a-z][a-z0-9+.-]*:|file[=/]\s*//|proxy[=/])", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*([a-z][a-z0-9+.-]*:|//|\\\\)", re.IGNORECASE)
_FILES = ("/upload", "/process", "/verify")
"""Ends of the paths that files are sent to."""
LOGINS = 20
"""Keys that one client may try in a minute."""
IDLE, SLOW, SLOWEST = 30.0, 60.0, 16 * 1024
"""Seconds in which some of a body has to come, seconds for the whole of it, and bytes that buy another second."""
_FILE_DATA = "gradio.FileData"


class _Limit(NamedTuple):
    """How large a body may be, and what it is to whoever sends it."""

    bytes: int
    what: Literal["file", "request"]


class Guard:
    """ASGI middleware: bounds every body, and every file that an event names."""

    def __init__(self, app: ASGIApp, settings: Settings, count: Callable[[str], None] = lambda code: None) -> None:
        self.app = app
        self.settings = settings
        self._count = count
        self._rates = Rates(
            {
                "jobs": settings.jobs_each_minute,
                "uploads": settings.uploads_each_minute,
                "looks": settings.looks_each_minute,
                "live": settings.live_each_minute,
                "logins": LOGINS,
                "previews": settings.previews_each_minute,
            }
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            self._pace(scope)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, late = False, list[Refused]()

        async def watched(message: Message) -> None:
            nonlocal started
            # Whatever the application makes of a body that is refused while it reads: the refusal is the answer.
            if late and not started:
                return
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            self._pace(scope)
            if _FETCHES.search(scope["path"]):
                raise Refused(403, "no_fetching", "Addresses are not fetched here.")
            if _closed(scope["path"].removeprefix(scope.get("root_path", ""))):
                raise Refused(404, "nothing_here", "There is nothing here.")
            limit = self._limit(scope)
            bounded = _bounded(receive, limit, late.append)
            _check_length(scope, limit)
            if scope["method"] == "POST" and _EVENTS.search(scope["path"]):
                bounded = await self._checked(bounded)
            await self.app(scope, bounded, watched)
        except Refused as refused:
            if started:
                raise
            late.append(refused)
        except Exception:
            if started or not late:
                raise
        if late and not started:
            self._count(late[0].code)
            await refusal(late[0])(scope, receive, send)

    def _pace(self, scope: Scope) -> None:
        """Refuse what comes too often from one client."""
        visitor = visitor_at((scope.get("client") or ("", 0))[0])
        wait = self._rates.wait(visitor, scope.get("method", "GET"), scope["path"])
        if wait:
            sentence = f"That was too much at once. Please try again in {wait} seconds."
            raise Refused(429, "too_many", sentence, wait)

    def _limit(self, scope: Scope) -> _Limit:
        # What an event carries is read whole, whatever the event is called.
        files = scope["path"].endswith(_FILES) and not _EVENTS.search(scope["path"])
        return _Limit(self.settings.upload_bytes, "file") if files else _Limit(self.settings.json_bytes, "request")

    async def _checked(self, receive: Receive) -> Receive:
        """Reads the body of an event and looks at the files it names; the application then reads it again."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise Refused(400, "cut_off", "The request was cut off.")
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            payload = json.loads(bytes(body)) if body else None
        except (ValueError, RecursionError):
            raise Refused(400, "bad_json", "The request is not JSON.") from None
        check_payload(payload, self.settings.readable)
        return _replay(bytes(body), receive)


def _closed(path: str) -> bool:
    """Whether a path of the page's framework is none that the page needs."""
    if _OTHER_PAGES.match(path):
        return True
    return path.startswith("/gradio_api") and _PAGE.fullmatch(path) is None


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _check_length(scope: Scope, limit: _Limit) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > limit.bytes):
            raise _too_large(limit)


def _bounded(receive: Receive, limit: _Limit, note: Callable[[Refused], None]) -> Receive:
    """The body, as long as it is not too large and does not drip in; why it is refused is noted and raised."""

    def refuse(refused: Refused) -> NoReturn:
        note(refused)
        raise refused

    count, whole, begin = 0, False, time.monotonic()

    async def counted() -> Message:
        nonlocal count, whole
        if whole:  # what follows is the end of the connection, which may take as long as the answer does
            return await receive()
        left = min(IDLE, begin + SLOW + count / SLOWEST - time.monotonic())
        try:
            message = await asyncio.wait_for(receive(), max(0.01, left))
        except TimeoutError:
            refuse(Refused(408, "too_slow", "The request came in too slowly.", headers={"Connection": "close"}))
        count += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if count > limit.bytes:
            refuse(_too_large(limit))
        return message

    return counted


def _too_large(limit: _Limit) -> Refused:
    return Refused(413, "too_large", f"The {limit.what} is larger than the {limit.bytes // 1024**2} MB allowed.")


def check_payload(payload: Any, folders: Sequence[Path]) -> None:
    """Refuses a payload that names a file which was not uploaded here.

    Raises:
        Refused: a ``path`` is an address, lies outside `folders`, is no file, or is not marked as an upload.
    """
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if isinstance(value.get("path"), str):
                meta = value.get("meta")
                marked = isinstance(meta, dict) and meta.get("_type") == _FILE_DATA
                if not marked or _ADDRESS.match(value["path"]) or not contained(value["path"], folders):
                    raise Refused(400, "not_uploaded", "A file in the request was not uploaded here, or is gone.")


def contained(path: str | Path, folders: Sequence[Path]) -> bool:
    """Whether `path`, with every link followed, is a file inside one of `folders`."""
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return False
    return real.is_file() and any(real.is_relative_to(folder.resolve()) for folder in folders)
