"""The tab where a file is checked: whether it says that it is synthetic, who says so, and whether it was made here."""

from __future__ import annotations

import asyncio
import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from pipeline.errors import InputError
from studio.api import shown
from studio.checking import checked, headline, sentences, verdict_data
from studio.made import MadeHere

if TYPE_CHECKING:
    from studio.operations import Studio

NAME, TITLE = "check", "Check a file"
INTRODUCTION = """
<p class="check-lead">Every result of Recast carries signed Content Credentials and an invisible watermark. Give a
picture or a video, and see what it says about itself. It is looked at on this server and not kept.</p>
"""
_AT_ONCE = 2
"""Files that are checked at the same time."""


def build(studio: Studio, page: gr.Blocks) -> None:
    """The tab, and the named endpoint ``/verify``."""
    made_here = MadeHere()

    async def look(path: str | None) -> tuple[str, dict[str, Any]]:
        """Check a picture or video: Content Credentials, invisible watermark, and whether it was made here.

        Args:
            path: the file.

        Returns:
            The outcome as a page shows it, and as values.
        """
        try:
            if not path:
                raise InputError("Choose a picture or a video first.")
            file = studio.own(Path(path))
            await asyncio.to_thread(studio.inspect, file)
            verdict, made = await asyncio.to_thread(checked, file, made_here)
        except Exception as error:
            raise shown(error) from error
        said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences(verdict, made))
        tone = "bad" if verdict.manifest.state == "invalid" else "found" if verdict.synthetic or made else "nothing"
        title = html.escape(headline(verdict, made))
        return f'<div class="check {tone}"><h2>{title}</h2><ul>{said}</ul></div>', verdict_data(verdict, made)

    gr.HTML(INTRODUCTION, padding=False)
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=280):
            given = gr.File(label="Picture or video", elem_id="check-file", height=180)
            button = gr.Button("Check", variant="primary", elem_id="check-go")
        with gr.Column(scale=2, min_width=320):
            outcome = gr.HTML(elem_id="check-outcome", label="outcome", padding=False)
            with gr.Accordion("Details", open=False):
                details = gr.JSON(label="details", show_label=False)
    button.click(look, given, [outcome, details], api_name="verify", concurrency_limit=_AT_ONCE)
    given.upload(look, given, [outcome, details], api_visibility="private", concurrency_limit=_AT_ONCE)
    given.clear(lambda: ("", None), None, [outcome, details], api_visibility="private", queue=False)
