"""A long video as a row of segments of a few seconds, each of which outlives a crash.

A segment is a pure function of the target, the cast and the options: it is rendered with frames before it, from which
the tracker comes to know who is there, and with frames after it, which its smoothing looks at; nothing is handed from
one to the next. So it does not matter which process rendered which of them: the joined result is always the same.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import av

from pipeline.analysis import FaceFinder, Tracker
from pipeline.casting import Casting, require_changed
from pipeline.crew import Crew
from pipeline.fingerprint import cast_digest
from pipeline.flow import StageClock
from pipeline.ledger import Ledger
from pipeline.media.encoders import MUXERS
from pipeline.media.flaws import Flaws, flaw_notes
from pipeline.media.frames import VideoFrame
from pipeline.media.output import PendingFile, output_errors
from pipeline.media.parts import Part, PartJoiner, PartReader, PartWriter, settled
from pipeline.presence import Presence
from pipeline.processes.helped import Processes, helped
from pipeline.processes.pool import Pool
from pipeline.rendering import Done, Film, Kept
from pipeline.report import Progress, Report
from pipeline.steps import device_notes
from pipeline.task import Task
from pipeline.types import MediaLimits
from pipeline.wardrobe import Wardrobe

log = logging.getLogger(__name__)

FINISHING = "Finishing"
SEGMENT_SECONDS = 30.0
BEFORE, AFTER = 36, 24
"""Frames read around a segment: three detections of the tracker before it, and after it the tracker's look-ahead and
that to the next anchor."""
_OURS = re.compile(r"\.?(job\.json|[0-9]{6,}\.(part|json)|[0-9]{6,}\.[0-9a-f]+\.part\.part)")
"""Files that are put into the folder, also for the time until they are whole."""
_FORM = 6
"""Of the files in the folder; those of another one are rendered anew."""


def in_segments(task: Task, seconds: float) -> bool:
    """Whether a target is worth segments: a video of more than one, whose result is one too."""
    info, options = task.info, task.options
    if info.kind != "video" or info.duration is None or task.output.suffix.lower() not in MUXERS:
        return False
    return min(options.end or info.duration, info.duration) - (options.start or 0.0) > 1.5 * seconds


@dataclass(frozen=True)
class _Done:
    """A finished segment, as its note in the folder says.

    Attributes:
        more: whether another one follows.
        changed, anyone: for each frame, faces changed, and whether any was seen.
        times, persons: for each frame, its seconds, and whom of the cast it shows.
        seen: numbers of the cast's persons that appeared.
        flaws: what is wrong with this part of the target.
        stages: seconds and frames of work.
    """

    part: Part
    more: bool
    changed: tuple[int, ...]
    anyone: tuple[bool, ...]
    times: tuple[float, ...]
    persons: tuple[tuple[int, ...], ...]
    seen: tuple[int, ...]
    notes: tuple[str, ...]
    flaws: Flaws
    seconds: float
    stages: dict[str, tuple[float, int]] = field(default_factory=dict)


class Segments:
    """Carries out casts in segments, over a folder that keeps them."""

    def __init__(
        self, finder: FaceFinder, wardrobe: Wardrobe, crew: Crew, limits: MediaLimits, work: Path, seconds: float,
        pool: Pool | None = None,
    ) -> None:  # fmt: skip
        self._finder, self._wardrobe, self._crew, self._limits, self._pool = finder, wardrobe, crew, limits, pool
        self._work, self._seconds = work, seconds

    def recast(self, task: Task) -> Report | None:
        """Render what the folder lacks, and join. ``None`` where the video cannot be cut into segments.

        Raises:
            RecastError: see `Recaster.recast`. Finished segments stay in the folder.
        """
        info, output, options, mark = task.info, task.output, task.options, task.mark
        PendingFile(output, (info.path,))
        begin, spent = time.perf_counter(), 0.0
        clock, ledger = StageClock(), task.ledger()
        with PartReader(info.path, options.start, options.end, self._limits, info) as reader:
            if not reader.searchable():
                log.info("the video cannot be searched; it is not cut into segments")
                return None
            first = reader.first()
            encoding = settled(output, reader, first, options)
            if encoding is None:
                return None
            self._prepare(_key(task, self._seconds, encoding, self._wardrobe.engine.weights))
            presence = Presence(role.person.number for role in task.cast.roles)
            done: list[_Done] = []
            with helped(task, self._pool) as processes:
                while not done or done[-1].more:
                    number = len(done)
                    segment = self._load(number)
                    if segment is None:
                        segment = self._render(number, task, reader, first, ledger, processes)
                        self._save(number, segment)
                    else:
                        spent += segment.seconds
                        ledger.replay(segment.changed, segment.anyone)
                    clock.include(segment.stages)
                    for time_, persons in zip(segment.times, segment.persons, strict=True):
                        presence.add(time_, persons)
                    done.append(segment)
            require_changed(ledger, task.cast, options)
            if task.progress is not None:
                task.progress(Progress(FINISHING, ledger.done, ledger.done))
            with PartJoiner(output, reader, options, mark.tags, mark.seal(info)) as joiner:
                with clock.work("write", 0):
                    joiner.join([segment.part for segment in done], first)
                    joiner.finish()
                notes = list(dict.fromkeys((
                    *(note for segment in done for note in segment.notes),
                    *flaw_notes(segment.flaws for segment in done), *joiner.notes,
                )))  # fmt: skip
                encoder = joiner.encoder
        seconds = time.perf_counter() - begin + spent
        return Report(
            output=output, kind="video", frames=ledger.done, changed=ledger.changed, faces=ledger.faces,
            people=len({number for segment in done for number in segment.seen}), seconds=seconds,
            fps=ledger.done / seconds, engine=self._wardrobe.engine.name, device=self._wardrobe.engine.device,
            encoder=encoder, stages=clock.report(),
            notes=(*notes, *ledger.notes(), *device_notes(options, self._wardrobe), *mark.notes),
            roles=presence.report(), fingerprint=mark.fingerprint, marks=mark.marks, sidecar=mark.sidecar,
        )  # fmt: skip

    def _render(
        self, number: int, task: Task, reader: PartReader, first: VideoFrame, ledger: Ledger,
        processes: Processes | None,
    ) -> _Done:  # fmt: skip
        options = task.options
        begin, clock, casting = time.perf_counter(), StageClock(), Casting(task.cast, options)
        tracker = Tracker(self._finder, smooth=options.smooth)
        start, stop = reader.bounds(number, self._seconds)
        changes: list[int] = []
        faces_seen: list[bool] = []
        times: list[float] = []
        shown: list[tuple[int, ...]] = []
        film = Film(
            task, tracker, casting, self._wardrobe, self._crew, clock, processes,
            Kept(start if number else None, stop),
        )  # fmt: skip

        with PartWriter(self._path(number), task.output, reader, first, options) as writer:

            def write(done: Done) -> None:
                found, changed = done
                writer.write(found.frame)
                changes.append(changed)
                faces_seen.append(found.anyone)
                times.append(found.frame.time)
                shown.append(found.persons)
                ledger.advance(found.frame, changed, found.anyone)

            film.render(reader.part(number, self._seconds, BEFORE, AFTER), write)
            with clock.work("write", 0):
                part = writer.finish_part()
            return _Done(
                part, reader.more, tuple(changes), tuple(faces_seen), tuple(times), tuple(shown),
                tuple(sorted(casting.seen)),
                (*reader.done_notes, *writer.notes), reader.flaws, time.perf_counter() - begin,
                {name: (stage.seconds, stage.frames) for name, stage in clock.report().items()},
            )  # fmt: skip

    def _path(self, number: int) -> Path:
        return self._work / f"{number:06}.part"

    def _prepare(self, key: str) -> None:
        """Take segments out of the folder unless they are of just this job. What else lies there is not ours."""
        with output_errors():
            self._work.mkdir(parents=True, exist_ok=True)
            note = self._work / "job.json"
            if not note.exists() or note.read_text() != key:
                for left in self._work.iterdir():
                    if _OURS.fullmatch(left.name):
                        left.unlink()
                _write(note, key)
            for left in self._work.glob(".*"):
                if _OURS.fullmatch(left.name):
                    left.unlink()

    def _save(self, number: int, done: _Done) -> None:
        data = asdict(done)
        data["part"].pop("path")
        data["size"] = done.part.path.stat().st_size
        with output_errors():
            _write(self._path(number).with_suffix(".json"), json.dumps(data))

    def _load(self, number: int) -> _Done | None:
        """A segment that was finished before, if its files are whole."""
        path = self._path(number)
        try:
            data = json.loads(path.with_suffix(".json").read_text())
            if path.stat().st_size != data.pop("size"):
                return None
        except (FileNotFoundError, ValueError):
            return None
        part = data.pop("part")
        part = Part(path, tuple(part["times"]), part["delay"])
        rows = {name: tuple(data[name]) for name in ("changed", "anyone", "times", "seen", "notes")}
        rows["persons"] = tuple(tuple(numbers) for numbers in data["persons"])
        stages = {name: tuple(stage) for name, stage in data["stages"].items()}
        found = data["flaws"]
        holes = {at: (step, missing) for at, (step, missing) in found["holes"].items()}
        flaws = Flaws(tuple(found["broken"]), found["steps"], holes)
        return _Done(part, data["more"], **rows, flaws=flaws, seconds=data["seconds"], stages=stages)


def _write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    part = path.with_name(f".{path.name}")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _key(task: Task, seconds: float, encoding: str, weights: str) -> str:
    """What has to be the same for a segment to be of use. A network may have been exchanged for another one of its name
    meanwhile."""
    found = task.info.path.stat()
    return json.dumps({
        "form": _FORM, "target": [found.st_size, found.st_mtime_ns], "options": asdict(task.options),
        "seconds": seconds, "cast": cast_digest(task.cast).hex(), "margin": [BEFORE, AFTER], "encoding": encoding,
        "weights": weights,
        "software": [av.__version__, *map(str, av.library_versions.values())], "mark": task.mark.key,
    }, sort_keys=True)  # fmt: skip
