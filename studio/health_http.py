"""Whether the server is well, over HTTP: for whoever looks after it, and for Prometheus."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.responses import Response

from studio.access.caller import Caller
from studio.answers import REFUSALS, Health
from studio.http import Bearer, owner_of
from studio.jobs.job import JobUnknown
from studio.metrics import TYPE
from studio.operations import Studio
from studio.settings import is_loopback

Answer = TypeVar("Answer")
STALLED = 1800.0
"""Seconds without a sign of life after which a job's worker is held to be stuck."""


def build(studio: Studio) -> APIRouter:
    """The routes over `studio`."""
    router = APIRouter(responses=REFUSALS)

    # Who looks after the server is answered however many uploads are being taken in.
    watchers = ThreadPoolExecutor(2, thread_name_prefix="watch")

    async def watched(look: Callable[..., Answer], *told: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(watchers, look, *told)

    @router.head("/health", include_in_schema=False)
    @router.get(
        "/health", response_model=Health, summary="Whether the server is well", responses={503: {"model": Health}}
    )
    async def health(
        ready: Annotated[bool, Query(description="Answer 503 when no work can be taken.")] = False,
        live: Annotated[bool, Query(description="Answer 503 when only a restart helps.")] = False,
    ) -> Response:
        found = await watched(_health, studio)
        bad = (ready and not found["ready"]) or (live and not found["live"])
        return JSONResponse(found, 503 if bad else 200)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        summary="Counters for Prometheus, for this machine or with the operator's token",
    )
    async def metrics(request: Request, bearer: Bearer = None) -> Response:
        if not _may_watch(studio, request, bearer):
            raise JobUnknown("There is nothing here.")
        text = await watched(
            studio.metrics.text, studio.store, studio.settings.data, studio.workers, studio.recaster.device
        )
        return PlainTextResponse(text, media_type=TYPE)

    return router


def _may_watch(studio: Studio, request: Request, bearer: str | None) -> bool:
    expected = studio.settings.metrics_token
    if expected:
        return secrets.compare_digest((owner_of(None, bearer, Caller()) or "").encode(), expected.encode())
    # A proxy on this machine would make everybody look as if they were here.
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and is_loopback(request.client.host) and not forwarded


def _health(studio: Studio) -> dict[str, Any]:
    counts = studio.store.counts()
    free = shutil.disk_usage(studio.settings.data).free
    live = studio.workers.alive and studio.workers.stalled < STALLED
    return {
        "status": "ok" if live else "stuck",
        "live": live,
        "ready": live and studio.recaster.loaded and free > studio.settings.least_disk_bytes,
        "jobs": counts.get("queued", 0) + counts.get("running", 0),
        "queued": counts.get("queued", 0),
        "running": counts.get("running", 0),
        "models_loaded": studio.recaster.loaded,
        "device": studio.recaster.device,
        "disk_free_bytes": free,
    }
