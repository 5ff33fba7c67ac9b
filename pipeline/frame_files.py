"""A film whose result is single frames, which a later try goes on with where this one was ended.

What faces do before a frame tells how they look in it, so the frames that are there already are read and followed once
more, but neither rendered nor written: the result is that of one run.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import av

from pipeline.analysis import FaceFinder, Tracker
from pipeline.casting import Casting, require_changed
from pipeline.crew import Crew
from pipeline.errors import Cancelled
from pipeline.fingerprint import cast_digest, target_stamps
from pipeline.flow import StageClock
from pipeline.media import Numbering, SequenceWriter, open_target
from pipeline.presence import Presence
from pipeline.processes.helped import helped
from pipeline.processes.pool import Pool
from pipeline.rendering import Done, Film, Kept
from pipeline.report import Report
from pipeline.steps import device_notes
from pipeline.task import Task
from pipeline.types import MediaLimits
from pipeline.wardrobe import Wardrobe

_FORM = 1
"""Of what is noted of finished frames; those of another one are rendered anew."""


class FrameFiles:
    """Recasts films into numbered pictures. The arguments are those of `Whole`."""

    def __init__(
        self, finder: FaceFinder, wardrobe: Wardrobe, crew: Crew, limits: MediaLimits, pool: Pool | None = None
    ) -> None:
        self._finder, self._wardrobe, self._crew, self._limits, self._pool = finder, wardrobe, crew, limits, pool

    def recast(self, task: Task, numbering: Numbering) -> Report:
        """Carry out a cast, and write frame after frame.

        Raises:
            RecastError: see `Recaster.recast`. Finished frames stay, unless nobody in them was recast.
        """
        info, options, mark = task.info, task.options, task.mark
        clock, wardrobe, casting = StageClock(), self._wardrobe, Casting(task.cast, options)
        ledger, presence = task.ledger(), Presence(casting.numbers)
        tracker = Tracker(self._finder, smooth=options.smooth)
        with (
            open_target(info.path, info, options.start, options.end, self._limits) as reader,
            SequenceWriter(
                numbering, reader, _key(task), options, mark.tags, lambda file: mark.frame_seal(info, file)
            ) as writer,
            helped(task, self._pool) as processes,
        ):
            before = writer.finished
            for facts in before:
                presence.add(facts["time"], facts["persons"])
            ledger.replay([facts["faces"] for facts in before], [facts["anyone"] for facts in before])
            kept = Kept(skipped=len(before))
            film = Film(task, tracker, casting, wardrobe, self._crew, clock, processes, kept)

            def write(done: Done) -> None:
                found, faces = done
                facts = {
                    "time": found.frame.time, "faces": faces, "anyone": found.anyone, "persons": list(found.persons),
                }  # fmt: skip
                writer.write(found.frame, facts)
                presence.add(found.frame.time, found.persons)
                ledger.advance(found.frame, faces, found.anyone)

            try:
                film.render(reader, write)
            except Cancelled as error:
                raise Cancelled(_stopped(writer, numbering)) from error
            if ledger.changed == 0:
                mark.withdraw(writer.remove())
            require_changed(ledger, task.cast, options)
            with clock.work("write", 0):
                writer.finish()
            notes = [*reader.notes, *writer.notes]
            if before:
                notes.append(f"{len(before)} frames were finished by an earlier run, and kept.")
            if info.audio:
                notes.append("Single frames hold no sound; the video's was left out.")
            notes += _others(writer, numbering)
        seconds = time.perf_counter() - task.begin
        return Report(
            output=task.output, kind=info.kind, frames=ledger.done, changed=ledger.changed, faces=ledger.faces,
            people=len(casting.seen), seconds=seconds, fps=(ledger.done - len(before)) / seconds,
            engine=wardrobe.engine.name, device=wardrobe.engine.device, encoder=writer.encoder, stages=clock.report(),
            notes=(*notes, *ledger.notes(), *device_notes(options, wardrobe), *mark.notes),
            roles=presence.report(), fingerprint=mark.fingerprint, marks=mark.marks, frames_at=tuple(writer.files),
        )  # fmt: skip


def _others(writer: SequenceWriter, numbering: Numbering) -> list[str]:
    """What is said where frames of another job have names like these: whoever opens all of them sees both."""
    count = len(set(numbering.files().values()) - set(writer.files))
    if count == 0:
        return []
    if count == 1:
        return ["Beside them lies one more frame with a name like theirs, which is not of this job."]
    return [f"Beside them lie {count} more frames with names like theirs, which are not of this job."]


def _stopped(writer: SequenceWriter, numbering: Numbering) -> str:
    writer.close()
    done = len(writer.files)
    if not done:
        return Cancelled.sentence
    return f"The job was cancelled. {done} frames are finished; the same job goes on after {writer.files[-1].name}."


def _key(task: Task) -> str:
    """What has to be the same for a finished frame to be of use."""
    return json.dumps({
        "form": _FORM, "target": target_stamps(task.info.path), "rate": str(task.info.rate),
        "options": asdict(task.options), "cast": cast_digest(task.cast).hex(),
        "software": [av.__version__, *map(str, av.library_versions.values())],
        "mark": task.mark.key,
    }, sort_keys=True)  # fmt: skip
