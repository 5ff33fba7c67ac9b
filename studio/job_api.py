"""The named endpoints for jobs that outlive their caller: put in, look, cancel, fetch; and a quick preview."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import OptionError
from studio.access.caller import caller_of
from studio.api import shown, waited_for
from studio.jobs.estimate import place_of
from studio.jobs.job import Job
from studio.jobs.status import status_data
from studio.operations import Request, Studio
from studio.option_schema import EXAMPLE
from studio.options import HIGHEST
from studio.payload import as_object, given_target, parse_cast
from studio.tokens import owner_for
from studio.uploads import given, upload


def build(studio: Studio) -> None:
    """Adds the endpoints to the page that is being built. They have no look."""

    async def submit_job(
        request: gr.Request,
        sources: list[str] | None,
        target: str | None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        token: str | None = None,
        consent: bool = False,
    ) -> dict[str, Any]:
        """Put a job into the line; it goes on when you leave. Its id and its token are the only way to it.

        Args:
            sources: photos of the new face, or of several faces when `cast` tells them apart.
            target: the picture or video.
            cast: person number to position in `sources` from 0, or a list of them.
            options: names and values of options.
            token: of 32 to 200 characters, to have several jobs under one; a new one is made where none is given and
                the job does not belong to the key it is sent with.
            consent: true states, for this token and from now on, that you have the right to use these faces; an
                operator may require it.
        """
        try:
            caller = caller_of(request)
            owner = owner_for(token, caller)
            wanted = _request(studio, sources, target, cast, options, consent=consent)
            job = await asyncio.to_thread(studio.submit, wanted, owner, client=caller.client)
            message = place_of(studio.store, job).sentence
            return {
                "job": job.id,
                "token": None if owner == caller.owner else owner,
                "state": job.state,
                "message": message,
            }
        except Exception as error:
            raise shown(error) from error

    def job_status(request: gr.Request, job: str, token: str | None = None) -> dict[str, Any]:
        """How a job is: state, progress, place in the line; in the end the report or the error."""
        return status_data(studio.store, _known(request, job, token))

    def cancel_job(request: gr.Request, job: str, token: str | None = None) -> dict[str, Any]:
        """Ask a job to stop; one that is over stays as it is."""
        try:
            return status_data(studio.store, studio.cancel(str(job), _token(request, token)))
        except Exception as error:
            raise shown(error) from error

    def job_result(request: gr.Request, job: str, token: str | None = None) -> tuple[str | None, dict[str, Any]]:
        """The result of a finished job, and how it is."""
        found = _known(request, job, token)
        output = found.outcome.output if found.outcome is not None else None
        return (str(output) if output is not None else None), status_data(studio.store, found)

    async def preview(
        call: gr.Request,
        sources: list[str] | None,
        target: str | None,
        moment: float | None = None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        consent: bool = False,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
        """One frame of the target as it will be, `moment` seconds after its beginning."""
        try:
            seconds = moment or 0.0
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < HIGHEST:
                raise OptionError("moment has to be a number of seconds.")
            request = _request(studio, sources, target, cast, options, float(seconds), consent)
            async for job in waited_for(studio, request, "preview", progress, caller=caller_of(call)):
                if not job.over:
                    yield None, status_data(studio.store, job)
            assert job.outcome is not None
            yield str(job.outcome.output), status_data(studio.store, job)
        except Exception as error:
            raise shown(error) from error

    def _known(request: gr.Request, job: str, token: str | None) -> Job:
        try:
            return studio.job(str(job), _token(request, token))
        except Exception as error:
            raise shown(error) from error

    hidden: dict[str, Any] = {"visible": False}
    sources = upload("sources", "face.jpg", several=True)
    target = upload("target", "film.mp4")
    moment = gr.Number(label="moment", value=0, **hidden)
    cast = given("cast", {"1": 0})
    options = given("options", EXAMPLE)
    token = gr.Textbox(label="token", **hidden)
    consent = gr.Checkbox(label="consent", value=False, **hidden)
    name = gr.Textbox(label="job", **hidden)
    result = gr.File(label="result", **hidden)
    picture = gr.File(label="picture", **hidden)
    status = gr.JSON(label="status", **hidden)
    button = gr.Button(**hidden)
    button.click(submit_job, [sources, target, cast, options, token, consent], status, api_name="submit_job")
    button.click(job_status, [name, token], status, api_name="job_status")
    button.click(cancel_job, [name, token], status, api_name="cancel_job")
    button.click(job_result, [name, token], [result, status], api_name="job_result")
    button.click(preview, [sources, target, moment, cast, options, consent], [picture, status], api_name="preview")


def _token(request: gr.Request, token: str | None) -> str:
    """Whose job is asked for: the token's owner, or else whoever asks."""
    return str(token) if token else caller_of(request).owner


def _request(
    studio: Studio,
    sources: list[str] | None,
    target: str | None,
    cast: Any,
    options: Any,
    moment: float = 0.0,
    consent: Any = False,
) -> Request:
    return Request(
        target=given_target(target),
        sources=tuple(Path(source) for source in sources or ()),
        options=studio.presets.options(as_object(options, "options")),
        cast=parse_cast(as_object(cast, "cast")),
        moment=moment,
        consent=consent is True,
    )
