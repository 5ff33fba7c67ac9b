"""What the Recast tab's scripts send."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from studio.quantities import FASTEST


class GivenPhoto(BaseModel):
    """`face` is the number of the one who is meant, see `Options.source_faces`."""

    path: str
    face: int = Field(0, ge=0, lt=1e9)


class GivenTarget(BaseModel):
    """`like` is a job whose cast names people of another target: who of this one is alike is told as well."""

    path: str
    start: float | None = Field(None, ge=0, lt=1e9)
    end: float | None = Field(None, ge=0, lt=1e9)
    like: str | None = None
    rate: float | None = Field(None, gt=0, le=FASTEST)


class GivenCast(BaseModel):
    """Who gets which photos. `people` is the id of the search that the numbers of `roles` come from."""

    target: str
    everyone: list[str] = []
    roles: dict[int, list[str]] = {}
    people: str | None = None
    options: dict[str, Any] = {}


class GivenMoment(GivenCast):
    moment: float = Field(0.0, ge=0, lt=1e9)


class GivenStrokes(BaseModel):
    """Strokes over one frame of a target: a PNG in base64, what is excluded by now, and the search whose people it is
    excluded of."""

    target: str
    moment: float = Field(0.0, ge=0, lt=1e9)
    strokes: str = ""
    erase: bool = False
    excluded: dict[str, Any] = {}
    people: str | None = None
