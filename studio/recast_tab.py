"""The tab where one job is set up, run and looked at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import Cancelled, RecastError
from pipeline.types import Person
from studio import present
from studio.access.caller import caller_of
from studio.controls import option_controls, read_controls
from studio.examples import examples as ready_examples
from studio.headless import FAULT
from studio.jobs.job import Job, JobUnknown, report_of
from studio.operations import Request, Studio, raise_failure
from studio.payload import kept_job
from studio.pictures import jpeg

log = logging.getLogger(__name__)

NAME, TITLE = "recast", "Recast"
EMPTY_PREVIEW = '<div class="empty">The picture or video appears here.</div>'
EMPTY_STAGE = (
    '<div class="empty stage"><b>Your result appears here</b>'
    "<span>Add a photo of the new face and a picture or video, then press Recast.</span></div>"
)


@dataclass(frozen=True, eq=False)
class Found:
    """The people of a target, kept with the session."""

    target: str
    people: tuple[Person, ...]
    pictures: tuple[Path, ...]
    chosen: frozenset[int] = frozenset()

    def rows(self) -> list[tuple[str, str]]:
        """Pictures and words for the gallery."""
        return [
            (str(picture), present.person_caption(person, person.number in self.chosen))
            for person, picture in zip(self.people, self.pictures, strict=True)
        ]


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lays out the tab and wires its events."""
    examples = ready_examples(studio.settings.examples)
    searches: dict[str, tuple[str, str]] = {}

    with gr.Row(elem_id="desk", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_id="setup"):
            with gr.Group(elem_classes="card"):
                gr.HTML("<h2><i>1</i>New face</h2>", padding=False)
                sources = gr.Gallery(
                    label="Photos of the new face", show_label=False, interactive=True, file_types=["image"],
                    type="filepath", columns=4, fit_columns=False, height=168, object_fit="cover", elem_id="sources",
                    buttons=[],
                )  # fmt: skip
            with gr.Group(elem_classes="card"):
                gr.HTML("<h2><i>2</i>Picture or video</h2>", padding=False)
                target = gr.File(
                    label="Picture or video", show_label=False, file_types=["image", "video"], type="filepath",
                    height=132, elem_id="target",
                )  # fmt: skip
                preview = gr.HTML(visible=False, elem_id="target-preview", padding=False)
            with gr.Group(elem_classes="card", visible=False) as who:
                gr.HTML("<h2><i>3</i>Who <small>everyone, or those you choose</small></h2>", padding=False)
                gallery = gr.Gallery(
                    show_label=False, interactive=False, allow_preview=False, columns=4, fit_columns=False,
                    height="auto", object_fit="cover", elem_id="people", visible=False, buttons=[],
                )  # fmt: skip
                find = gr.Button("Find people", size="sm", elem_id="find")
            with gr.Accordion("Advanced", open=False, elem_id="advanced"):
                controls = option_controls()
            with gr.Row(elem_id="actions"):
                go = gr.Button("Recast", variant="primary", size="lg", elem_id="go")
                stop = gr.Button("Cancel", variant="stop", size="lg", visible=False, elem_id="stop")

        with gr.Column(scale=7, min_width=320, elem_id="outcome"):
            with gr.Group(elem_classes="card stage-card"):
                stage = gr.HTML(EMPTY_STAGE, elem_id="stage", padding=False)
                slider = gr.ImageSlider(
                    label="Before and after", show_label=False, visible=False, elem_id="compare", interactive=False,
                    slider_position=50, max_height=640, buttons=["fullscreen"],
                )  # fmt: skip
                player = gr.HTML(visible=False, elem_id="player", padding=False)
                status = gr.HTML(elem_id="status", padding=False)
                download = gr.DownloadButton("Download", visible=False, variant="primary", elem_id="download")
            if examples:
                gr.HTML('<h3 class="quiet">Or try one of these</h3>', padding=False)
                shelf = gr.Gallery(
                    value=[(str(example.card), example.title) for example in examples], show_label=False,
                    interactive=False, allow_preview=False, columns=3, height="auto", object_fit="cover",
                    elem_id="examples", buttons=[],
                )  # fmt: skip

    found = gr.State(None)
    # Who this browser is and which job is its last. Both parts fixed, so that they outlive the server.
    kept = gr.BrowserState(None, storage_key="recast-job", secret="recast")

    def show_target(path: str | None) -> dict[Any, Any]:
        """The preview of a target that was just given; what was found in the last one is forgotten."""
        fresh: dict[Any, Any] = {
            found: None,
            gallery: gr.update(value=[], visible=False),
            find: gr.update(visible=True),
            who: gr.update(visible=path is not None),
            preview: gr.update(visible=False),
        }
        if path is None:
            return fresh
        try:
            look = studio.look(Path(path))
        except RecastError as error:
            return {**fresh, who: gr.update(visible=False), preview: _shown(present.said(str(error)))}
        return {**fresh, preview: _shown(present.target_preview(Path(path), look))}

    async def look_for_people(request: gr.Request, path: str | None, *values: Any) -> AsyncIterator[dict[Any, Any]]:
        """Looks for people and shows them to choose from."""
        session = request.session_hash or ""
        owner = secrets.token_urlsafe()
        try:
            if path is None:
                raise RecastError("Add a picture or video first.")
            wanted = Request(Path(path), options=read_controls(values))
            job = await asyncio.to_thread(
                studio.submit, wanted, owner, "people", attached=True, client=caller_of(request).client
            )
            searches[session] = (job.id, owner)
            yield _busy(True)
            async with contextlib.aclosing(studio.follow(job.id, owner)) as steps:
                async for job in steps:
                    if not job.over:
                        yield {status: _progress(job)}
            raise_failure(job)
            people = studio.people(job)
            state = Found(path, people, _pictures(people))
            yield {
                **_busy(False),
                status: "",
                found: state,
                gallery: gr.update(value=state.rows(), visible=True),
                find: gr.update(visible=False),
            }
        except Exception as error:
            yield {**_busy(False), status: _sentence(error)}
        finally:
            searches.pop(session, None)

    def choose(state: Found | None, event: gr.SelectData) -> dict[Any, Any]:
        """A click on a person adds them to those who are recast, or takes them out."""
        if state is None:
            return {found: None}
        number = state.people[int(event.index)].number
        state = Found(state.target, state.people, state.pictures, state.chosen ^ {number})
        return {found: state, gallery: gr.update(value=state.rows(), selected_index=None)}

    async def run_job(
        request: gr.Request,
        photos: list[tuple[str, str | None]] | None,
        path: str | None,
        state: Found | None,
        last: Any,
        *values: Any,
    ) -> AsyncIterator[dict[Any, Any]]:
        """Puts a job into the line and shows how it goes, then its result. It is this browser's, not this tab's."""
        owner = (kept_job(last) or (secrets.token_urlsafe(32), ""))[0]
        try:
            if not photos:
                raise RecastError("Add a photo of the new face first.")
            if path is None:
                raise RecastError("Add a picture or video first.")
            people = state.people if state is not None and state.target == path else ()
            chosen = sorted(state.chosen) if state is not None and people else []
            everything = tuple(range(len(photos)))
            wanted = Request(
                target=Path(path),
                sources=tuple(Path(photo) for photo, _ in photos),
                options=read_controls(values),
                cast=dict.fromkeys(chosen, everything),
                people=people,
            )
            job = await asyncio.to_thread(studio.submit, wanted, owner, client=caller_of(request).client)
            yield {**_busy(True), **_cleared(), kept: {"owner": owner, "job": job.id}}
            async for step in watch(job.id, owner):
                yield step
        except Exception as error:
            yield {**_busy(False), stage: _shown(EMPTY_STAGE), status: _sentence(error)}

    async def watch(name: str, owner: str) -> AsyncIterator[dict[Any, Any]]:
        async with contextlib.aclosing(studio.follow(name, owner)) as steps:
            async for job in steps:
                if not job.over:
                    yield {status: _progress(job)}
        raise_failure(job)
        yield {**_busy(False), **_result(job)}

    async def come_back(last: Any) -> AsyncIterator[dict[Any, Any]]:
        """The job that this browser has left: how it goes, then its result."""
        # An event that yields nothing would empty everything it may write to.
        yield {status: gr.skip()}
        known = kept_job(last)
        if known is None:
            return
        owner, name = known
        try:
            job = studio.job(name, owner)
            if job.state == "cancelled":
                return
            yield {**_busy(not job.over), **_cleared()}
            async for step in watch(name, owner):
                yield step
        except JobUnknown:
            return
        except Exception as error:
            yield {**_busy(False), stage: _shown(EMPTY_STAGE), status: _sentence(error)}

    def cancel(request: gr.Request, last: Any) -> None:
        """Stops the search of this tab, or else the job of this browser."""
        searching = searches.get(request.session_hash or "")
        known = (searching[1], searching[0]) if searching else kept_job(last)
        if known is not None:
            with contextlib.suppress(JobUnknown):
                studio.cancel(known[1], known[0])

    def use_example(event: gr.SelectData) -> dict[Any, Any]:
        example = examples[int(event.index)]
        return {sources: [str(path) for path in example.sources], target: str(example.target)}

    def _busy(busy: bool) -> dict[Any, Any]:
        return {
            go: gr.update(visible=not busy),
            stop: gr.update(visible=busy),
            find: gr.update(interactive=not busy),
        }

    def _cleared() -> dict[Any, Any]:
        hidden = gr.update(visible=False)
        return {stage: hidden, slider: hidden, player: hidden, download: hidden, status: present.waiting(0)}

    def _result(job: Job) -> dict[Any, Any]:
        outcome = job.outcome
        assert outcome is not None and outcome.output is not None
        output = outcome.output
        shown: dict[Any, Any] = {
            status: present.finished(report_of(outcome.report, output)),
            download: gr.update(value=str(output), visible=True, label=f"Download {output.suffix[1:].upper()}"),
        }
        if outcome.before is not None and outcome.after is not None:
            shown[slider] = gr.update(value=(str(outcome.before), str(outcome.after)), visible=True)
        else:
            shown[player] = _shown(present.result_video(output))
        return shown

    def _progress(job: Job) -> str:
        if job.state == "queued":
            return present.waiting(studio.store.ahead(job))
        return present.running(job.progress, job.preview)

    def _pictures(people: tuple[Person, ...]) -> tuple[Path, ...]:
        folder = studio.folder()
        paths = tuple(folder / f"person-{person.number}.jpg" for person in people)
        for person, path in zip(people, paths, strict=True):
            path.write_bytes(jpeg(person.thumbnail, quality=90))
        return paths

    every_control = list(controls.values())
    switches = [go, stop, find]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    target.change(show_target, target, [found, gallery, find, who, preview], **quiet)
    find.click(look_for_people, [target, *every_control], [*switches, status, found, gallery], **quiet)
    gallery.select(choose, found, [found, gallery], **quiet)
    followed = [*switches, stage, slider, player, download, status]
    go.click(run_job, [sources, target, found, kept, *every_control], [*followed, kept], **quiet)
    page.load(come_back, kept, followed, **quiet)
    stop.click(cancel, kept, None, queue=False, **quiet)
    if examples:
        shelf.select(use_example, None, [sources, target], **quiet)


def _shown(value: str) -> dict[str, Any]:
    return gr.update(value=value, visible=True)


def _sentence(error: Exception) -> str:
    if isinstance(error, Cancelled):
        return present.said("Cancelled. Nothing was kept.", "calm")
    if isinstance(error, RecastError):
        return present.said(str(error))
    log.error("an event failed", exc_info=error)
    return present.said(FAULT.split(". ")[0] + ".")
