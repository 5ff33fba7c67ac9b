"""A job carried out in one go, from the first frame to the last."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.analysis import FaceFinder, Tracker
from pipeline.casting import Casting, Roles, nobody
from pipeline.crew import Crew
from pipeline.errors import NoFaceInTarget
from pipeline.flow import StageClock, run
from pipeline.frame_recaster import Wardrobe, recast_frame
from pipeline.ledger import Ledger
from pipeline.marking import JobMark
from pipeline.media import check_picture_name, open_result, open_target, read_picture, write_picture
from pipeline.options import Options
from pipeline.presence import Presence
from pipeline.segments import RECASTING
from pipeline.steps import device_notes, expected, numbered, tracked, until
from pipeline.types import Cast, Frame, MediaInfo, MediaLimits, Progress, ProgressCallback, Report


class Whole:
    """Recasts pictures, animations and videos.

    Args:
        finder: finds faces.
        wardrobe: the engine, and what it made of the identities.
        crew: who works on its frames.
        limits: bounds on what is opened.
    """

    def __init__(self, finder: FaceFinder, wardrobe: Wardrobe, crew: Crew, limits: MediaLimits) -> None:
        self._finder, self._wardrobe, self._crew, self._limits = finder, wardrobe, crew, limits

    def picture(
        self,
        cast: Cast,
        info: MediaInfo,
        output: Path,
        options: Options,
        mark: JobMark,
        progress: ProgressCallback | None,
        begin: float,
    ) -> Report:
        """Carry out a cast on a picture.

        Args:
            begin: when the job began (`time.perf_counter`).
        """
        check_picture_name(output, (info.path,))
        clock, wardrobe, casting = StageClock(), self._wardrobe, Casting(cast, options)
        with clock.work("read"):
            picture = read_picture(info.path, self._limits)
        with clock.work("analyse"):
            faces = numbered(self._finder.faces(picture))
            roles = casting.roles(faces)
        if not roles:
            raise NoFaceInTarget(nobody(cast, bool(faces)))
        with clock.work("render"):
            changed = recast_frame(picture, roles, wardrobe, options)
            mark.frame(picture, "still")
        if progress is not None:
            progress(Progress(RECASTING, 1, 1))
        with clock.work("write"):
            notes = write_picture(output, picture, options.quality, mark.tags, (info.path,), mark.seal(info))
        notes = (*notes, *_part_notes(options), *device_notes(options, wardrobe), *mark.notes)
        presence = Presence(casting.numbers)
        presence.add(0.0, casting.shown)
        seconds = time.perf_counter() - begin
        return Report(
            output=Path(output), kind="image", frames=1, changed=1, faces=changed, people=len(casting.seen),
            seconds=seconds, fps=1 / seconds, engine=wardrobe.engine.name, device=wardrobe.engine.device,
            encoder=Path(output).suffix.lstrip(".").lower(), stages=clock.report(), notes=notes,
            roles=presence.report(),
            fingerprint=mark.fingerprint, marks=mark.marks, sidecar=mark.sidecar,
        )  # fmt: skip

    def video(
        self,
        cast: Cast,
        info: MediaInfo,
        output: Path,
        options: Options,
        mark: JobMark,
        progress: ProgressCallback | None,
        cancel: threading.Event | None,
        begin: float,
    ) -> Report:
        """Carry out a cast on an animation or a video.

        Args:
            begin: when the job began (`time.perf_counter`).
        """
        clock, wardrobe, casting = StageClock(), self._wardrobe, Casting(cast, options)
        ledger = Ledger(RECASTING, expected(info, options), progress)
        tracker, presence = Tracker(self._finder, smooth=options.smooth), Presence(casting.numbers)

        def analyse(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Roles, bool, tuple[int, ...]]]:
            for frame, faces in tracked(tracker, frames, clock, self._crew):
                roles = casting.roles(faces)
                yield frame, roles, bool(faces), casting.shown

        def render(found: tuple[Frame, Roles, bool, tuple[int, ...]]) -> tuple[Frame, int, bool, tuple[int, ...]]:
            frame, roles, anyone, persons = found
            changed = recast_frame(frame, roles, wardrobe, options)
            mark.frame(frame)
            return frame, changed, anyone, persons

        with (
            open_target(info.path, info, options.start, options.end, self._limits) as reader,
            open_result(output, reader, options, mark.tags, mark.seal(info)) as writer,
        ):

            def write(done: tuple[Frame, int, bool, tuple[int, ...]]) -> None:
                frame, changed, anyone, persons = done
                writer.write(frame)
                presence.add(frame.time, persons)
                ledger.advance(frame, changed, anyone)

            run(until(reader, cancel), analyse, render, write, clock=clock, crew=self._crew, cancel=cancel)
            if ledger.changed == 0:
                raise NoFaceInTarget(nobody(cast, ledger.anyone))
            with clock.work("write", 0):
                writer.finish()
            notes = (*reader.notes, *writer.notes, *ledger.notes(), *device_notes(options, wardrobe), *mark.notes)
            encoder = writer.encoder
        seconds = time.perf_counter() - begin
        return Report(
            output=Path(output), kind=info.kind, frames=ledger.done, changed=ledger.changed, faces=ledger.faces,
            people=len(casting.seen), seconds=seconds, fps=ledger.done / seconds, engine=wardrobe.engine.name,
            device=wardrobe.engine.device, encoder=encoder, stages=clock.report(), notes=notes,
            roles=presence.report(),
            fingerprint=mark.fingerprint, marks=mark.marks, sidecar=mark.sidecar,
        )  # fmt: skip


def _part_notes(options: Options) -> tuple[str, ...]:
    if options.start is not None or options.end is not None:
        return ("The target is a single picture; start and end were left aside.",)
    return ()
