"""What the Recast tab's scripts are given at once, inside the page: settings to draw, examples, limits."""

from __future__ import annotations

from typing import Any

from studio.examples import Example, examples
from studio.operations import Studio
from studio.options import FIELDS, GROUPS, OF_A_TARGET, Field
from studio.present import address
from studio.preset_http import listed


def start_data(studio: Studio) -> dict[str, Any]:
    """See the module. The same for every visitor."""
    return {
        "groups": list(GROUPS),
        "fields": [_field(field) for field in FIELDS if field.name not in OF_A_TARGET],
        "examples": [_example(example) for example in examples(studio.settings.examples)],
        "uploadBytes": studio.settings.upload_bytes,
        "keepHours": studio.settings.keep_seconds / 3600,
        "presets": {"here": studio.settings.access == "open", "list": listed(studio)},
    }


def _field(field: Field) -> dict[str, Any]:
    text = field.text
    return {
        "name": field.name,
        "kind": field.kind,
        "default": field.default,
        "label": text.label,
        "about": text.about,
        "group": text.group,
        "first": text.first,
        "networks": text.networks,
        "ends": list(text.ends),
        "choices": [{"value": choice, "label": field.named(choice)} for choice in field.choices],
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "title": example.title,
        "card": address(example.card),
        "face": address(example.face),
        "seconds": example.seconds,
        "photos": [str(path) for path in example.sources],
        "target": str(example.target),
    }
