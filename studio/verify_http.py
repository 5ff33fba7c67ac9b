"""``POST /verify``: what a file says about itself, for programs; the same answer as the command line's ``--json``."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from pipeline.marking.sidecar import sidecar_of
from studio.answers import REFUSALS
from studio.checking import checked, verdict_data
from studio.jobs.job import Busy
from studio.made import MadeHere
from studio.operations import Studio
from studio.payload import safe_name

AT_ONCE, PATIENCE = 2, 20.0
"""Files that are checked at the same time, and seconds that others wait for their turn."""
_CHUNK = 1 << 20


class Manifest(BaseModel):
    """Content Credentials. `trusted` is valid, and signed by somebody whom this installation trusts."""

    state: Literal["none", "invalid", "valid", "trusted"]
    generator: str
    issuer: str
    synthetic: bool
    fingerprint: str
    manifests: int
    beside: bool
    reasons: list[str]


class Mark(BaseModel):
    """The invisible watermark; `fingerprint` is empty where it is too faint to be read."""

    found: bool
    confidence: float
    fingerprint: str
    version: int | None
    scores: list[float]
    scale: float
    mirrored: bool
    frames: int


class MadeHereAnswer(BaseModel):
    at: str
    kind: str
    same_file: bool


class Checked(BaseModel):
    """What was found. That `synthetic` is false does not mean that the file is real."""

    file: str
    kind: Literal["image", "animation", "video"]
    sha256: str
    synthetic: bool
    fingerprint: str
    manifest: Manifest
    watermark: Mark
    tagged: bool
    made_here: MadeHereAnswer | None
    sentences: list[str]


def build(studio: Studio) -> APIRouter:
    """The route over `studio`."""
    router = APIRouter(responses=REFUSALS)
    turns, made_here = threading.BoundedSemaphore(AT_ONCE), MadeHere()

    @router.post("/verify", response_model=Checked, summary="Check what a file says about itself")
    async def verify(
        file: Annotated[UploadFile, File(description="A picture or a video.")],
        credentials: Annotated[
            UploadFile | None, File(description="The `.c2pa` file that belongs beside it, where its format holds none.")
        ] = None,
    ) -> dict[str, Any]:
        """Looks for signed Content Credentials, for Recast's invisible watermark and plain tags, and in the log of what
        was made here. The file is not kept."""

        def check() -> dict[str, Any]:
            if not turns.acquire(timeout=PATIENCE):
                raise Busy("Many files are being checked right now. Please try again in a moment.", 5)
            try:
                with tempfile.TemporaryDirectory(dir=studio.settings.spool) as folder:
                    path = _saved(file, Path(folder) / safe_name(file.filename))
                    if credentials is not None:
                        _saved(credentials, sidecar_of(path))
                    studio.inspect(path)
                    found = checked(path, made_here, studio.settings.limits)
                    return {"file": path.name, **verdict_data(*found)}
            finally:
                turns.release()

        return await asyncio.to_thread(check)

    return router


def _saved(upload: UploadFile, path: Path) -> Path:
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file, _CHUNK)
    return path
