"""The tab that shows which models there are, on whose terms, and fetches more. Its scripts are in `assets/models`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import APIRouter
from pydantic import BaseModel

from pipeline.errors import OptionError
from pipeline.models.catalogue import ModelEntry, ModelKind
from pipeline.models.describe import describe
from pipeline.models.fetching import Fetcher
from pipeline.models.store import Store
from pipeline.models.user import faults

if TYPE_CHECKING:
    from studio.operations import Studio

NAME, TITLE = "models", "Models"
PLACE = """
<div id="models" class="models"><div class="ghost tall" aria-hidden="true"></div></div>
"""
GROUPS: tuple[tuple[str, str, tuple[ModelKind, ...]], ...] = (
    ("Engines", "Networks that render the new face. The built-in mesh engine needs none of them.", ("swap",)),
    ("Restorers", "Networks that add fine detail to the new face.", ("restorer",)),
    ("Masks", "Networks that keep in front what covers the face.", ("occluder", "parser")),
    ("Shared parts", "What engines need beside their own network; fetched along with them.",
     ("recogniser", "converter", "detector", "landmarker")),
)  # fmt: skip
OPERATOR_ONLY = "Models are added and removed by whoever runs this studio: `python app.py models get NAME`."


class Wish(BaseModel):
    """`accept`: the licences of the model and of what it needs were shown and accepted."""

    accept: bool = False


def build(studio: Studio, page: gr.Blocks) -> None:
    """The place that the scripts fill."""
    gr.HTML(PLACE, elem_id="models-place", padding=False, apply_default_css=False)


def routes(studio: Studio) -> APIRouter:
    """The routes over the machine's store of models."""
    router = APIRouter(prefix="/studio/models", include_in_schema=False)
    store = Store()
    fetcher = Fetcher(store)
    # Where others come in, they do not decide about this machine's disk, nor accept licences for its owner.
    may_change = studio.settings.access == "open"

    def state() -> dict[str, Any]:
        entries = store.entries().values()
        running = studio.recaster.networks
        return {
            "groups": [
                {"title": title, "about": about, "models": _rows(store, fetcher, running, entries, kinds)}
                for title, about, kinds in GROUPS
            ],
            "may_change": may_change, "why_not": "" if may_change else OPERATOR_ONLY, "folder": str(store.folders.own)
            if may_change else "",
            "unusable": faults(store.folders.entries) if may_change else (),
        }  # fmt: skip

    def check() -> None:
        if not may_change:
            raise OptionError(OPERATOR_ONLY)

    @router.get("")
    async def look() -> dict[str, Any]:
        return await asyncio.to_thread(state)

    @router.post("/{name}")
    async def get(name: str, wish: Wish) -> dict[str, Any]:
        def start() -> dict[str, Any]:
            check()
            entry = store.entry(name)
            if wish.accept:
                for part in store.with_needs(entry):
                    if store.find(part) is None and not part.licence.free:
                        store.licences.accept(part, "studio")
            fetcher.start(entry)
            return state()

        return await asyncio.to_thread(start)

    @router.delete("/{name}")
    async def remove(name: str) -> dict[str, Any]:
        def take_away() -> dict[str, Any]:
            check()
            store.remove(store.entry(name))
            return state()

        return await asyncio.to_thread(take_away)

    return router


def _rows(
    store: Store, fetcher: Fetcher, running: dict[str, str], entries: Iterable[ModelEntry], kinds: tuple[ModelKind, ...]
) -> list[dict[str, Any]]:
    return [
        # Where files lie on the machine is nobody's business.
        describe(store, entry)
        | {"fetching": fetcher.state(entry.name), "device": running.get(entry.name), "path": None}
        for entry in entries
        if entry.kind in kinds
    ]
