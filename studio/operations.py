"""What the studio can do, for its page and its API alike: look at a target, find its people, recast it.

Each takes files that lie in the studio's own folders and leaves results in a folder of their own, whose name cannot be
guessed.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from pipeline.errors import CorruptMedia, FileMissing, InputError, NoFaceInTarget, PersonUnknown
from pipeline.media import open_target, probe, read_picture
from pipeline.types import Cast, Identity, ImageArray, MediaInfo, Options, Person, Report, Role
from studio.guard import contained
from studio.outputs import result_name
from studio.settings import Settings
from studio.work import Task, Worker

if TYPE_CHECKING:
    from pipeline import Recaster

log = logging.getLogger(__name__)

VIEW = 1600
"""Longest side of a picture that is only looked at in the browser."""


@dataclass(frozen=True)
class Request:
    """A job as somebody asked for it.

    Attributes:
        sources: photos, in the order they were given.
        target: the picture or video.
        cast: person number to positions in `sources` (from 0). Empty: everyone gets the face in all of them.
        people: the people of `target` where they have been found before.
    """

    sources: tuple[Path, ...]
    target: Path
    options: Options = field(default_factory=Options)
    cast: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    people: tuple[Person, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A finished job. `before` and `after` are small copies of a picture to look at, ``None`` for a video."""

    report: Report
    before: Path | None = None
    after: Path | None = None


@dataclass(frozen=True)
class Look:
    """A target at first sight: what it is, and its first frame as a file for the browser."""

    info: MediaInfo
    picture: Path


class Studio:
    """The operations, with the one recaster and the one worker they share."""

    def __init__(self, settings: Settings, recaster: Recaster) -> None:
        self.settings = settings
        self.recaster = recaster
        self.worker = Worker(settings.waiting)
        for folder in settings.readable:
            folder.mkdir(parents=True, exist_ok=True)

    def folder(self) -> Path:
        """A new folder for results."""
        folder = self.settings.results / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def look(self, target: Path) -> Look:
        """What a target is. Quick: only its first frame is decoded."""
        info = probe(self._own(target))
        picture = self.folder() / "first.jpg"
        _write_view(picture, _first_frame(target, info))
        return Look(info, picture)

    def find_people(self, target: Path, options: Options) -> Task[tuple[Person, ...]]:
        """Who is in the target. The task raises `NoFaceInTarget` where nobody is."""
        self._own(target)

        def work(task: Task[tuple[Person, ...]]) -> tuple[Person, ...]:
            people = self.recaster.people(target, options, progress=task.show, cancel=task.cancelled)
            if not people:
                raise NoFaceInTarget()
            return people

        return self.worker.submit(work)

    def recast(self, request: Request) -> Task[Outcome]:
        """Recasts the target. What a cancelled or failed task has begun is removed."""
        if not request.sources:
            raise InputError("Add a photo of the new face first.")
        for path in (*request.sources, request.target):
            self._own(path)

        def work(task: Task[Outcome]) -> Outcome:
            folder = self.folder()
            try:
                return self._recast(request, folder, task)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

        return self.worker.submit(work)

    def _recast(self, request: Request, folder: Path, task: Task[Outcome]) -> Outcome:
        info = probe(request.target)
        cast = self._cast(request, task)
        output = folder / result_name(request.target, info, request.options)
        report = self.recaster.recast(
            cast, request.target, output, request.options, progress=task.show, cancel=task.cancelled
        )
        if info.kind != "image":
            return Outcome(report)
        before, after = folder / "before.jpg", folder / "after.jpg"
        _write_view(before, _first_frame(request.target, info))
        _write_view(after, _first_frame(output, info))
        return Outcome(report, before, after)

    def _cast(self, request: Request, task: Task[Outcome]) -> Cast:
        if not request.cast:
            return Cast(everyone=self.recaster.identify(request.sources))
        identities: dict[tuple[int, ...], Identity] = {}
        for positions in request.cast.values():
            if positions not in identities:
                identities[positions] = self.recaster.identify(_pick(request.sources, positions))
        people = request.people or self.recaster.people(
            request.target, request.options, progress=task.show, cancel=task.cancelled
        )
        known = {person.number: person for person in people}
        for number in request.cast:
            if number not in known:
                raise PersonUnknown(f"The cast names person {number}, but the target shows {len(known)}.")
        return Cast(roles=tuple(Role(known[number], identities[where]) for number, where in request.cast.items()))

    def _own(self, path: Path) -> Path:
        """`path`, once more: only files that were uploaded here are worked on, whatever came this far."""
        if not contained(path, self.settings.readable):
            raise FileMissing("The file is gone. Please upload it again.")
        return path

    def sweep(self) -> None:
        """Removes uploads and results that are older than the operator keeps them."""
        oldest = time.time() - self.settings.keep_seconds
        for parent in (self.settings.uploads, self.settings.results):
            for entry in parent.iterdir():
                with contextlib.suppress(OSError):
                    if entry.stat().st_mtime < oldest:
                        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def close(self) -> None:
        """Cancels what runs and ends the worker."""
        self.worker.close()


def _pick(sources: Sequence[Path], positions: tuple[int, ...]) -> list[Path]:
    try:
        return [sources[position] for position in positions]
    except IndexError:
        raise InputError(
            f"The cast names a photo that is not there: {len(sources)} were given, the first is 0."
        ) from None


def _first_frame(path: Path, info: MediaInfo) -> ImageArray:
    if info.kind == "image":
        return read_picture(path).image()
    with open_target(path, info) as reader:
        for frame in reader:
            return frame.image()
    raise CorruptMedia()


def _write_view(path: Path, image: ImageArray) -> None:
    scale = VIEW / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    path.write_bytes(jpeg(image, quality=92))


def jpeg(image: ImageArray, quality: int = 80) -> bytes:
    """A picture as JPEG, for the browser."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
