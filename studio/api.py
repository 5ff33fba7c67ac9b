"""The named endpoints: what programs call through the Gradio client, or as plain HTTP events.

Each is a generator, so that it ends when its caller goes away; all values but the last tell how far it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import RecastError
from studio.access.caller import Caller, caller_of
from studio.agreeing import FILM_KINDS
from studio.headless import FAULT
from studio.jobs.job import Job, JobFailed, Kind, progress_data, raise_failure
from studio.operations import Request, Studio
from studio.option_schema import EXAMPLE, schema
from studio.payload import as_object, given_target, parse_cast
from studio.pictures import jpeg
from studio.plain import person_data
from studio.preset_http import listed
from studio.uploads import given, upload

log = logging.getLogger(__name__)

# The page shows it as running text.
RECAST = """Give the people in a {what} a new face. `sources` are photos of it, or of several faces when `cast` tells
them apart; `target` is the {what}. `cast` says who gets which photo: the number of a person (see /find_people) to a
position in `sources` from 0, or a list of them. Persons that are not named stay untouched; without a cast everyone gets
the face in all the photos. `options` are names and values, such as {{"quality": "best"}}; /options tells all, and
`preset` names one that they are put on top of. `consent`: true states that you have the right to use these faces; an
operator may require it. Returns the result and a report of what was done; while the job runs, no result and its
progress."""


def build(studio: Studio) -> None:
    """Adds the endpoints to the page that is being built. They have no look."""

    async def recast_image(
        request: gr.Request,
        sources: list[str] | None,
        target: str | None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        consent: bool = False,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
        async for step in _recast(
            studio, request, ("image", "animation"), sources, target, cast, options, consent, progress
        ):
            yield step

    async def recast_video(
        request: gr.Request,
        sources: list[str] | None,
        target: str | None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        consent: bool = False,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
        async for step in _recast(studio, request, FILM_KINDS, sources, target, cast, options, consent, progress):
            yield step

    async def find_people(
        call: gr.Request,
        target: str | None,
        options: dict[str, Any] | None = None,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[list[tuple[str, str]], dict[str, Any]]]:
        """Who is in a picture or video: numbers for a cast, when they are seen, and a thumbnail of each."""
        try:
            request = Request(given_target(target), options=studio.presets.options(as_object(options, "options")))
            async for job in waited_for(studio, request, "people", progress, caller=caller_of(call)):
                if not job.over:
                    yield [], _moment(job)
            people = studio.people(job)
            folder = studio.folder()
            pictures = []
            for person in people:
                picture = folder / f"person-{person.number}.jpg"
                picture.write_bytes(jpeg(person.thumbnail, quality=90))
                pictures.append((str(picture), f"Person {person.number}"))
            yield pictures, {"state": "done", "people": [person_data(person) for person in people]}
        except Exception as error:
            raise shown(error) from error

    def options_there_are() -> dict[str, Any]:
        """The options: a JSON schema with what each means, what it may be, and what it is when nobody says."""
        return schema()

    def presets() -> list[dict[str, Any]]:
        """The presets: names, and the options that each of them stands for."""
        return listed(studio)

    hidden: dict[str, Any] = {"visible": False}
    sources = upload("sources", "face.jpg", several=True)
    film, picture = upload("target", "film.mp4"), upload("target", "picture.jpg")
    cast = given("cast", {"1": 0})
    options = given("options", EXAMPLE)
    consent = gr.Checkbox(label="consent", value=False, **hidden)
    result = gr.File(label="result", **hidden)
    report = gr.JSON(label="report", **hidden)
    thumbnails = gr.Gallery(label="thumbnails", **hidden)
    people = gr.JSON(label="people", **hidden)
    button = gr.Button(**hidden)
    for recast, target, name, what in (
        (recast_image, picture, "recast_image", "picture"),
        (recast_video, film, "recast_video", "video"),
    ):
        given_job = [sources, target, cast, options, consent]
        button.click(recast, given_job, [result, report], api_name=name, api_description=RECAST.format(what=what))
    button.click(find_people, [film, options], [thumbnails, people], api_name="find_people")
    button.click(options_there_are, None, gr.JSON(label="options", **hidden), api_name="options")
    button.click(presets, None, gr.JSON(label="presets", **hidden), api_name="presets")


async def _recast(
    studio: Studio,
    call: gr.Request,
    kinds: tuple[str, ...],
    sources: list[str] | None,
    target: str | None,
    cast: dict[str, Any] | None,
    options: dict[str, Any] | None,
    consent: bool,
    progress: gr.Progress,
) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
    try:
        path = given_target(target)
        request = Request(
            sources=tuple(Path(source) for source in sources or ()),
            target=path,
            options=studio.presets.options(as_object(options, "options")),
            cast=parse_cast(as_object(cast, "cast")),
            consent=consent is True,
        )
        async for job in waited_for(studio, request, None, progress, kinds, caller=caller_of(call)):
            if not job.over:
                yield None, _moment(job)
        assert job.outcome is not None
        yield str(job.outcome.output), {"state": "done", **job.outcome.report}
    except Exception as error:
        raise shown(error) from error


async def waited_for(
    studio: Studio,
    request: Request,
    kind: Kind | None,
    show: gr.Progress,
    only: tuple[str, ...] = (),
    *,
    caller: Caller,
) -> AsyncIterator[Job]:
    """A job that ends with its caller, who has no other way to reach it, as it goes on; the last one is done."""
    owner = secrets.token_urlsafe()
    submitted = await asyncio.to_thread(
        studio.submit, request, owner, kind, attached=True, only=only, client=caller.client
    )
    async with contextlib.aclosing(studio.follow(submitted.id, owner)) as steps:
        async for job in steps:
            if job.progress is not None:
                moment = job.progress
                show((moment.done, moment.total), desc=moment.stage, unit="frames")
            if job.over:
                raise_failure(job)
            yield job


def _moment(job: Job) -> dict[str, Any]:
    """How far a job is."""
    return {"state": job.state, **progress_data(job.progress)}


def shown(error: Exception) -> gr.Error:
    """An error as the caller may see it: a sentence and a code."""
    if isinstance(error, RecastError):
        code = error.name if isinstance(error, JobFailed) else error.code
        return gr.Error(html.escape(f"{error} ({code})", quote=False), print_exception=False)
    log.error("an endpoint failed", exc_info=error)
    return gr.Error(f"{FAULT.split('. ')[0]}. (fault)", print_exception=False)
