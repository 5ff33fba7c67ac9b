"""Presets over HTTP: a list for programs, and what the page's scripts keep and take away."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from pipeline.errors import Refused
from studio.answers import REFUSALS
from studio.operations import Studio
from studio.presets import checked


class GivenPreset(BaseModel):
    name: str
    options: Any = None
    replace: bool = False


class Named(BaseModel):
    """A preset; its options may be sent as they are, or by `{"preset": name}`."""

    name: str
    options: dict[str, Any]


class PresetList(BaseModel):
    presets: list[Named]


class PresetsNotKept(Refused):
    """Of a visitor nothing is kept: their presets are their browser's."""

    code = "presets_not_kept"
    sentence = "This studio keeps nobody's presets. They stay in your browser."


def build(studio: Studio) -> APIRouter:
    """The routes over `studio`."""
    router = APIRouter()
    here = studio.settings.access == "open"

    @router.get("/presets", response_model=PresetList, responses=REFUSALS, summary="Which presets there are")
    def presets() -> dict[str, Any]:
        """Names, and the options that each of them stands for."""
        return {"presets": listed(studio)}

    @router.post("/studio/desk/presets", include_in_schema=False)
    def save(given: GivenPreset) -> dict[str, Any]:
        """A preset as it is to be kept; on one's own machine it is by then, elsewhere the browser does that."""
        if here:
            kept = studio.presets.save(given.name, given.options, replace=given.replace)
        else:
            kept = checked(given.name, given.options)
        return kept._asdict()

    @router.delete("/studio/desk/presets/{name}", status_code=204, include_in_schema=False)
    def remove(name: str) -> Response:
        if not here:
            raise PresetsNotKept()
        studio.presets.remove(name)
        return Response(status_code=204)

    return router


def listed(studio: Studio) -> list[dict[str, Any]]:
    """Those of the data folder, as in JSON."""
    return [preset._asdict() for preset in studio.presets.all()]
