"""The tab where a file is checked: whether it says that it is synthetic, who says so, and whether it was made here.

It is drawn by `assets/check`.
"""

from __future__ import annotations

import asyncio
import html
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import APIRouter
from pydantic import BaseModel

from pipeline.errors import InputError
from pipeline.marking.sidecar import sidecar_of
from pipeline.marking.verify import keeps_beside
from pipeline.verification import LIMITATION, Verdict
from studio.api import shown
from studio.checking import checked, findings, headline, sentences, tone, verdict_data
from studio.made import Known, MadeHere
from studio.present import address, describe
from studio.uploads import upload

if TYPE_CHECKING:
    from studio.operations import Studio

NAME, TITLE = "check", "Check a file"
PLACE = """
<div id="check" class="check-desk"><div class="ghost tall" aria-hidden="true"></div></div>
"""
_AT_ONCE = 2
"""Files that are checked at the same time."""


class GivenFile(BaseModel):
    """A file, named as its upload answered it, and the ``.c2pa`` file that belongs beside it, where there is one."""

    path: str
    credentials: str | None = None


class Checker:
    """Checks uploaded files, a few at a time."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._made_here = studio, MadeHere()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def look(self, path: Path, credentials: Path | None = None) -> tuple[Verdict, Known]:
        """See `studio.checking.checked`.

        Args:
            credentials: the file with the manifest of one whose format cannot hold it.

        Raises:
            InputError: one was not uploaded here, or the first cannot be opened.
        """
        file = self._studio.own(path)
        beside = self._studio.own(credentials) if credentials is not None else None
        async with self._turns:
            await asyncio.to_thread(self._studio.inspect, file)
            return await asyncio.to_thread(self._checked, file, beside)

    def _checked(self, file: Path, beside: Path | None) -> tuple[Verdict, Known]:
        limits = self._studio.settings.limits
        if beside is None:
            return checked(file, self._made_here, limits)
        # Each upload has a folder of its own, and a manifest is looked for next to its file.
        with tempfile.TemporaryDirectory(dir=self._studio.settings.spool) as folder:
            together = Path(folder) / f"file{file.suffix}"
            together.symlink_to(file.resolve())
            sidecar_of(together).symlink_to(beside.resolve())
            return checked(together, self._made_here, limits)


def build(studio: Studio, page: gr.Blocks) -> None:
    """The place that the scripts fill, and the named endpoint ``/verify``, which has no look."""
    checker = Checker(studio)

    async def look(path: str | None, credentials: str | None = None) -> tuple[str, dict[str, Any]]:
        """Check a picture or video: Content Credentials, invisible watermark, and whether it was made here.

        Args:
            path: the file.
            credentials: the ``.c2pa`` file that belongs beside it, where its format holds none.

        Returns:
            The outcome as a page shows it, and as values.
        """
        try:
            if not path:
                raise InputError("Choose a picture or a video first.")
            verdict, made = await checker.look(Path(path), Path(credentials) if credentials else None)
        except Exception as error:
            raise shown(error) from error
        said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences(verdict, made))
        title = html.escape(headline(verdict, made))
        return f'<div class="check {tone(verdict, made)}"><h2>{title}</h2><ul>{said}</ul></div>', verdict_data(
            verdict, made
        )

    gr.HTML(PLACE, elem_id="check-place", padding=False, apply_default_css=False)
    given = upload("file", "film.mp4")
    beside = upload("credentials", "film.mkv.c2pa")
    outcome = gr.HTML(label="outcome", visible=False)
    details = gr.JSON(label="details", visible=False)
    gr.Button(visible=False).click(
        look, [given, beside], [outcome, details], api_name="verify", concurrency_limit=_AT_ONCE
    )


def routes(studio: Studio) -> APIRouter:
    """What the tab's scripts ask for."""
    router = APIRouter(prefix="/studio/check", include_in_schema=False)
    checker = Checker(studio)

    @router.post("")
    async def check(given: GivenFile) -> dict[str, Any]:
        """The outcome in words, place by place."""
        path = Path(given.path)
        verdict, made = await checker.look(path, Path(given.credentials) if given.credentials else None)
        found = await asyncio.to_thread(studio.look, path)
        return {
            "headline": headline(verdict, made),
            "tone": tone(verdict, made),
            "findings": [asdict(finding) for finding in findings(verdict, made)],
            "limitation": "" if verdict.synthetic else LIMITATION,
            "apart": verdict.manifest.state == "none" and keeps_beside(found.info.container),
            "picture": address(found.picture),
            "about": describe(found.info),
            "details": {"SHA-256": verdict.sha256, **({"Job": verdict.fingerprint} if verdict.fingerprint else {})},
        }

    return router
