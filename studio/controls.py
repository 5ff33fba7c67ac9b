"""The page's controls for a job's options, one for each field of `Options`."""

from __future__ import annotations

import gradio as gr
from gradio.components import Component

from studio.options import FIELDS, GROUPS, Field


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


def _control(field: Field) -> Component:
    label, about, width = field.text.label, field.text.about, 220
    if field.kind == "switch":
        return gr.Checkbox(field.default, label=label, info=about, min_width=width)
    if field.kind == "share":
        return gr.Slider(0, 1, field.default, step=0.05, label=label, info=about, min_width=width)
    if field.kind == "seconds":
        return gr.Number(field.default, label=label, info=about, minimum=0, min_width=width)
    choices = [(choice.replace("_", " "), choice) for choice in field.choices]
    return gr.Dropdown(choices, value=field.default, label=label, info=about, min_width=width)
