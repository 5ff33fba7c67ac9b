"""The page's controls for a job's options, one for each field of `Options`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from pipeline.types import Options
from studio.options import FIELDS, GROUPS, Field, from_mapping, parse_seconds


def option_controls() -> dict[str, Component]:
    """Controls by option name, laid out in their groups, in the order of `FIELDS`."""
    controls: dict[str, Component] = {}
    for group in GROUPS:
        gr.HTML(f'<h4 class="group">{group}</h4>', padding=False)
        with gr.Row(elem_classes="options"):
            for field in FIELDS:
                if field.text.group == group:
                    controls[field.name] = _control(field)
    return {field.name: controls[field.name] for field in FIELDS}


def read_controls(values: Sequence[Any]) -> Options:
    """Options of what the controls of `option_controls` hold, in their order.

    Raises:
        OptionError: one of them holds something that is not allowed.
    """
    named = {field.name: value for field, value in zip(FIELDS, values, strict=True)}
    for field in FIELDS:
        text = named[field.name]
        if field.kind == "seconds" and isinstance(text, str):
            named[field.name] = parse_seconds(text) if text.strip() else None
    return from_mapping(named)


def _control(field: Field) -> Component:
    label, about, width = field.text.label, field.text.about, 220
    if field.kind == "switch":
        return gr.Checkbox(field.default, label=label, info=about, min_width=width)
    if field.kind == "share":
        return gr.Slider(0, 1, field.default, step=0.05, label=label, info=about, min_width=320)
    if field.kind == "seconds":
        # A number field cannot be empty: it shows 0, which is something else than "not set".
        return gr.Textbox(
            "", label=label, info=about, placeholder="not set", max_lines=1, max_length=20, min_width=width
        )
    choices = [(choice.replace("_", " "), choice) for choice in field.choices]
    return gr.Dropdown(choices, value=field.default, label=label, info=about, min_width=width)
