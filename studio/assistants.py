"""The operations as tools for assistants, over the Model Context Protocol (streamable HTTP, no session) at ``/mcp``.

The page's framework has a way of its own to offer endpoints so. It is not used: it calls the server from inside, by an
address that it takes from whoever asks first, without the caller's key, past the limits for clients, and it fetches
addresses.
Here a tool calls the same `Studio` as every other way in, on behalf of whoever made the request.

This module takes a second to import; `studio.server` does so only where the operator wants it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import secrets
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field
from starlette.routing import Route

from pipeline.errors import InputError, RecastError
from studio.access.caller import Caller, caller_of
from studio.agreeing import FILM_KINDS
from studio.consent import TEXT
from studio.headless import FAULT
from studio.jobs.files import remove
from studio.jobs.job import Job, JobFailed, Kind, raise_failure
from studio.jobs.status import status_data
from studio.operations import Request, Studio
from studio.option_schema import schema
from studio.payload import parse_cast, safe_name
from studio.pictures import jpeg
from studio.plain import person_data
from studio.present import address
from studio.tokens import LONGEST, SHORTEST, owner_for

log = logging.getLogger(__name__)

PATH = "/mcp"
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "video/mp4": ".mp4",
            "video/webm": ".webm", "video/quicktime": ".mov"}  # fmt: skip

_FILE = "a `data:` URL with base64, or the path that a `POST /gradio_api/upload` has answered"
Target = Annotated[str, Field(description=f"The picture or video to change: {_FILE}.")]
Sources = Annotated[list[str], Field(description=f"Photos of the new face, or of several faces; each {_FILE}.")]
Cast = Annotated[
    dict[str, Any],
    Field(
        description='Who gets which photo, such as {"1": 0}: person number to position in `sources`. Empty: everyone.'
    ),
]
Options = Annotated[
    dict[str, Any],
    Field(
        description='Names and values, such as {"quality": "best"}; list_options tells all. '
        "`preset` names one that they are put on top of."
    ),
]
Consent = Annotated[bool, Field(description=f"True states: {TEXT} An operator may require it.")]
Name = Annotated[str, Field(description="The job's id.")]
OwnToken = Annotated[str, Field(description=f"Of {SHORTEST} to {LONGEST} characters, to have several jobs under one.")]
Token = Annotated[str, Field(description="Its owner's token; not needed with a key that the job was sent with.")]

Files = Callable[[str], Path]
"""A file of the server's, by what a call names it with."""


def build(studio: Studio) -> tuple[Route, Callable[[], contextlib.AbstractAsyncContextManager[None]]]:
    """The route, and what has to be entered while the application runs."""
    tools = MCPServer(
        "Recast", instructions="Replaces the face of a person in a picture or a video.", log_level="ERROR"
    )
    tool = tools.tool(structured_output=False)

    @tool
    async def find_people(ctx: Context, target: Target, options: Options = {}) -> list[Any]:  # noqa: B006
        """Who is in a picture or video: numbers for a cast, when they are seen, and a thumbnail of each."""
        with _told(), _sent(studio) as files:
            wanted = Request(files(target), options=studio.presets.options(options))
            job = await _done(studio, ctx, wanted, "people")
            people = studio.people(job)
            rows = {"people": [person_data(person) for person in people]}
            return [rows, *(Image(data=jpeg(person.thumbnail, quality=88), format="jpeg") for person in people)]

    @tool
    async def list_options() -> dict[str, Any]:
        """The options of a job: a JSON schema with what each means, what it may be, and what it is when nobody says."""
        return schema()

    @tool
    async def recast_image(
        ctx: Context, sources: Sources, target: Target, cast: Cast = {}, options: Options = {},  # noqa: B006
        consent: Consent = False,
    ) -> list[Any]:  # fmt: skip
        """Give the people in a picture a new face, and wait for the result."""
        with _told(), _sent(studio) as files:
            wanted = _request(studio, files, sources, target, cast, options, consent)
            job = await _done(studio, ctx, wanted, None, ("image", "animation"))
            return _shown(studio, job)

    @tool
    async def recast_video(
        ctx: Context, sources: Sources, target: Target, cast: Cast = {}, options: Options = {},  # noqa: B006
        consent: Consent = False,
    ) -> list[Any]:  # fmt: skip
        """Give the people in a video a new face, and wait for the result. For all but short ones use submit_job."""
        with _told(), _sent(studio) as files:
            wanted = _request(studio, files, sources, target, cast, options, consent)
            job = await _done(studio, ctx, wanted, None, FILM_KINDS)
            return _shown(studio, job)

    @tool
    async def preview(
        ctx: Context, sources: Sources, target: Target, moment: Annotated[float, Field(ge=0, lt=1e9)] = 0.0,
        cast: Cast = {}, options: Options = {}, consent: Consent = False,  # noqa: B006
    ) -> list[Any]:  # fmt: skip
        """One frame of the target as it will be, `moment` seconds after its beginning."""
        with _told(), _sent(studio) as files:
            wanted = _request(studio, files, sources, target, cast, options, consent, moment)
            job = await _done(studio, ctx, wanted, "preview")
            return _shown(studio, job)

    @tool
    async def submit_job(
        ctx: Context, sources: Sources, target: Target, cast: Cast = {}, options: Options = {},  # noqa: B006
        token: OwnToken = "",
        consent: Consent = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Put a job into the line; it goes on when you leave. Its id and its token are the only way to it."""
        with _told(), _sent(studio) as files:
            caller = _caller(ctx)
            owner = owner_for(token, caller)
            wanted = _request(studio, files, sources, target, cast, options, consent)
            job = await asyncio.to_thread(studio.submit, wanted, owner, client=caller.client)
            return {**status_data(studio.store, job), "token": None if owner == caller.owner else owner}

    @tool
    async def job_status(ctx: Context, job: Name, token: Token = "") -> dict[str, Any]:
        """How a job is: state, progress, place in the line; in the end the report or the error."""
        with _told():
            return status_data(studio.store, studio.job(job, token or _caller(ctx).owner))

    @tool
    async def cancel_job(ctx: Context, job: Name, token: Token = "") -> dict[str, Any]:
        """Ask a job to stop; one that is over stays as it is."""
        with _told():
            return status_data(studio.store, studio.cancel(job, token or _caller(ctx).owner))

    @tool
    async def job_result(ctx: Context, job: Name, token: Token = "") -> list[Any]:
        """The result of a finished job, and how it is."""
        with _told():
            return _shown(studio, studio.job(job, token or _caller(ctx).owner))

    # Hosts and origins are checked for every request alike, by `studio.edge`.
    inner = tools.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, max_request_body_size=studio.settings.json_bytes,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )  # fmt: skip
    return Route(PATH, endpoint=inner), tools.session_manager.run


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Errors as the caller may see them: a sentence and a code."""
    try:
        yield
    except RecastError as error:
        raise ToolError(f"{error} ({error.name if isinstance(error, JobFailed) else error.code})") from error
    except ToolError:
        raise
    except Exception as error:
        log.error("a tool failed", exc_info=error)
        raise ToolError(f"{FAULT.split('. ')[0]}. (fault)") from error


def _caller(ctx: Context) -> Caller:
    return caller_of(ctx.request_context)


@contextlib.contextmanager
def _sent(studio: Studio) -> Iterator[Files]:
    """What makes files of those that were sent along. They go with a call that comes to nothing."""
    folders: list[Path] = []
    try:
        yield lambda given: _file(studio, given, folders)
    except BaseException:
        for folder in folders:
            remove(folder)
        raise


def _file(studio: Studio, given: str, folders: list[Path]) -> Path:
    """A file that was sent along, in a new one of `folders`, or uploaded before."""
    if not given.startswith("data:"):
        return studio.own(Path(given))
    head, _, text = given.partition(",")
    kind, *rest = head.removeprefix("data:").split(";")
    if rest[-1:] != ["base64"]:
        raise InputError("A file that is sent along has to be a `data:` URL with base64.")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("A file that is sent along is not base64.") from None
    folder = studio.settings.uploads / uuid.uuid4().hex
    folder.mkdir(parents=True)
    folders.append(folder)
    path = folder / safe_name("file" + _ENDINGS.get(kind, ""))
    path.write_bytes(data)
    return path


def _request(
    studio: Studio,
    files: Files,
    sources: list[str],
    target: str,
    cast: dict[str, Any],
    options: dict[str, Any],
    consent: bool,
    moment: float = 0.0,
) -> Request:
    chosen, roles = studio.presets.options(options), parse_cast(cast)
    photos = tuple(files(source) for source in sources)
    return Request(files(target), photos, chosen, roles, moment=moment, consent=consent)


async def _done(
    studio: Studio, ctx: Context, request: Request, kind: Kind | None, only: tuple[str, ...] = ()
) -> Job:  # fmt: skip
    """A job that ends with its caller, carried out; its progress is told meanwhile."""
    owner, caller = secrets.token_urlsafe(), _caller(ctx)
    begun = await asyncio.to_thread(studio.submit, request, owner, kind, attached=True, only=only, client=caller.client)
    async with contextlib.aclosing(studio.follow(begun.id, owner)) as steps:
        async for job in steps:
            if job.progress is not None and not job.over:
                moment = job.progress
                await ctx.report_progress(moment.done, moment.total, moment.stage)
    raise_failure(job)
    return job


def _shown(studio: Studio, job: Job) -> list[Any]:
    """How a job is, where its result can be fetched, and a picture as such."""
    status = status_data(studio.store, job)
    output = job.outcome.output if job.outcome is not None else None
    if output is None:
        return [status]
    told = {**status, "result": f"/{address(output)}"}
    picture = job.outcome.after if job.outcome is not None else None
    return [told, Image(path=picture)] if picture is not None and picture.exists() else [told]
