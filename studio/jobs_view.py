"""A job as a row of the Jobs tab, and the small pictures beside it."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import RecastError
from pipeline.types import Box, ImageArray
from studio.jobs.job import Job
from studio.jobs.status import status_data
from studio.operations import Studio
from studio.pictures import frame_at, jpeg, square
from studio.present import address
from studio.recent import Recent

log = logging.getLogger(__name__)

Picture = Literal["target", "face", "result"]
SIDE = 320
"""Longest side of a small picture."""
FACE, AROUND = 96, 1.7
"""Side of a small picture of a face, and how much wider than the face it is."""
INTO = 0.1
"""Of a video, how far into it the frame is that stands for it: the first one is often black."""


def job_row(studio: Studio, job: Job) -> dict[str, Any]:
    """See the module. Addresses are relative to the page."""
    output = job.outcome.output if job.outcome is not None else None
    there = output is not None and output.exists()
    originals = bool(job.origins) and all(path.exists() for path in job.origins)
    return {
        **status_data(studio.store, job),
        "name": output.name if job.kind == "live" and output is not None else job.name,
        "moving": job.long or (job.kind in ("live", "comparison") and output is not None and output.suffix == ".mp4"),
        "photos": len(job.sources),
        "result": {"url": address(output), "name": output.name, "bytes": output.stat().st_size}
        if there and output is not None
        else None,
        "can": {
            "cancel": not job.over,
            "again": job.over and job.kind in ("picture", "video") and originals,
            "open": job.kind in ("picture", "video") and (there or not job.over),
        },
    }


class SmallPictures:
    """What stands for a job in a list: its target, its new face, its result. Thread-safe."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._faces: Recent[tuple[int, int, int, int], ImageArray] = Recent(16)

    def of(self, job: Job, which: Picture) -> Path | None:
        """A small JPEG, made when it is first asked for; ``None`` where there is nothing to make it from."""
        path = self._studio.files.own(job.id) / f"small-{which}.jpg"
        if path.exists():
            return path
        original = next((found for found in _originals(job, which) if found.is_file()), None)
        if original is None:
            return None
        try:
            image = self._face(original, job) if which == "face" else self._frame(original)
        except RecastError:
            log.info("no small picture could be made of a %s", which, exc_info=True)
            return None
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")  # the list may be open twice
        try:
            part.write_bytes(jpeg(image, quality=82))
            part.replace(path)
        except FileNotFoundError:  # the job was deleted meanwhile, and nothing of it is to come back
            return None
        return path

    def _frame(self, original: Path) -> ImageArray:
        limits = self._studio.settings.limits
        info = self._studio.inspect_target(original)
        return frame_at(info.path, info, INTO * (info.duration or 0.0), limits).within(SIDE)

    def _face(self, photo: Path, job: Job) -> ImageArray:
        """Of a batch's photo, which all of its jobs have in common, it is cut out once."""
        found, which = photo.stat(), next(iter(job.options.source_faces), 0)
        key = (found.st_dev, found.st_ino, found.st_mtime_ns, which)
        return self._faces.get(key, lambda: self._cut_out(photo, which))

    def _cut_out(self, photo: Path, which: int) -> ImageArray:
        image, faces, _ = self._studio.recaster.examine(photo, which)
        whole = Box(0, 0, image.shape[1], image.shape[0])
        return square(image, faces[0].box.scaled(AROUND) if faces else whole, FACE)


def _originals(job: Job, which: Picture) -> list[Path]:
    """Where the picture may be taken from: the job's own copies go when it is over, the uploads some time later."""
    if which == "result":
        outcome = job.outcome
        shown = outcome and (outcome.after if outcome.report.get("packed") else outcome.output)
        return [shown] if shown else []
    if which == "face":
        return [*job.sources[:1], *job.origins[1:2]]
    return [job.target, *job.origins[:1]]
