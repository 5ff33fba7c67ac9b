"""Builds the page: what stands around the tabs, the tabs, and the named endpoints."""

from __future__ import annotations

import gradio as gr

from studio import api, job_api, shell, tabs
from studio.operations import Studio
from studio.settings import ASSETS

TITLE = "Recast"
SESSIONS = 500
"""Visits whose copy of the page the framework remembers; it takes some 150 KB each, for every visit and every call of a
program, until so many newer ones came. Nothing of ours is in it: one that was forgotten is made anew."""


def theme() -> gr.themes.Base:
    """Paper and ink, one accent. The fonts are those that gradio brings along: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=(gr.themes.GoogleFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
    )


def css() -> str:
    return (ASSETS / "studio.css").read_text(encoding="utf-8")


def build(studio: Studio) -> gr.Blocks:
    """The whole page over `studio`."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(shell.MASTHEAD, elem_id="head", padding=False)
        tabs.build(studio, page)
        gr.HTML(shell.foot(studio.settings.keep_seconds), elem_id="foot", padding=False)
        api.build(studio)
        job_api.build(studio)
    # No `/run` past the queue; followers cost nothing, the worker bounds the work.
    page.queue(api_open=False, default_concurrency_limit=None, max_size=200)
    page.state_session_capacity = SESSIONS
    return page
