"""The connection of one visitor: what comes in is taken at once, and of frames only the newest is worked on.

A frame that waits is replaced by the one that comes after it, so the delay never grows, however fast the camera and
however slow the machine. A second frame is read while the first is worked on; answers go out one at a time, and while
the network is slower than the work, nothing is worked on that could not be sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from pipeline.errors import RecastError
from studio.access.caller import caller_of
from studio.live import protocol
from studio.live.places import Places
from studio.live.protocol import Binary
from studio.live.visit import MOST_PHOTOS, Visit
from studio.operations import Studio
from studio.options import from_mapping
from studio.payload import as_object
from studio.present import address
from studio.tokens import is_token

log = logging.getLogger(__name__)

Result = TypeVar("Result")

DEFAULTS = {"select": "largest"}
"""Options that differ from a job's: somebody else in the picture is not meant, unless it is said."""
MOST_SOUNDS = 200
"""Messages of sound that wait; the oldest make room."""
WAITING_PHOTOS = 2 * MOST_PHOTOS
"""Of the faces that a visitor has asked for and not got yet; each photo may be large."""
IDLE = 30.0
"""Seconds without a frame or a word after which a visitor has left their place to others."""
_POLICY, _AGAIN, _GONE, _FAULT = 1008, 1013, 1001, 1011
"""Codes of RFC 6455 (and its registry) that a connection is closed with."""


class Connection:
    """
    Args:
        socket: not yet accepted.
        places: one of them is taken while the visitor is here.
    """

    def __init__(self, socket: WebSocket, studio: Studio, places: Places) -> None:
        self._socket, self._studio, self._places = socket, studio, places
        self._client = caller_of(socket).client
        self._words: deque[dict[str, Any]] = deque()
        self._photos: list[bytes] = []
        self._newest: tuple[Binary, float] | None = None
        self._sounds: deque[tuple[Binary, float]] = deque(maxlen=MOST_SOUNDS)
        self._wake = asyncio.Event()
        self._lively = time.monotonic()

    async def serve(self) -> None:
        """From the handshake until either side has had enough."""
        await self._socket.accept()
        try:
            self._places.take(self._client)
        except RecastError as error:
            await self._tell(error)
            await self._socket.close(_AGAIN)
            return
        begin = time.monotonic()
        pool = ThreadPoolExecutor(1, thread_name_prefix="live")
        visit: Visit | None = None
        try:
            visit = await self._hello()
            if visit is not None:
                await self._visit(visit, pool)
        except WebSocketDisconnect:
            pass
        finally:
            self._places.leave(self._client)
            self._studio.metrics.add("recast_live_seconds_total", time.monotonic() - begin)
            if visit is not None:
                self._studio.metrics.add("recast_live_frames_total", visit.frames)
                # What runs ends with its frame; the rest is done on the visit's own thread, in its order.
                self._studio.leaving.add(pool.submit(visit.close))
            pool.shutdown(wait=False)

    async def _hello(self) -> Visit | None:
        """The first message says who it is."""
        try:
            async with asyncio.timeout(IDLE):
                first = protocol.read_text(await self._socket.receive_text())
            if first["type"] != "hello":
                raise protocol.BadMessage()
            owner = first.get("owner")
            known = is_token(owner)
            consent = self._studio.admission.consent(
                str(owner) if known else "", known and first.get("consent") is True
            )
            visit = Visit(self._studio, owner if known else None, consent)
            visit.options(self._options(first))
        except TimeoutError:
            await self._socket.close(_GONE)
            return None
        except (RecastError, KeyError) as error:
            await self._tell(error if isinstance(error, RecastError) else protocol.BadMessage())
            await self._socket.close(_POLICY)
            return None
        await self._say("welcome", record_seconds=self._studio.settings.live_record_seconds)
        return visit

    async def _visit(self, visit: Visit, pool: ThreadPoolExecutor) -> None:
        reading = asyncio.create_task(self._read())
        working = asyncio.create_task(self._work(visit, pool))
        try:
            await asyncio.wait({reading, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, working):
                task.cancel()
        for task in (reading, working):
            try:
                await task
            except (asyncio.CancelledError, WebSocketDisconnect):
                continue

    async def _read(self) -> None:
        """Take what comes, until the visitor leaves."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                if (text := message.get("text")) is not None:
                    self._heard(protocol.read_text(text))
                else:
                    self._seen(protocol.read_binary(message.get("bytes") or b""))
            except RecastError as error:
                await self._tell(error)
                await self._socket.close(_POLICY)
                return
            self._wake.set()

    def _heard(self, word: dict[str, Any]) -> None:
        self._lively = time.monotonic()
        if word["type"] == "face":
            # The photos came before it.
            word["photos"], self._photos = self._photos, []
        if len(self._words) >= 100:
            raise protocol.BadMessage()
        self._words.append(word)

    def _seen(self, picture: Binary) -> None:
        if picture.kind == protocol.PHOTO:
            waiting = sum(len(word["photos"]) for word in self._words if word["type"] == "face")
            if len(self._photos) >= MOST_PHOTOS or len(self._photos) + waiting >= WAITING_PHOTOS:
                raise protocol.BadMessage("These are too many photos.")
            self._photos.append(picture.data)
            return
        if picture.kind == protocol.SOUND:
            self._sounds.append((picture, time.monotonic()))
            return
        self._newest = (picture, time.monotonic())
        self._lively = time.monotonic()

    async def _work(self, visit: Visit, pool: ThreadPoolExecutor) -> None:
        """Do what was asked for in its order; between that, the newest frame."""
        loop = asyncio.get_running_loop()

        async def done(call: Callable[..., Result], *values: Any) -> Result:
            return await loop.run_in_executor(pool, call, *values)

        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lively + IDLE - time.monotonic()):
                    await self._wake.wait()
            # Sound alone wakes it and is no sign: a microphone goes on where a browser shows its page no more.
            if time.monotonic() >= self._lively + IDLE:
                await self._say("error", code="live_idle", sentence="The live view was stopped: no picture came.")
                await self._socket.close(_GONE)
                return
            self._wake.clear()
            try:
                while self._words:
                    try:
                        await self._obey(visit, self._words.popleft(), done)
                    finally:
                        self._lively = time.monotonic()
                for _ in range(len(self._sounds)):
                    await done(visit.sound, *self._sounds.popleft())
                if self._newest is not None:
                    (picture, arrived), self._newest = self._newest, None
                    await self._socket.send_bytes(await done(visit.frame, picture, arrived))
                    self._lively = time.monotonic()  # some wait for one before they send the next
                if visit.recorded_seconds >= self._studio.settings.live_record_seconds:
                    await self._end_recording(visit, done)
            except RecastError as error:
                await self._tell(error)
            except WebSocketDisconnect:
                raise
            except Exception:
                log.exception("a live view failed")
                await self._tell(RecastError())
                await self._socket.close(_FAULT)
                return
            if self._words or self._sounds or self._newest is not None:
                self._wake.set()

    async def _obey(self, visit: Visit, word: dict[str, Any], done: Callable[..., Any]) -> None:
        match word["type"]:
            case "face":
                await done(visit.meet, word["photos"])
                await self._say("ready")
            case "options":
                await done(visit.options, self._options(word))
            case "record":
                await done(visit.record, protocol.sound_rate(word))
                await self._say("recording")
            case "stop":
                await self._end_recording(visit, done)
            case _:
                raise protocol.BadMessage()

    async def _end_recording(self, visit: Visit, done: Callable[..., Any]) -> None:
        job = await done(visit.finish)
        if job is None:
            await self._say("recorded")
            return
        self._studio.metrics.ended(job)
        output = job.outcome.output
        await self._say(
            "recorded", job=job.id, name=output.name, address=address(output), seconds=job.outcome.report["seconds"]
        )

    @staticmethod
    def _options(word: dict[str, Any]) -> Any:
        return from_mapping({**DEFAULTS, **as_object(word.get("options"), "options")})

    async def _say(self, kind: str, **values: Any) -> None:
        await self._socket.send_json({"type": kind, **values})

    async def _tell(self, error: RecastError) -> None:
        self._studio.metrics.add("recast_live_errors_total", code=error.code)
        await self._say("error", code=error.code, sentence=str(error))
