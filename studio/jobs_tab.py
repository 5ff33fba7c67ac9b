"""The tab with the visitor's own jobs: what waits, what runs, what is done, and batches.

It is drawn by `assets/jobs` over the routes here. They are the page's own: programs use `studio.http`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from pipeline.errors import InputError
from pipeline.mesh.painted import is_exclusion
from pipeline.options import Options
from pipeline.types import Person
from pipeline.whose import Spot, parse_whose
from studio.access.caller import caller_of
from studio.desk import order_of
from studio.desk_given import GivenCast
from studio.jobs.job import JobUnknown, fingerprint
from studio.jobs_view import Picture, SmallPictures, job_row
from studio.operations import Request as Order
from studio.operations import Studio
from studio.options import from_mapping
from studio.tokens import OwnersToken

NAME, TITLE = "jobs", "Jobs"
PLACE = '<div id="jobs" class="jobs"><div class="ghost tall" aria-hidden="true"></div></div>'
MOST = 200
"""Jobs of one batch."""


class GivenOrder(BaseModel):
    jobs: list[str] = Field(max_length=1000)


class GivenBatch(BaseModel):
    """`way` says what each job has of its own: a target, all of them with the same photos; a photo; or a target, all of
    them with the same cast: `roles` are photos by the numbers of the persons that the search `people` found."""

    way: Literal["targets", "photos", "cast"]
    targets: list[str] = Field(min_length=1)
    photos: list[str] = []
    roles: dict[int, list[str]] = {}
    people: str | None = None
    options: dict[str, Any] = {}


def build(studio: Studio, page: gr.Blocks) -> None:
    """The place that the scripts fill."""
    gr.HTML(PLACE, elem_id="jobs-place", padding=False, apply_default_css=False)


def routes(studio: Studio) -> APIRouter:
    """The routes over `studio`."""
    router = APIRouter(prefix="/studio/jobs", include_in_schema=False)
    pictures = SmallPictures(studio)

    def owners(request: Request, token: str) -> list[str]:
        """Who this is: the browser, and whoever signed in with it."""
        return [owner for owner in (token, caller_of(request).owner) if owner]

    def owner_of(request: Request, name: str, token: str) -> str:
        for owner in owners(request, token):
            try:
                studio.job(name, owner)
                return owner
            except JobUnknown:
                continue
        raise JobUnknown()

    @router.get("")
    def all_jobs(request: Request, token: OwnersToken) -> dict[str, Any]:
        """Everything of this owner, in the order it is shown: what waits in the order it is taken."""
        jobs = [studio.workers.now(job) for job in studio.store.owned([fingerprint(o) for o in owners(request, token)])]
        turns = {job.id: turn for turn, job in enumerate(studio.store.line(long=True))}
        rank = {"running": 0, "queued": 1}
        jobs.sort(key=lambda job: (rank.get(job.state, 2), turns.get(job.id, 0)))
        return {"jobs": [job_row(studio, job) for job in jobs], "keep_hours": studio.settings.keep_seconds / 3600}

    @router.get("/{name}/picture/{which}")
    def picture(request: Request, name: str, which: Picture, token: OwnersToken) -> Response:
        """A small picture of a job: its target, its new face, or its result."""
        job = studio.job(name, owner_of(request, name, token))
        found = pictures.of(job, which)
        if found is None:
            return Response(status_code=204)
        return FileResponse(found, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    @router.post("/{name}/cancel")
    def cancel(request: Request, name: str, token: OwnersToken) -> dict[str, Any]:
        return job_row(studio, studio.cancel(name, owner_of(request, name, token)))

    @router.post("/{name}/again", status_code=202)
    def again(request: Request, name: str, token: OwnersToken) -> dict[str, Any]:
        """The same once more, as a new job."""
        owner = owner_of(request, name, token)
        return job_row(studio, studio.again(name, owner, caller_of(request).client))

    @router.delete("/{name}", status_code=204)
    async def delete(request: Request, name: str, token: OwnersToken) -> Response:
        """Stop a job and delete everything of it."""
        await studio.delete(name, await asyncio.to_thread(owner_of, request, name, token))
        return Response(status_code=204)

    @router.post("/order")
    def order(request: Request, given: GivenOrder, token: OwnersToken) -> dict[str, Any]:
        """Take what waits in this order."""
        for owner in owners(request, token):
            studio.store.reorder(fingerprint(owner), given.jobs)
        return all_jobs(request, token)

    @router.post("/batch", status_code=202)
    def batch(request: Request, given: GivenBatch, token: OwnersToken) -> dict[str, Any]:
        """Many targets with one face or one cast, or many photos on one target."""
        if max(len(given.targets), len(given.photos)) > MOST:
            raise InputError(f"A batch has at most {MOST} jobs. Send it in parts.")
        people = studio.people(studio.job(given.people, token)) if given.people else ()
        jobs = studio.batch(_orders(given, people), token, caller_of(request).client)
        return {"jobs": [job.id for job in jobs]}

    return router


def _orders(given: GivenBatch, people: tuple[Person, ...]) -> list[Order]:
    if given.way == "cast":
        # Persons are known again by their faces, whichever target they were found in.
        casts = (
            GivenCast(target=target, everyone=[], roles=given.roles, options=given.options) for target in given.targets
        )
        orders = (order_of(cast, people) for cast in casts)
        return [replace(order, elsewhere=True, options=_for_persons(order.options)) for order in orders]
    options = from_mapping(given.options)
    targets, photos = [Path(path) for path in given.targets], [Path(path) for path in given.photos]
    if given.way == "targets":
        return [Order(target, tuple(photos), options) for target in targets]
    if len(targets) > 1:
        raise InputError("Many photos go on one target.")
    meant = (*options.source_faces, *(0 for _ in photos))
    return [
        Order(targets[0], (photo,), replace(options, source_faces=(face,) if face else ()))
        for photo, face in zip(photos, meant, strict=False)
    ]


def _for_persons(options: Options) -> Options:
    """`options` with what is painted on persons: what is so on a place of one target says nothing of another."""
    kept = tuple(
        painting
        for painting in options.exclude
        if is_exclusion(painting.mask) and not isinstance(parse_whose(painting.whose), Spot)
    )
    return replace(options, exclude=kept, exclude_at=None)
