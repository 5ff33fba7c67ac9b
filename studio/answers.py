"""What the HTTP API answers: the shapes in its OpenAPI document, and how errors become answers."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount
from starlette.types import Scope

from pipeline.errors import DiskFull, InputError, MediaTooLarge, RecastError, Refused, UnsupportedMedia
from studio.jobs.job import FULL, Busy, JobUnknown, Kind, TooMany, is_full
from studio.refused import Refused as Turned
from studio.refused import refusal
from studio.tracing import request_id

log = logging.getLogger(__name__)


class Failure(BaseModel):
    """Why a request was refused."""

    error: str
    code: str
    request_id: str


class Accepted(BaseModel):
    """A job that is in the line. The token is the only way to it; there is none where the job belongs to the key that
    it was sent with."""

    id: str
    token: str | None
    state: str
    kind: Kind
    ahead: int
    wait_seconds: int
    message: str


class Moment(BaseModel):
    """How far a running job is; `eta` in seconds."""

    stage: str
    done: int
    total: int | None
    fps: float
    eta: float | None


class JobError(BaseModel):
    code: str
    message: str


class ConsentGiven(BaseModel):
    """What the job's owner stated about their right to the faces: which text, when, and whether in so many words."""

    version: str
    at: float
    how: Literal["stated", "implied"]


class Status(BaseModel):
    """A job. Times are seconds since 1970."""

    id: str
    kind: Kind
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Moment | None
    ahead: int
    wait_seconds: int | None
    message: str | None
    error: JobError | None
    report: dict[str, Any] | None
    consent: ConsentGiven | None
    created: float
    started: float | None
    finished: float | None


class Health(BaseModel):
    status: Literal["ok", "stuck"]
    live: bool
    ready: bool
    jobs: int
    queued: int
    running: int
    models_loaded: bool
    device: str
    disk_free_bytes: int


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The request or a file in it cannot be used."},
    401: {"model": Failure, "description": "The studio asks for a key."},
    403: {
        "model": Failure,
        "description": "The request comes from another site's page, or the operator does not allow what it asks for; "
        "`code` says which: `consent_missing`, `identity_refused`, `content_refused`, …",
    },
    404: {"model": Failure, "description": "There is no such job, or it is somebody else's."},
    413: {"model": Failure, "description": "The request, or a file in it, is too large."},
    415: {"model": Failure, "description": "A file is no picture or video that can be opened."},
    422: {"model": Failure, "description": "The request lacks something, or something has the wrong form."},
    429: {"model": Failure, "description": "Too many requests; `Retry-After` says when to come back."},
    503: {"model": Failure, "description": "The line is full; `Retry-After` says when to come back."},
    507: {"model": Failure, "description": "The server's disk is full; `Retry-After` says when to come back."},
}

AFTER_FULL = {"Retry-After": "120"}
NOTHING = "There is nothing here. /openapi.json says what there is."


def install(app: FastAPI) -> None:
    """Have every error of the API's own routes answered in one form."""

    async def known(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RecastError)
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else None
        if isinstance(error, DiskFull):
            headers = AFTER_FULL
        return _answer(_status(error), error.code, str(error), headers)

    async def wrong_form(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first.get("loc", ())[1:])
        return _answer(422, "wrong_form", f"{where or 'The request'}: {first.get('msg', 'is not allowed')}.")

    async def plain(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if is_full(error.__cause__):  # as the body was taken in
            return await _fault(request, error.__cause__)
        code = "nothing_here" if error.status_code == 404 else "http"
        return _answer(error.status_code, code, f"{error.detail}.", dict(error.headers or {}))

    app.add_exception_handler(RecastError, known)
    app.add_exception_handler(RequestValidationError, wrong_form)
    app.add_exception_handler(HTTPException, plain)
    for kind, handler in FAULTS.items():
        app.add_exception_handler(kind, handler)


async def _fault(_: Request, error: BaseException | None) -> JSONResponse:
    """What nobody expected; a full disk is said to be one."""
    if is_full(error):
        log.error("the disk is full", exc_info=error)
        return _answer(507, DiskFull.code, FULL, AFTER_FULL)
    answer = _answer(500, RecastError.code, RecastError.sentence)
    log.error("request %s failed", answer.headers["X-Request-Id"], exc_info=error)
    return answer


async def _gone(_: Request, error: Exception) -> JSONResponse:
    """Whoever sent the request left before it was whole: nobody reads this, and nothing failed."""
    log.info("a request ended early: %s", type(error).__name__)
    return _answer(400, "ended_early", "The request ended before all of it had come.")


async def _misfit(_: Request, error: Exception) -> JSONResponse:
    """What the page's framework stumbles over is a request that it does not expect."""
    log.info("a request does not fit: %s", type(error).__name__)
    return _answer(400, "wrong_form", "There is no such endpoint, or it takes something else; see /gradio_api/info.")


FAULTS: Mapping[type[Exception], Any] = {
    ClientDisconnect: _gone, OSError: _fault, sqlite3.OperationalError: _fault, Exception: _fault,
}  # fmt: skip
"""Answers to errors that are no refusals."""


def page_faults(api: FastAPI) -> dict[type[Exception], Any]:
    """The same for the page's framework, which answers 500 to any endpoint and argument that it does not know. What an
    endpoint itself raises does not come here.

    Args:
        api: what stands before the page. A path that it knows, asked for by another method, gets as far as the page.
    """
    from gradio.exceptions import Error
    from gradio.route_utils import FnIndexInferError

    async def absent(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        methods = _methods(api, request.scope) if error.status_code == 404 else []
        if methods:
            sentence = f"{request.method} is not for this path: it takes {' or '.join(methods)}."
            return refusal(Turned(405, "wrong_method", sentence, headers={"Allow": ", ".join(methods)}))
        if (error.status_code, error.detail) == (404, HTTPStatus(404).phrase):
            return refusal(Turned(404, "nothing_here", NOTHING))
        return refusal(Turned(error.status_code, "http", str(error.detail), headers=dict(error.headers or {})))

    misfits = (FnIndexInferError, LookupError, TypeError, ValueError, Error)
    return {**FAULTS, **dict.fromkeys(misfits, _misfit), HTTPException: absent}


def _methods(api: FastAPI, scope: Scope) -> list[str]:
    """Those that the API's own routes take at this path; the page, which is mounted behind them, takes any path."""
    own = [route for route in api.routes if not isinstance(route, Mount)]
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in own)
    ]


def _status(error: RecastError) -> int:
    if isinstance(error, TooMany):
        return 429
    if isinstance(error, Busy):
        return 503
    if isinstance(error, DiskFull):
        return 507
    if isinstance(error, JobUnknown):
        return 404
    if error.code in ("not_ready", "preset_exists"):
        return 409
    if error.code == "result_gone":
        return 410
    if isinstance(error, MediaTooLarge):
        return 413
    if isinstance(error, UnsupportedMedia):
        return 415
    if isinstance(error, Refused):
        return 403
    return 400 if isinstance(error, InputError) else 500


def _answer(status: int, code: str, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    name = request_id() or uuid.uuid4().hex
    body = {"error": sentence, "code": code, "request_id": name}
    return JSONResponse(body, status, {**(headers or {}), "X-Request-Id": name})
