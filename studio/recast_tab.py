"""The tab where one job is set up, run and looked at.

It is drawn by `assets/recast` over the routes of `studio.desk`: a strip of people, a divided preview that follows each
change and two players in step are beyond what ready-made components do, and a preview has no time for an event queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from studio import desk

if TYPE_CHECKING:
    from fastapi import APIRouter

    from studio.operations import Studio

NAME, TITLE = "recast", "Recast"
PLACE = """
<div id="desk" class="desk">
  <div class="setup" aria-hidden="true"><div class="ghost"></div><div class="ghost"></div></div>
  <div class="outcome" aria-hidden="true"><div class="ghost tall"></div></div>
</div>
"""


def build(studio: Studio, page: gr.Blocks) -> None:
    """The place that the scripts fill; until they do, the shape of what will be there."""
    gr.HTML(PLACE, elem_id="desk-place", padding=False, apply_default_css=False)


def routes(studio: Studio) -> APIRouter:
    return desk.routes(studio)
