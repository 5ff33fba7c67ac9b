"""The options for programs: a JSON schema with what each means, may be, and is when nobody says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from studio.options import FIELDS, MOST_NUMBERS, MOST_PAINTINGS, Field
from studio.quantities import FASTEST, RATE

NAME = "Options"
REFERENCE = f"#/components/schemas/{NAME}"
EXAMPLE = {"quality": "best", "likeness": 0.8}
_PRESET = {"type": "string", "description": "A preset's name; the other options are put on top of it."}


def schema() -> dict[str, Any]:
    """A JSON schema (2020-12) of the object that programs send as `options`."""
    return {
        "type": "object",
        "title": NAME,
        "description": "What may be set on a job. What is not named keeps its default.",
        "properties": {"preset": _PRESET, **{field.name: _property(field) for field in FIELDS}},
        "additionalProperties": False,
        "examples": [EXAMPLE],
    }


def install(app: FastAPI) -> None:
    """Puts the schema into the document at ``/openapi.json``, where what takes options refers to it."""
    document: Callable[[], dict[str, Any]] = app.openapi

    def with_options() -> dict[str, Any]:
        told = document()
        told["components"]["schemas"].setdefault(NAME, schema())
        return told

    app.openapi = with_options  # type: ignore[method-assign]


def _property(field: Field) -> dict[str, Any]:
    return {**_value(field), "title": field.text.label, "description": _about(field)}


def _value(field: Field) -> dict[str, Any]:
    if field.kind == "choice":
        return {"enum": list(field.choices), "default": field.default}
    if field.kind == "switch":
        return {"type": "boolean", "default": field.default}
    if field.kind == "share":
        return {"type": "number", "minimum": 0, "maximum": 1, "default": field.default}
    if field.kind == "seconds":
        return {"type": ["number", "null"], "minimum": 0, "default": field.default}
    if field.kind == "frame":
        return {"type": ["integer", "null"], "minimum": 0, "default": field.default}
    if field.kind == "rate":
        number = {"type": "number", "exclusiveMinimum": 0, "maximum": FASTEST}
        return {"oneOf": [number, {"type": "string", "pattern": f"^{RATE}$"}, {"type": "null"}], "default": None}
    if field.kind == "numbers":
        whole = {"type": "integer", "minimum": 0}
        return {"type": "array", "items": whole, "maxItems": MOST_NUMBERS, "default": list(field.default)}
    png = {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}
    each = {"type": "object", "additionalProperties": png, "maxProperties": MOST_PAINTINGS}
    return {"oneOf": [png, each], "default": {}}


def _about(field: Field) -> str:
    """The sentence of the page; for choices also what each is, for a share what 0 and 1 are."""
    said = [field.text.about]
    if words := [f"`{choice}`: {told}" for choice in field.choices if (told := field.text.choices.get(choice))]:
        said.append(f"{'; '.join(words)}.")
    low, high = field.text.ends
    if low and high:
        said.append(f"0: {low}; 1: {high}.")
    return " ".join(part for part in said if part)
