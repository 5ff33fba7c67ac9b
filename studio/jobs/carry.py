"""What each kind of job does, over the pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DiskFull, InputError, NoFaceInTarget, PersonUnknown
from pipeline.marking import tags
from pipeline.marking.verify import check_manifest
from pipeline.media import Numbering, in_time, numbered_result, probe
from pipeline.media.comparison import comparison
from pipeline.report import Progress, ProgressCallback, Report
from pipeline.types import Cast, Identity, MediaInfo, Person, Role
from pipeline.whose import named
from studio.inspection.inspector import Inspector
from studio.jobs.files import Files, remove
from studio.jobs.frames_zip import Rendered, pack
from studio.jobs.job import Job, Outcome
from studio.jobs.running import Running
from studio.made import MadeHere
from studio.outputs import MARK, result_name
from studio.pictures import Still, first_frame, frame_at, view_of
from studio.plain import report_data
from studio.request import others

if TYPE_CHECKING:
    from pipeline import Recaster

CHECKING = "Checking"
NO_ROOM = "There is no room here for so many frames. Choose a shorter part, or JPEG frames."


class Performer:
    """Carries jobs out; called by the workers' threads.

    Args:
        recasters: one for each GPU; workers take them in turn.
        least_disk: bytes that a result of single frames, which may be a thousand times the target, leaves free.
    """

    def __init__(
        self,
        recasters: Sequence[Recaster],
        files: Files,
        inspector: Inspector,
        segment_seconds: float,
        least_disk: int = 0,
    ) -> None:
        self._recasters, self._files, self._segment = recasters, files, segment_seconds
        self._least_disk = least_disk
        self._inspector, self._made_here = inspector, MadeHere()

    def __call__(self, running: Running) -> Outcome:
        self._check(running)
        if running.job.kind == "people":
            return self._find(running)
        folder = self._files.result_folder(running.job.id)
        for left in folder.iterdir():
            remove(left)
        if running.job.kind == "comparison":
            return self._compare(running, folder)
        return self._preview(running, folder) if running.job.kind == "preview" else self._recast(running, folder)

    def _recaster(self, running: Running) -> Recaster:
        return self._recasters[running.place % len(self._recasters)]

    def _check(self, running: Running) -> None:
        """Have what is to be decoded here decoded first by a process without rights; of a video, some seconds."""
        job = running.job
        thorough = job.kind in ("video", "people")
        if thorough:
            running.show(Progress(CHECKING, 0, None))
        for path in (*job.sources, job.target):
            self._inspector.check(path, thorough and path == job.target, running.cancelled)

    def _find(self, running: Running) -> Outcome:
        people = self._people(running)
        if not people:
            raise NoFaceInTarget()
        return Outcome()

    def _preview(self, running: Running, folder: Path) -> Outcome:
        job, recaster = running.job, self._recaster(running)
        cast = self._cast(running)
        info = probe(job.target, recaster.limits, job.options.exact_rate)
        before = frame_at(job.target, info, job.moment, recaster.limits)
        options, cast = recaster.settled(job.options, cast, info)
        after = Still(recaster.recast_frame(before.image, cast, options), before.cover)
        output = view_of(
            folder, Path(job.name).stem + MARK + ".jpg", after, lambda data: recaster.signed(data, cast, options)
        )
        self._note(output, "preview", job)
        return Outcome(output, view_of(folder, "before.jpg", before), output)

    def _note(self, output: Path, kind: str, job: Job) -> None:
        """Into the log of what was made here, by what its own manifest says."""
        found = check_manifest(output, probe(output).container)
        self._made_here.note(
            output, found.fingerprint, kind, () if found.state == "none" else ("manifest",), job.consent
        )

    def _compare(self, running: Running, folder: Path) -> Outcome:
        job, limits = running.job, self._recaster(running).limits
        result = job.sources[0]
        ending = result.suffix if result.suffix.lower() != ".mkv" else ".mp4"
        info = probe(result, limits)
        rate = job.options.exact_rate
        options = in_time(job.options, probe(job.target, limits, rate), limits, running.cancelled)
        made = check_manifest(result, info.container).fingerprint
        seal = self._recaster(running).marking.seal(info, job.options.engine, made)
        output = comparison(
            job.target,
            result,
            folder / f"{result.stem}-comparison{ending}",
            start=options.start,
            end=options.end,
            tags=tags(job.options.engine),
            seal=seal,
            limits=limits,
            progress=running.show,
            cancel=running.cancelled,
            rate=rate,
        )
        self._note(output, "comparison", job)
        beside = seal.sidecar if seal is not None else None
        return Outcome(output, report={"sidecar": beside.name} if beside is not None else {})

    def _recast(self, running: Running, folder: Path) -> Outcome:
        job, limits = running.job, self._recaster(running).limits
        info = probe(job.target, limits, job.options.exact_rate)
        cast = self._cast(running)
        output = folder / result_name(job.target, info, job.options)
        numbering = numbered_result(output)
        if numbering is not None:  # where a later try finds those that are finished
            output = self._files.frames(job.id) / output.name
            output.parent.mkdir(parents=True, exist_ok=True)
            if (rendered := Rendered.load(output.parent)) is not None:
                return self._packed(running, rendered, info, folder / _packed_name(numbering))
        report = self._recaster(running).recast(
            cast,
            job.target,
            output,
            job.options,
            progress=self._watched(running, frames=numbering is not None),
            cancel=running.cancelled,
            work=self._files.segments(job.id),
            segment=self._segment,
        )
        self._made_here.add(report, job.consent)
        if numbering is not None:
            zipped = folder / _packed_name(numbering)
            data = {**report_data(replace(report, frames_at=())), "output": zipped.name, "packed": True}
            names = tuple(frame.name for frame in report.frames_at)
            rendered = Rendered(names, report.start, report.engine, _told(report), data)
            rendered.save(output.parent)
            running.settled()
            return self._packed(running, rendered, info, zipped)
        sidecar = report.sidecar.name if report.sidecar is not None else None
        data = {**report_data(report), "output": output.name, "sidecar": sidecar}
        if info.kind != "image":
            return Outcome(output, report=data)
        before = view_of(folder, "before.jpg", first_frame(job.target, info, limits))
        still = first_frame(output, info, limits)
        return Outcome(output, before, self._shown(running, report.engine, _told(report), still, folder), data)

    def _packed(self, running: Running, rendered: Rendered, info: MediaInfo, output: Path) -> Outcome:
        """A result of single frames, as one ZIP, and what its first frame was and is."""
        job, limits, folder = running.job, self._recaster(running).limits, output.parent
        frames = [self._files.frames(job.id) / name for name in rendered.frames]
        before = view_of(folder, "before.jpg", frame_at(job.target, info, rendered.start, limits))
        still = first_frame(frames[0], probe(frames[0], limits), limits)
        after = self._shown(running, rendered.engine, rendered.fingerprint, still, folder)
        pack(frames, output, running.show, running.cancelled, self._least_disk)
        return Outcome(output, before, after, rendered.data)

    def _shown(self, running: Running, engine: str, told: str, still: Still, folder: Path) -> Path:
        """A frame of the result for the page, marked as the result is.

        Args:
            told: what the watermark says; empty without one.
        """
        marking = self._recaster(running).marking
        return view_of(folder, "after.jpg", still, lambda shown: marking.signed(shown, engine, told))

    def _watched(self, running: Running, frames: bool = False) -> ProgressCallback:
        """Progress of a job, with a look at what each new segment or frame changes: that a server died under it is
        forgiven, and one that stops may have it back. One that writes `frames` ends before the disk is full."""
        before, forgiven = self._files.finished(running.job.id), running.job.crashes == 0
        leaving: int | None = None

        def show(progress: Progress) -> None:
            nonlocal forgiven, leaving
            running.show(progress)
            if frames and shutil.disk_usage(self._files.jobs).free < self._least_disk:
                raise DiskFull(NO_ROOM)
            if forgiven and not running.leaving.is_set():
                return
            finished = self._files.finished(running.job.id)
            if not forgiven and finished > before:
                forgiven = True
                running.settled()
            if running.leaving.is_set():
                leaving = finished if leaving is None else leaving
                if finished > leaving:
                    running.cancelled.set()

        return show

    def _people(self, running: Running) -> tuple[Person, ...]:
        """Who is in the target; looked for once in the life of a job, so that numbers keep their meaning."""
        job = running.job
        people = self._files.people(job.id)
        if people is None:
            people = self._recaster(running).people(
                job.target, job.options, progress=running.show, cancel=running.cancelled
            )
            self._files.save_people(job.id, people)
            running.settled()
        return people

    def _cast(self, running: Running) -> Cast:
        job, recaster = running.job, self._recaster(running)
        if not job.cast:
            everyone = recaster.identify(job.sources, job.options.source_faces)
            return Cast(everyone, others=others(job.options, self._people(running), ()) if named(job.options) else ())
        identities: dict[tuple[int, ...], Identity] = {}
        for positions in job.cast.values():
            if positions not in identities:
                identities[positions] = recaster.identify(_pick(job, positions), _faces(job, positions))
        people = {person.number: person for person in self._people(running)}
        for number in job.cast:
            if number not in people:
                raise PersonUnknown(f"The cast names person {number}, but the target shows {len(people)}.")
        return Cast(
            roles=tuple(Role(people[number], identities[where]) for number, where in job.cast.items()),
            others=others(job.options, tuple(people.values()), job.cast),
        )


def _told(report: Report) -> str:
    """What the watermark of a result says."""
    return report.fingerprint if "watermark" in report.marks else ""


def _packed_name(numbering: Numbering) -> str:
    """What the ZIP of numbered frames is called."""
    return f"{numbering.before.rstrip('._- ')}.zip"


def _faces(job: Job, positions: Sequence[int]) -> list[int]:
    chosen = job.options.source_faces
    return [chosen[position] if position < len(chosen) else 0 for position in positions]


def _pick(job: Job, positions: Sequence[int]) -> list[Path]:
    try:
        return [job.sources[position] for position in positions]
    except IndexError:
        raise InputError(
            f"The cast names a photo that is not there: {len(job.sources)} were given, the first is 0."
        ) from None
