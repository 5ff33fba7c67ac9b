"""The named endpoints: what programs call through the Gradio client, or as plain HTTP events.

Each is a generator, so that it ends when its caller goes away; all values but the last tell how far it is.
"""

from __future__ import annotations

import html
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import InputError, OptionError, RecastError
from pipeline.media import probe
from pipeline.types import Progress
from studio.headless import FAULT, person_data, report_data
from studio.operations import Request, Studio, jpeg
from studio.options import from_mapping
from studio.work import Task, follow

log = logging.getLogger(__name__)

RECAST = """Give the people in a {what} a new face.

Args:
    sources: photos of the new face, or of several faces when `cast` tells them apart.
    target: the {what}.
    cast: who gets which photo: person number (see /find_people) to position in `sources` from 0, or a list of them.
        Persons that are not named stay untouched; without a cast everyone gets the face in all the photos.
    options: names and values of options; see the command line's --help.

Returns:
    The result, and a report of what was done. While the job runs: no result, and its progress.
"""


def build(studio: Studio) -> None:
    """Adds the endpoints to the page that is being built. They have no look."""

    async def recast_image(
        sources: list[str] | None,
        target: str | None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
        async for step in _recast(studio, ("image", "animation"), sources, target, cast, options, progress):
            yield step

    async def recast_video(
        sources: list[str] | None,
        target: str | None,
        cast: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
        async for step in _recast(studio, ("video", "animation"), sources, target, cast, options, progress):
            yield step

    async def find_people(
        target: str | None,
        options: dict[str, Any] | None = None,
        progress: gr.Progress = gr.Progress(),
    ) -> AsyncIterator[tuple[list[tuple[str, str]], dict[str, Any]]]:
        """Who is in a picture or video: numbers for a cast, when they are seen, and a thumbnail of each."""
        try:
            task = studio.find_people(_target(target), from_mapping(_object(options, "options")))
            async for _ in follow(task):
                yield [], _moment(task, progress)
            people = task.result()
            folder = studio.folder()
            pictures = []
            for person in people:
                picture = folder / f"person-{person.number}.jpg"
                picture.write_bytes(jpeg(person.thumbnail, quality=90))
                pictures.append((str(picture), f"Person {person.number}"))
            yield pictures, {"state": "done", "people": [person_data(person) for person in people]}
        except Exception as error:
            raise _shown(error) from error

    hidden: dict[str, Any] = {"visible": False}
    sources = gr.File(label="sources", file_count="multiple", type="filepath", **hidden)
    target = gr.File(label="target", type="filepath", **hidden)
    cast = gr.JSON(label="cast", **hidden)
    options = gr.JSON(label="options", **hidden)
    result = gr.File(label="result", **hidden)
    report = gr.JSON(label="report", **hidden)
    thumbnails = gr.Gallery(label="thumbnails", **hidden)
    people = gr.JSON(label="people", **hidden)
    button = gr.Button(**hidden)
    job = [sources, target, cast, options]
    button.click(
        recast_image, job, [result, report], api_name="recast_image", api_description=RECAST.format(what="picture")
    )
    button.click(
        recast_video, job, [result, report], api_name="recast_video", api_description=RECAST.format(what="video")
    )
    button.click(find_people, [target, options], [thumbnails, people], api_name="find_people")


async def _recast(
    studio: Studio,
    kinds: tuple[str, ...],
    sources: list[str] | None,
    target: str | None,
    cast: dict[str, Any] | None,
    options: dict[str, Any] | None,
    progress: gr.Progress,
) -> AsyncIterator[tuple[str | None, dict[str, Any]]]:
    try:
        path = _target(target)
        request = Request(
            sources=tuple(Path(source) for source in sources or ()),
            target=path,
            options=from_mapping(_object(options, "options")),
            cast=_cast(_object(cast, "cast")),
        )
        kind = probe(path).kind
        if kind not in kinds:
            raise InputError(
                "This is a video: use /recast_video." if kind == "video" else "This is a picture: use /recast_image."
            )
        task = studio.recast(request)
        async for _ in follow(task):
            yield None, _moment(task, progress)
        done = task.result().report
        yield str(done.output), {"state": "done", **report_data(done), "output": done.output.name}
    except Exception as error:
        raise _shown(error) from error


def _target(target: str | None) -> Path:
    if not target:
        raise InputError("The target is missing.")
    return Path(target)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise OptionError(f"{name} has to be an object with names and values.")


def _cast(given: Mapping[str, Any]) -> dict[int, tuple[int, ...]]:
    cast = {}
    for number, positions in given.items():
        listed = positions if isinstance(positions, list) else [positions]
        whole = all(
            isinstance(position, int) and not isinstance(position, bool) and position >= 0 for position in listed
        )
        if not str(number).isdecimal() or not listed or not whole:
            raise OptionError('cast has to look like {"1": 0} or {"1": [0, 1]}: person number to photos, from 0.')
        cast[int(number)] = tuple(listed)
    return cast


def _moment(task: Task[Any], show: gr.Progress) -> dict[str, Any]:
    """How far a task is, for `job.status()` and as a value of its own."""
    moment: Progress | None = task.progress
    if moment is None:
        return {"state": task.state}
    show((moment.done, moment.total), desc=moment.stage, unit="frames")
    return {
        "state": task.state,
        "stage": moment.stage,
        "done": moment.done,
        "total": moment.total,
        "fps": round(moment.fps, 2),
        "eta": moment.eta,
    }


def _shown(error: Exception) -> gr.Error:
    """An error as the caller may see it: a sentence and a code."""
    if isinstance(error, RecastError):
        return gr.Error(html.escape(f"{error} ({error.code})", quote=False), print_exception=False)
    log.error("an endpoint failed", exc_info=error)
    return gr.Error(f"{FAULT.split('. ')[0]}. (fault)", print_exception=False)
