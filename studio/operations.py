"""What the studio can do, for its page and its APIs alike: look at a target, find its people, recast it.

Each takes files that were uploaded to the studio. What takes time becomes a job; `jobs.worker` carries it out with
`Studio.carry_out`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import FileMissing, InputError, RecastError
from pipeline.media import probe
from pipeline.types import MediaInfo, Person
from studio.admission import Admission
from studio.again import once_more, side_by_side
from studio.agreeing import looked_at, require_photos_of
from studio.following import follow
from studio.guard import contained
from studio.inspection.inspector import Inspector
from studio.jobs.carry import Performer
from studio.jobs.files import Files
from studio.jobs.job import Job, Kind, fingerprint
from studio.jobs.retention import Retention
from studio.jobs.store import Store
from studio.jobs.worker import Workers
from studio.live.leaving import Leaving
from studio.metrics import Metrics
from studio.pictures import first_frame, view_of
from studio.presets import Presets
from studio.request import LONG, Look, Request, seconds_of
from studio.settings import Settings
from studio.tracing import in_job
from studio.unpacking import UNPACKED, Unpacker
from studio.webhook import Webhook

if TYPE_CHECKING:
    from pipeline import Recaster

log = logging.getLogger(__name__)

GONE = "The file is gone. Please upload it again."
LAST_RECORDING = 15.0
"""Seconds that recordings get to be finished when the server stops."""
CRASHES = 5
"""A job under which the server dies so often without getting anywhere is given up."""
_PRIORITY: Mapping[Kind, int] = {"preview": 0, "picture": 0, "people": 1, "comparison": 1, "video": 2}


class Studio:
    """The operations, with the recaster and the workers they share.

    Args:
        gpus: how many there are; each gets a worker of its own, unless the settings say how many workers there are.
    """

    def __init__(self, settings: Settings, recaster: Recaster, gpus: int = 0) -> None:
        self.settings = settings
        self.recaster = recaster
        many = settings.workers or max(1, gpus)
        for folder in (*settings.readable, settings.spool):
            folder.mkdir(parents=True, exist_ok=True)
        self.files = Files(settings.jobs, settings.results)
        self.store = Store(settings.data / "jobs.sqlite3", many)
        self.webhook = Webhook(self.store, settings.webhook_url, settings.webhook_secret)
        self.metrics, self.leaving = Metrics(), Leaving()
        for name in self.store.recover(CRASHES):
            self._ended(self.store.get(name))
        self.inspector = Inspector(settings.limits)
        self.unpacker = Unpacker(settings.limits, UNPACKED * settings.upload_bytes, settings.least_disk_bytes)
        recasters = (recaster, *(recaster.beside(gpu) for gpu in range(1, gpus)))
        performer = Performer(
            recasters, self.files, self.inspector, settings.segment_seconds, settings.least_disk_bytes
        )
        self.workers = Workers(self.store, performer, self._ended, many, self.files.undo)
        self.retention = Retention(self.store, self.files, settings.uploads, settings.keep_seconds)
        self.admission = Admission(settings, self.store)
        self.presets = Presets(settings.presets)
        self.retention.tidy(settings.spool)

    def start(self) -> None:
        """Begin to carry out what waits."""
        self.workers.start()
        self.webhook.start()
        threading.Thread(target=self._load, name="load", daemon=True).start()

    def folder(self) -> Path:
        """A new folder for what is only looked at."""
        folder = self.settings.results / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def inspect_target(self, path: Path, rate: Fraction | None = None) -> MediaInfo:
        """What a target from outside is; of a ZIP of frames, its `path` is the name that the unpacked frames share.

        Args:
            rate: frames a second of such; see `Options.exact_rate`.

        Raises:
            InputError: it cannot be used.
        """
        return self.inspect(self.unpacker.film(path), rate)

    def inspect(self, path: Path, rate: Fraction | None = None) -> MediaInfo:
        """What a file from outside is, once a process without rights has decoded its beginning.

        Raises:
            InputError: it cannot be used.
        """
        self.inspector.check(path)
        return probe(path, self.settings.limits, rate)

    def look(self, target: Path, rate: Fraction | None = None) -> Look:
        """What a target is. Quick: only its first frame is decoded. Arguments as for `inspect_target`."""
        info, folder = self.inspect_target(self.own(target), rate), self.files.looks(target)
        folder.mkdir(parents=True, exist_ok=True)
        part = view_of(folder, f"{uuid.uuid4().hex}.part", first_frame(info.path, info, self.settings.limits))
        return Look(info, part.replace(folder / "first.jpg"))

    def submit(
        self,
        request: Request,
        owner: str,
        kind: Kind | None = None,
        *,
        attached: bool = False,
        only: tuple[str, ...] = (),
        name: str | None = None,
        client: str = "",
    ) -> Job:
        """Put a job into the line. The uploads are the job's own from here on.

        Args:
            owner: the owner's token.
            kind: what to do; recast the target, where it is not said.
            attached: cancel it when its caller goes (see `follow`).
            only: kinds of targets that are allowed, where not all are.
            name: id of the job, where its files were already put into its folder.
            client: whom limits count it for, where not for the owner.

        Raises:
            InputError: something is missing, or cannot be read.
            ConsentMissing: nobody has stated that they have the right to the faces, and the operator wants it.
            Busy: the line is full.
            TooMany: the client has sent too many of late.
        """
        if not request.sources and kind != "people":
            raise InputError("Add a photo of the new face first.")
        self.admission.pace(client, kind)
        consent = None if kind in ("people", "comparison") else self.admission.consent(owner, request.consent)
        self.admission.admit(owner, client)
        origins = () if name else tuple(self.own(path) for path in (request.target, *request.sources))
        require_photos_of(request)
        name = name or uuid.uuid4().hex
        try:
            film, packed = self.unpacker.film(request.target), request.target
            target = self.files.take_frames(name, packed, film) if film != packed else self.files.take(name, packed, 0)
            sources = [self.files.take(name, path, number) for number, path in enumerate(request.sources, 1)]
            # Only now: the same upload, come once more, takes the place of the first one.
            info = looked_at(self.inspect, target, sources, request.options, kind, only)
            kind = kind or ("picture" if info.kind == "image" else "video")
            if request.people:
                self.files.save_people(name, request.people, elsewhere=request.elsewhere)
            seconds = seconds_of(info, request.options)
            job = Job(
                id=name, owner=fingerprint(owner), kind=kind, target=target, sources=tuple(sources), origins=origins,
                cast=request.cast, options=request.options, moment=request.moment, attached=attached,
                priority=_PRIORITY[kind] + (seconds > LONG and kind != "preview"),
                long=info.kind != "image" and kind != "preview", created=time.time(),
                weight=max(1.0, min(seconds, 1e6)), client=client, consent=consent,
            )  # fmt: skip
            self.store.add(job)
        except FileNotFoundError as error:
            self.files.forget(name)
            raise FileMissing(GONE) from error
        except BaseException:
            self.files.forget(name)
            raise
        with in_job(name):
            log.info("a job waits", extra={"kind": kind})
        self.workers.nudge()
        return job

    def job(self, name: str, owner: str) -> Job:
        """A job as it is now, for its owner.

        Raises:
            JobUnknown: there is none, or it is another owner's.
        """
        return self.workers.now(self.store.get(name, fingerprint(owner)))

    def cancel(self, name: str, owner: str) -> Job:
        """Ask a job to stop; one that is over stays as it is."""
        self.store.get(name, fingerprint(owner))
        self.workers.cancel(name)
        return self.job(name, owner)

    def compare(self, name: str, owner: str, client: str = "") -> Job:
        """A new job that puts the original and the result of a finished one side by side.

        Raises:
            InputError: there is no result, or the original is no longer there.
        """
        return self.submit(side_by_side(self.job(name, owner)), owner, "comparison", client=client)

    def again(self, name: str, owner: str, client: str = "") -> Job:
        """A new job that does what one that is over was to do, with the same files and settings.

        Raises:
            InputError: it is not over, or its files are no longer there.
        """
        job = self.job(name, owner)
        wanted = once_more(job, self.people(job), self.files.elsewhere(name))
        return self.submit(wanted, owner, client=client)

    def batch(self, requests: Sequence[Request], owner: str, client: str = "") -> list[Job]:
        """Several jobs at once; all of them, or none.

        Raises:
            Busy: there is no room for so many.
            InputError: one of them cannot be carried out.
        """
        self.admission.admit(owner, client, len(requests))
        done: list[Job] = []
        try:
            for request in requests:
                done.append(self.submit(request, owner, client=client))
        except BaseException:
            for job in done:
                self.workers.cancel(job.id)
            raise
        return done

    async def delete(self, name: str, owner: str, patience: float = 10.0) -> None:
        """Stop a job and delete everything of it, its uploads included."""
        await asyncio.to_thread(self.cancel, name, owner)
        async for job in self.follow(name, owner, patience=patience):
            if job.over:
                await asyncio.to_thread(self.retention.forget, job)

    def follow(
        self, name: str, owner: str, every: float = 0.25, patience: float | None = None
    ) -> AsyncGenerator[Job, None]:
        """The job, every so many seconds until it is over; the last one is. Whoever leaves an attached job cancels it.

        Raises:
            Busy: it is not over after `patience` seconds.
            JobUnknown: it is another owner's, or was deleted.
        """
        return follow(lambda: self.job(name, owner), lambda: self.workers.cancel(name), every, patience)

    def people(self, job: Job) -> tuple[Person, ...]:
        """Who a finished job found."""
        return self.files.people(job.id) or ()

    def searched(self, target: Path, owner: str, rate: float | None = None) -> Job | None:
        """A search that has told before who is in an upload; times of numbered pictures go by their rate."""
        job = self.store.searched(fingerprint(owner), self.own(target), rate)
        return job if job is not None and self.people(job) else None

    @property
    def load(self) -> int:
        """Jobs that wait or run."""
        return self.store.count("queued") + self.store.count("running")

    def sweep(self) -> None:
        """Removes uploads and results that are older than the operator keeps them, and what crashes left."""
        self.retention.sweep()

    def close(self) -> None:
        """Lets what runs come to a good place, but not for ever, and ends the workers; the next start goes on."""
        self.inspector.close()
        self.workers.close(0.0 if self.workers.hurried else self.settings.stop_seconds)
        # A recording becomes a job when its visitor leaves, and a server that stops sends everybody away.
        self.leaving.wait(LAST_RECORDING)
        self.webhook.close()
        self.store.close()

    def _load(self) -> None:
        """What the first upload and the first job would wait for."""
        try:
            self.inspector.load()
            self.recaster.load()
        except RecastError:
            log.exception("the models could not be loaded; no job can be done")

    def _ended(self, job: Job) -> None:
        self.metrics.ended(job)
        self.files.ended(job.id, kept=job.state == "done")

    def own(self, path: Path) -> Path:
        """`path`, once more: only files that were uploaded here are worked on, whatever came this far."""
        if not contained(path, self.settings.readable) or not path.is_file():  # a name may stand for many files
            raise FileMissing(GONE)
        return path
