"""The API for programs over plain HTTP: put a job into the line, look how it goes, fetch the result, delete it."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Header, Query, Request, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from starlette.responses import Response

from pipeline.errors import InputError, about
from pipeline.types import MediaInfo
from studio.access.caller import Caller, caller_of
from studio.answers import REFUSALS, Accepted, Failure, Status
from studio.consent import TEXT as consent_text
from studio.jobs.estimate import place_of
from studio.jobs.job import Job, JobUnknown
from studio.jobs.status import status_data
from studio.operations import Request as Order
from studio.operations import Studio
from studio.option_schema import REFERENCE
from studio.payload import parse_cast, read_object, safe_name
from studio.tokens import LONGEST, TOKEN, owner_for

_LONGEST_KEY = 200
"""Characters of an idempotency key."""
MOST_PHOTOS = 50
_EVERY, _BEAT = 0.5, 15.0
"""Seconds between two looks at a followed job, and between two signs of life where nothing happens."""
_CHUNK = 1 << 20

Name = Annotated[str, InPath(description="The job's id.", min_length=1, max_length=64)]
Token = Annotated[
    str | None, Header(alias=TOKEN, max_length=LONGEST, description="The owner's token, as /process answered it.")
]
Bearer = Annotated[
    str | None,
    Header(
        alias="Authorization",
        max_length=LONGEST + 10,
        description="`Bearer` and the studio's key, where it asks for one; else `Bearer` and the owner's token.",
    ),
]
Again = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=_LONGEST_KEY,
        description="The same owner's request with the same key makes one job only, however often it is sent.",
    ),
]
Options = Annotated[
    str,
    Form(
        description="JSON: names and values of options, and `preset`, a name of /presets that they are put on top of.",
        max_length=1_000_000,
        json_schema_extra={"contentMediaType": "application/json", "contentSchema": {"$ref": REFERENCE}},
    ),
]
Part = Annotated[
    Literal["result", "credentials"],
    Query(description="The result, or the file with its Content Credentials where `report.sidecar` names one."),
]
Consent = Annotated[
    bool,
    Form(
        description=f"True states, for this owner and from now on: {consent_text} "
        "Needed once for each owner where the operator requires it."
    ),
]
Cast = Annotated[str, Form(description='JSON: who gets which photo, such as {"1": 0}.', max_length=100_000)]


_FIELDS = frozenset(("source_image", "target_video", "target", "options", "cast", "consent"))
"""Of the form that makes a job; a misspelt one would otherwise be a setting that has no effect."""


class NotReady(InputError):
    """There is no result (yet, or at all)."""

    code = "not_ready"
    sentence = "The job has no result yet."


class ResultGone(InputError):
    """Somebody has taken the result's file away."""

    code = "result_gone"
    sentence = "The result's file is no longer on this server. Do the job again."


def build(studio: Studio) -> APIRouter:
    """The routes over `studio`."""
    router = APIRouter(responses=REFUSALS)

    def owned(request: Request, name: str, token: str | None, bearer: str | None) -> tuple[Job, str]:
        owner = owner_of(token, bearer, caller_of(request))
        if owner is None:
            raise JobUnknown()
        return studio.job(name, owner), owner

    @router.post("/process", status_code=202, response_model=Accepted, summary="Put a job into the line")
    async def process(
        request: Request,
        source_image: Annotated[list[UploadFile], File(description="Photos of the new face, or of several faces.")],
        target_video: Annotated[UploadFile | None, File(description="The video (or picture) to change.")] = None,
        target: Annotated[UploadFile | None, File(description="The same, under another name.")] = None,
        options: Options = "{}",
        cast: Cast = "{}",
        consent: Consent = False,
        token: Token = None,
        bearer: Bearer = None,
        again: Again = None,
    ) -> dict[str, Any]:
        """Answers at once; the job's id and its owner's token are all that leads to it. Send a token of your own to
        have several jobs under one."""
        caller = caller_of(request)
        unknown = sorted({*await request.form()} - _FIELDS)
        if unknown:
            raise InputError(f"There is no field {unknown[0]}. Fields are {', '.join(sorted(_FIELDS))}.")
        owner = owner_for(owner_of(token, bearer, caller), caller)
        given = target_video or target
        if given is None:
            raise InputError("The target is missing: send a file as target_video, or as target.")
        if len(source_image) > MOST_PHOTOS:
            raise InputError(f"There are more than {MOST_PHOTOS} photos. Remove some.")
        chosen, roles = studio.presets.options(read_object(options, "options")), parse_cast(read_object(cast, "cast"))
        name = uuid.uuid4().hex if again is None else _name_of(owner, again)
        with contextlib.suppress(JobUnknown):
            return accepted(studio.job(name, owner), owner, caller)
        studio.admission.consent(owner, consent)
        studio.admission.admit(owner, caller.client)

        def film(path: Path) -> MediaInfo:
            return studio.inspect_target(path, chosen.exact_rate)

        def take() -> Job:
            studio.files.begin(name)
            try:
                paths = [
                    _saved(upload, studio.files.own(name) / str(number), studio.inspect if number else film)
                    for number, upload in enumerate((given, *source_image))
                ]
                order = Order(target=paths[0], sources=tuple(paths[1:]), options=chosen, cast=roles, consent=consent)
                return studio.submit(order, owner, name=name, client=caller.client)
            except BaseException:
                studio.files.forget(name)
                raise

        return accepted(await asyncio.to_thread(take), owner, caller)

    def accepted(job: Job, owner: str, caller: Caller) -> dict[str, Any]:
        place = place_of(studio.store, job)
        return {
            "id": job.id,
            "token": None if owner == caller.owner else owner,
            "state": job.state,
            "kind": job.kind,
            "ahead": place.ahead,
            "wait_seconds": place.seconds,
            "message": place.sentence,
        }

    @router.get("/status/{name}", response_model=Status, summary="How a job is")
    async def status(request: Request, name: Name, token: Token = None, bearer: Bearer = None) -> dict[str, Any]:
        """State, progress, place in the line; in the end the report, or the error."""
        job, _ = owned(request, name, token, bearer)
        return status_data(studio.store, job)

    @router.get(
        "/events/{name}",
        summary="Follow a job",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {"schema": {}}}}},
    )
    async def events(
        request: Request,
        name: Name,
        token: Token = None,
        bearer: Bearer = None,
        last: Annotated[int, Header(alias="Last-Event-ID", ge=0, le=2**53)] = 0,
    ) -> StreamingResponse:
        """Server-sent events: `history` for each step of its life, `status` whenever something has changed. The stream
        ends with the job."""
        _, owner = owned(request, name, token, bearer)
        return StreamingResponse(
            _stream(studio, request, name, owner, last),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @router.head("/download/{name}", include_in_schema=False)
    @router.get(
        "/download/{name}",
        summary="Fetch the result",
        response_class=Response,
        responses={
            200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
            206: {"description": "The part that was asked for with `Range`."},
            416: {"description": "The part lies outside the file."},
            409: {"model": Failure, "description": "There is no result."},
            410: {"model": Failure, "description": "Its file is gone."},
        },
    )
    async def download(
        request: Request, name: Name, part: Part = "result", token: Token = None, bearer: Bearer = None
    ) -> FileResponse:
        """The result, as a file; ranges are served. A result in a format that cannot hold its Content Credentials has
        them in a second one."""
        job, _ = owned(request, name, token, bearer)
        if job.state != "done" or job.outcome is None or job.outcome.output is None:
            raise NotReady(f"The job has no result: it is {job.state}.")
        output = job.outcome.output if part == "result" else job.outcome.sidecar
        if output is None:
            raise NotReady("The result holds its Content Credentials itself.")
        if not output.is_file():
            raise ResultGone()
        return FileResponse(output, filename=output.name, headers={"Cache-Control": "no-store"})

    @router.delete("/jobs/{name}", status_code=204, summary="Stop a job and delete everything of it")
    async def delete(request: Request, name: Name, token: Token = None, bearer: Bearer = None) -> Response:
        """Its uploads and its result are gone when this answers."""
        _, owner = owned(request, name, token, bearer)
        await studio.delete(name, owner)
        return Response(status_code=204)

    return router


def owner_of(token: str | None, bearer: str | None, caller: Caller) -> str | None:
    """The secret that a request's jobs are kept under; ``None`` where it brings none."""
    if token:
        return token
    if caller.owner:
        return caller.owner
    kind, _, value = (bearer or "").partition(" ")
    return value.strip() or None if kind.lower() == "bearer" else None


def _name_of(owner: str, key: str) -> str:
    """The id of the one job that an owner's requests with a key make; nobody else can tell it."""
    whose, which = (text.encode("utf-8", "surrogatepass") for text in (owner, key))
    return hmac.new(whose, which, "sha256").hexdigest()[:32]


def _saved(upload: UploadFile, folder: Path, inspect: Callable[[Path], MediaInfo]) -> Path:
    """An upload as a file, looked at before anything else is done with it."""
    folder.mkdir(parents=True)
    path = folder / safe_name(upload.filename)
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file, _CHUNK)
    with about(path.name):
        inspect(path)
    return path


async def _stream(studio: Studio, request: Request, name: str, owner: str, last: int) -> AsyncIterator[str]:
    before, silent = "", 0.0
    with contextlib.suppress(JobUnknown):
        async for job in studio.follow(name, owner, _EVERY):
            for event in studio.store.events(name, last):
                last, silent = event.number, 0.0
                data = json.dumps({"what": event.what, "at": event.at, **event.data})
                yield f"id: {last}\nevent: history\ndata: {data}\n\n"
            now = json.dumps(status_data(studio.store, job))
            if now != before:
                before, silent = now, 0.0
                yield f"event: status\ndata: {now}\n\n"
            silent += _EVERY
            if silent >= _BEAT:
                silent = 0.0
                yield ": still here\n\n"
            if await request.is_disconnected():
                return
