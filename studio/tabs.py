"""The tabs of the page, in their order. One more tab is a module beside this one and a line in `TABS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import gradio as gr

from studio import check_tab, jobs_tab, live_tab, models_tab, recast_tab

if TYPE_CHECKING:
    from fastapi import APIRouter

    from studio.operations import Studio


class Tab(Protocol):
    """What a tab's module has.

    Attributes:
        NAME: what its address ends in (`#live`), and its element's id (`tab-live`); lower case.
        TITLE: what is written on it, in English; `assets/words` translates it.
    """

    NAME: str
    TITLE: str

    def build(self, studio: Studio, page: gr.Blocks) -> None:
        """Lays the tab out, inside its `gr.Tab`, and wires its events."""
        ...


@runtime_checkable
class Routed(Protocol):
    """A tab's module may have this as well."""

    def routes(self, studio: Studio) -> APIRouter:
        """HTTP and WebSocket routes that the tab's own scripts talk to; their paths begin with ``/studio/``."""
        ...


TABS: tuple[Tab, ...] = (recast_tab, jobs_tab, live_tab, check_tab, models_tab)


def build(studio: Studio, page: gr.Blocks) -> None:
    """Every tab, into the page that is being built."""
    with gr.Tabs(elem_id="tabs"):
        for tab in TABS:
            with gr.Tab(tab.TITLE, id=tab.NAME, elem_id=f"tab-{tab.NAME}"):
                tab.build(studio, page)


def routers(studio: Studio) -> list[APIRouter]:
    """The routes of the tabs that have some."""
    return [tab.routes(studio) for tab in TABS if isinstance(tab, Routed)]
