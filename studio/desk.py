"""The routes behind the Recast tab: what its scripts in `assets/recast` ask for.

Files are named as the upload answered them; only files that were uploaded here are worked on. Jobs are reached with
their owner's token in the header `X-Recast-Token`, as everywhere. These routes are the page's own: programs use
`studio.http` and the named endpoints.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Request as Caller
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from pipeline.analysis.assign import known_again
from pipeline.errors import FileMissing, InputError, RecastError
from pipeline.options import Options
from pipeline.types import Advice, Person
from pipeline.whose import named
from studio.access.caller import caller_of
from studio.desk_given import GivenCast, GivenMoment, GivenPhoto, GivenStrokes, GivenTarget
from studio.desk_job import job_view
from studio.desk_start import start_data
from studio.http import MOST_PHOTOS
from studio.jobs.job import Job, JobFailed, JobUnknown, raise_failure
from studio.jobs.status import status_data
from studio.operations import GONE, Request, Studio
from studio.options import from_mapping
from studio.pictures import jpeg
from studio.present import address, describe, first_number
from studio.previews import FrameLook, Previews
from studio.quantities import FASTEST
from studio.tokens import OwnersToken


def routes(studio: Studio) -> APIRouter:
    """The routes over `studio`."""
    router = APIRouter(prefix="/studio/desk", include_in_schema=False)
    previews = Previews(studio)

    def people_of(name: str | None, token: str) -> tuple[Person, ...]:
        return studio.people(studio.job(name, token)) if name else ()

    def found_people(search: str | None, token: str) -> tuple[Person, ...]:
        try:
            return people_of(search, token)
        except JobUnknown:
            # It went with the jobs of its target, and so did that.
            raise FileMissing(GONE) from None

    @router.get("/start")
    def start_of_page() -> dict[str, Any]:
        """The same for every visitor."""
        return start_data(studio)

    @router.post("/photo")
    def photo(given: GivenPhoto) -> dict[str, Any]:
        """A photo as a source: its face, and what is wrong with it."""
        look = previews.photo(Path(given.path), given.face)
        return {
            "url": address(Path(given.path)),
            "width": look.width,
            "height": look.height,
            "thumbnail": picture_data(look.thumbnail),
            "advice": [_advice(advice) for advice in look.advice],
            "faces": [picture_data(face) for face in look.faces],
            "face": look.face,
        }

    @router.post("/target")
    def target(given: GivenTarget) -> dict[str, Any]:
        """A picture or video: what it is, and its first frame."""
        look = studio.look(Path(given.path), from_mapping({"rate": given.rate}).exact_rate)
        info = look.info
        return {
            "url": address(Path(given.path)),
            "poster": address(look.picture),
            "kind": info.kind,
            "width": info.width,
            "height": info.height,
            "duration": info.duration,
            "rate": float(info.rate) if info.rate is not None else None,
            "frames": info.frames,
            "first": first_number(info),
            "about": describe(info),
        }

    @router.post("/people")
    async def people(request: Caller, given: GivenTarget, token: OwnersToken) -> StreamingResponse:
        """Who is in a target: a line of JSON for each moment of the search, the last one with the people. Whoever
        leaves ends the search. What an earlier one has found of the same upload is answered at once."""
        options = from_mapping({"start": given.start, "end": given.end, "rate": given.rate})
        wanted = Request(studio.own(Path(given.path)), options=options)
        client = caller_of(request).client
        known = await asyncio.to_thread(people_of, given.like, token)
        whole = options == Options(rate=options.rate)
        job = await asyncio.to_thread(studio.searched, wanted.target, token, options.rate) if whole else None
        if job is None:
            job = await asyncio.to_thread(studio.submit, wanted, token, "people", attached=True, client=client)
        return _lines(_search(studio, job, token, known))

    @router.get("/frame")
    def frame(
        path: str,
        moment: Annotated[float, Query(ge=0, lt=1e9)] = 0.0,
        rate: Annotated[float | None, Query(gt=0, le=FASTEST)] = None,
        edition: str | None = None,
    ) -> Response:
        """One frame as it is."""
        exact = from_mapping({"rate": rate}).exact_rate
        return _picture(previews.frame(Path(path), moment, exact), "private, max-age=300")

    @router.post("/preview")
    def preview(given: GivenMoment, token: OwnersToken) -> Response:
        """One frame as it will be; as for a job, it is to be stated first that this is right."""
        _require_few(given)
        studio.admission.consent(token)
        look = previews.recast(
            Path(given.target),
            given.moment,
            tuple(Path(path) for path in given.everyone),
            {number: tuple(Path(path) for path in photos) for number, photos in given.roles.items() if photos},
            found_people(given.people, token),
            from_mapping(given.options),
        )
        return _picture(look, "no-store")

    @router.post("/painted")
    def painted(given: GivenStrokes, token: OwnersToken) -> dict[str, Any]:
        """What is left as it is of whom, after some strokes of the brush, and where that lies in the frame."""
        done = previews.painted(
            Path(given.target),
            given.moment,
            from_mapping(given.excluded),
            given.strokes,
            erase=given.erase,
            people=found_people(given.people, token),
        )
        exclude = [asdict(painting) for painting in done.exclude]
        return {"exclude": exclude, "shown": picture_data(done.shown, "png")}

    @router.post("/jobs", status_code=202)
    def start(request: Caller, given: GivenCast, token: OwnersToken) -> dict[str, Any]:
        """Put a job into the line."""
        order = order_of(given, found_people(given.people, token))
        return {"id": studio.submit(order, token, client=caller_of(request).client).id}

    @router.get("/jobs/{name}")
    def job(name: str, token: OwnersToken, whole: bool = False) -> dict[str, Any]:
        """How a job is, what it was made of, and what came of it; with `whole`, the people of its cast as well, or
        where they were found in another target, whom a search has to ask about."""
        found = studio.job(name, token)
        view = job_view(studio, found)
        if whole and found.cast and studio.files.elsewhere(name):
            view["like"] = name
        elif whole and studio.people(found):
            view["people"] = {"search": name, "list": [person_view(person) for person in studio.people(found)]}
        return view

    @router.get("/jobs/{name}/live")
    def live(name: str, token: OwnersToken) -> Response:
        """The newest finished frame of a running job."""
        running = studio.job(name, token)
        if running.preview is None:
            return Response(status_code=204)
        shown = studio.recaster.marking.signed(jpeg(running.preview), running.options.engine)
        return Response(shown, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @router.post("/jobs/{name}/cancel")
    def cancel(name: str, token: OwnersToken) -> dict[str, Any]:
        return status_data(studio.store, studio.cancel(name, token))

    @router.post("/jobs/{name}/comparison", status_code=202)
    def comparison(request: Caller, name: str, token: OwnersToken) -> dict[str, Any]:
        """A job that puts original and result side by side."""
        return {"id": studio.compare(name, token, caller_of(request).client).id}

    return router


def order_of(given: GivenCast, people: tuple[Person, ...]) -> Request:
    """What the page asked for, as a job is asked for; `people` are those of its search."""
    _require_few(given)
    photos: list[str] = []
    cast: dict[int, tuple[int, ...]] = {}
    roles = {number: chosen for number, chosen in given.roles.items() if chosen}
    if given.everyone and roles:
        raise InputError("Either everyone gets one face, or those who are chosen get theirs.")
    for number, chosen in roles.items():
        cast[number] = tuple(range(len(photos), len(photos) + len(chosen)))
        photos += chosen
    options = from_mapping(given.options)
    return Request(
        target=Path(given.target),
        sources=tuple(Path(path) for path in photos or given.everyone),
        options=options,
        cast=cast,
        people=people if cast or named(options) else (),
    )


def _require_few(given: GivenCast) -> None:
    if len(given.everyone) + sum(map(len, given.roles.values())) > MOST_PHOTOS:
        raise InputError(f"There are more than {MOST_PHOTOS} photos. Remove some.")


async def _search(studio: Studio, job: Job, token: str, known: tuple[Person, ...]) -> AsyncIterator[dict[str, Any]]:
    try:
        async with contextlib.aclosing(studio.follow(job.id, token, 0.2)) as steps:
            async for job in steps:
                if not job.over:
                    yield status_data(studio.store, job)
        raise_failure(job)
        people = studio.people(job)
        yield {
            "search": job.id,
            "people": [person_view(person) for person in people],
            "known": {found.number: person.number for found, person in known_again(people, known)},
        }
    except RecastError as error:
        yield {"error": str(error), "code": error.name if isinstance(error, JobFailed) else error.code}


def _lines(values: AsyncIterator[dict[str, Any]]) -> StreamingResponse:
    async def text() -> AsyncIterator[str]:
        async with contextlib.aclosing(values) as steps:  # type: ignore[type-var]
            async for value in steps:
                yield json.dumps(value) + "\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(text(), media_type="application/x-ndjson", headers=headers)


def person_view(person: Person) -> dict[str, Any]:
    """A person for the strip: number, thumbnail, when and how much they are seen."""
    return {
        "number": person.number,
        "thumbnail": picture_data(jpeg(person.thumbnail, quality=88)),
        "share": person.share,
        "frames": person.frames,
        "first": person.first_time,
        "last": person.last_time,
    }


def picture_data(picture: bytes, kind: str = "jpeg") -> str:
    """A picture as an address that holds it."""
    return f"data:image/{kind};base64," + base64.b64encode(picture).decode("ascii")


def _advice(advice: Advice) -> dict[str, Any]:
    return {"code": advice.code, "sentence": advice.sentence, "fatal": advice.fatal}


def _picture(look: FrameLook, kept: str) -> Response:
    boxes = [[round(edge, 4) for edge in box] for box in look.faces]
    said = {"Faces": boxes, "Changed": look.changed, "Doubts": look.doubts}
    headers = {"Cache-Control": kept, **{f"X-Recast-{name}": json.dumps(value) for name, value in said.items()}}
    return Response(look.picture, media_type="image/jpeg", headers=headers)
