"""The tab where the visitor's own camera is recast as they move. The page's part is in `assets/live`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape

import gradio as gr
from fastapi import APIRouter, WebSocket

from studio.examples import Example, examples, head
from studio.live.connection import DEFAULTS, Connection
from studio.live.places import Places
from studio.operations import Studio
from studio.options import FIELDS, OF_A_TARGET, Field
from studio.present import address
from studio.settings import ASSETS

NAME = "live"
TITLE = "Live"


GROUPS = ("Face", "Light and detail")
"""Of the options, what can be seen while one is live."""


def build(studio: Studio, page: gr.Blocks) -> None:
    """The tab's frame; its script fills it with life."""
    parts = {
        "settings": escape(json.dumps({"visitors": studio.settings.live_visitors})),
        "portraits": "".join(_portraits(examples(studio.settings.examples))),
        "options": "".join(_control(field) for field in FIELDS if _fits(field)),
    }
    markup = (ASSETS / "live" / "tab.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        markup = markup.replace(f"<!-- {name} -->", part)
    gr.HTML(markup, elem_id="live-place", padding=False, apply_default_css=False)


def _fits(field: Field) -> bool:
    return field.text.group in GROUPS and field.name not in OF_A_TARGET


def _portraits(shelf: Iterable[Example]) -> Iterator[str]:
    """Faces to try at once."""
    for path in dict.fromkeys(path for example in shelf for path in example.sources):
        where, small = escape(address(path)), escape(address(head(path)))
        name = escape(path.stem.replace("-", " ").title())
        yield (
            f'<button type="button" class="face-choice" data-photo="{where}" aria-pressed="false">'
            f'<img src="{small}" alt=""><span class="verbatim">{name}</span></button>'
        )


def _control(field: Field) -> str:
    """One option; what it is set to is sent while one is live."""
    label, about = escape(field.text.label), f"<small>{escape(field.text.about)}</small>"
    # Somebody else in the picture is not meant, unless it is said.
    default = DEFAULTS.get(field.name, field.default)
    if field.kind == "switch":
        checked = " checked" if default else ""
        box = f'<input type="checkbox" role="switch" data-option="{field.name}"{checked}>'
        return f'<label class="live-switch">{box}<span>{label}{about}</span></label>'
    if field.kind == "share":
        slider = f'<input type="range" min="0" max="1" step="0.05" value="{default:g}" data-option="{field.name}">'
        ends = "".join(f"<span>{escape(end)}</span>" for end in field.text.ends if end)
        said = f'<small class="live-ends" aria-hidden="true">{ends}</small>' if ends else about
        return f'<label class="live-field"><span>{label}</span>{slider}{said}</label>'
    choices = "".join(
        f'<option value="{choice}"{" selected" if choice == default else ""}>{escape(field.named(choice))}</option>'
        for choice in field.choices
    )
    select = f'<select data-option="{field.name}">{choices}</select>'
    return f'<label class="live-field"><span>{label}</span>{select}{about}</label>'


def routes(studio: Studio) -> APIRouter:
    """The WebSocket that camera frames go over."""
    router = APIRouter(prefix="/studio")
    places = Places(studio.settings.live_visitors)

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await Connection(socket, studio, places).serve()

    return router
