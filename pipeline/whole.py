"""A job carried out in one go, from the first frame to the last."""

from __future__ import annotations

import time

from pipeline.analysis import FaceFinder, Tracker
from pipeline.casting import Casting, nobody, require_changed
from pipeline.crew import Crew
from pipeline.errors import NoFaceInTarget
from pipeline.flow import StageClock
from pipeline.frame_recaster import recast_frame
from pipeline.media import check_picture_name, open_result, open_target, read_picture, write_picture
from pipeline.options import Options
from pipeline.presence import Presence
from pipeline.processes.helped import helped
from pipeline.processes.pool import Pool
from pipeline.rendering import Done, Film
from pipeline.report import Progress, Report
from pipeline.steps import device_notes, numbered
from pipeline.task import RECASTING, Task
from pipeline.types import MediaLimits
from pipeline.wardrobe import Wardrobe


class Whole:
    """Recasts pictures, animations and videos.

    Args:
        finder: finds faces.
        wardrobe: the engine, and what it made of the identities.
        crew: who works on its frames.
        limits: bounds on what is opened.
        pool: processes that may render films beside this one.
    """

    def __init__(
        self, finder: FaceFinder, wardrobe: Wardrobe, crew: Crew, limits: MediaLimits, pool: Pool | None = None
    ) -> None:
        self._finder, self._wardrobe, self._crew, self._limits, self._pool = finder, wardrobe, crew, limits, pool

    def picture(self, task: Task) -> Report:
        """Carry out a cast on a picture."""
        info, options, output, mark = task.info, task.options, task.output, task.mark
        check_picture_name(output, (info.path,))
        clock, wardrobe, casting = StageClock(), self._wardrobe, Casting(task.cast, options)
        with clock.work("read"):
            picture = read_picture(info.path, self._limits)
        with clock.work("analyse"):
            faces = numbered(self._finder.faces(picture))
            roles = casting.roles(faces)
        if not roles:
            raise NoFaceInTarget(nobody(task.cast, bool(faces)))
        with clock.work("render"):
            changed = recast_frame(picture, roles, wardrobe, options)
            mark.frame(picture, "still")
        if task.progress is not None:
            task.progress(Progress(RECASTING, 1, 1))
        with clock.work("write"):
            notes = write_picture(output, picture, options.quality, mark.tags, (info.path,), mark.seal(info))
        notes = (*picture.notes, *notes, *_part_notes(options), *device_notes(options, wardrobe), *mark.notes)
        presence = Presence(casting.numbers)
        presence.add(0.0, casting.shown)
        seconds = time.perf_counter() - task.begin
        return Report(
            output=output, kind="image", frames=1, changed=1, faces=changed, people=len(casting.seen),
            seconds=seconds, fps=1 / seconds, engine=wardrobe.engine.name, device=wardrobe.engine.device,
            encoder=output.suffix.lstrip(".").lower(), stages=clock.report(), notes=notes,
            roles=presence.report(),
            fingerprint=mark.fingerprint, marks=mark.marks, sidecar=mark.sidecar,
        )  # fmt: skip

    def video(self, task: Task) -> Report:
        """Carry out a cast on an animation or a video."""
        info, options, mark = task.info, task.options, task.mark
        clock, wardrobe, casting = StageClock(), self._wardrobe, Casting(task.cast, options)
        ledger, presence = task.ledger(), Presence(casting.numbers)
        tracker = Tracker(self._finder, smooth=options.smooth)

        with (
            open_target(info.path, info, options.start, options.end, self._limits) as reader,
            open_result(task.output, reader, options, mark.tags, mark.seal(info)) as writer,
            helped(task, self._pool) as processes,
        ):
            film = Film(task, tracker, casting, wardrobe, self._crew, clock, processes)

            def write(done: Done) -> None:
                found, changed = done
                writer.write(found.frame)
                presence.add(found.frame.time, found.persons)
                ledger.advance(found.frame, changed, found.anyone)

            film.render(reader, write)
            require_changed(ledger, task.cast, options)
            with clock.work("write", 0):
                writer.finish()
            notes = (*reader.notes, *writer.notes, *ledger.notes(), *device_notes(options, wardrobe), *mark.notes)
            encoder = writer.encoder
        seconds = time.perf_counter() - task.begin
        return Report(
            output=task.output, kind=info.kind, frames=ledger.done, changed=ledger.changed, faces=ledger.faces,
            people=len(casting.seen), seconds=seconds, fps=ledger.done / seconds, engine=wardrobe.engine.name,
            device=wardrobe.engine.device, encoder=encoder, stages=clock.report(), notes=notes,
            roles=presence.report(),
            fingerprint=mark.fingerprint, marks=mark.marks, sidecar=mark.sidecar,
        )  # fmt: skip


def _part_notes(options: Options) -> tuple[str, ...]:
    if options.partial:
        return ("The target is a single picture; start and end were left aside.",)
    return ()
