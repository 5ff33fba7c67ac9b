"""The conductor: media → analysis → engine → compositor → media."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pipeline.admission import admit
from pipeline.analysis import FaceFinder
from pipeline.casting import Casting
from pipeline.crew import Crew
from pipeline.engines.catalogue import needs_no_network
from pipeline.errors import InputError
from pipeline.exclusions import Look, everyones, settled
from pipeline.fingerprint import job_digest
from pipeline.frame_recaster import recast_frame
from pipeline.live import LiveSession
from pipeline.marking import JobMark, Marking
from pipeline.marking.credentials import folder
from pipeline.media import Picture, in_time, probe
from pipeline.models.store import Store
from pipeline.options import Options
from pipeline.policy import Policy
from pipeline.processes.pool import Pool
from pipeline.report import ProgressCallback, Report
from pipeline.searching import look_into, people_in
from pipeline.segments import SEGMENT_SECONDS
from pipeline.sources import every_face, examined, identified, told
from pipeline.steps import numbered
from pipeline.task import Task
from pipeline.types import Advice, Cast, Face, Identity, ImageArray, MediaInfo, MediaLimits, Person, SourcePhoto
from pipeline.wardrobes import Wardrobes
from pipeline.ways import carried_out


class Recaster:
    """Recasts pictures and videos. Networks load when first needed and stay; one object serves many threads.

    Args:
        device: where networks run. The embedded models are small and run on the CPU on every device.
        threads: for rendering and the networks; the machine's cores when ``None``.
        limits: bounds on what is opened.
        marking: what results are marked with; what the environment says when ``None``.
        gpu: which of several networks run on; see `beside`.
        policy: which faces and what content are allowed; what the environment says when ``None``.
        store: where networks come from; what the environment says when ``None``.
        processes: that render long films beside this one; what the environment says, or else the machine, when
            ``None``.

    Example:
        >>> recaster = Recaster()
        >>> identity = recaster.identify([Path("face.jpg")])
        >>> report = recaster.recast(Cast(everyone=identity), Path("clip.mp4"), Path("result.mp4"))
        >>> report.frames, report.fps
    """

    def __init__(
        self,
        device: str = "auto",
        threads: int | None = None,
        limits: MediaLimits = MediaLimits(),
        marking: Marking | None = None,
        gpu: int = 0,
        policy: Policy | None = None,
        store: Store | None = None,
        processes: int | None = None,
    ) -> None:
        self.device, self.limits, self._store = device, limits, store
        self.marking = marking or Marking.from_environment()
        self.policy = policy or Policy.from_environment(
            folder().parent, lambda: self.marking.credentials.secret, self.marking.environment
        )
        self.threads = threads or os.cpu_count() or 2
        self._crew, self.pool = Crew(self.threads), Pool(processes)
        self._wardrobes = Wardrobes(store, gpu, self.policy, lambda frame, face: self._finder.embedder(frame, face))
        self._open_finder: Callable[[], FaceFinder] = FaceFinder

    def beside(self, gpu: int) -> Recaster:
        """Another one whose networks run on another GPU. What finds faces, on the CPU, is shared."""
        other = Recaster(self.device, self.threads, self.limits, self.marking, gpu, self.policy, self._store)
        other._open_finder = lambda: self._finder
        other._crew, other.pool = self._crew, self.pool
        return other

    @cached_property
    def _finder(self) -> FaceFinder:
        return self._open_finder()

    @property
    def loaded(self) -> bool:
        """Whether the networks that find faces are in memory."""
        return "_finder" in self.__dict__

    def load(self) -> None:
        """Load what every job needs, rather than with the first one.

        Raises:
            ModelError: a model file is missing or damaged.
        """
        _ = self._finder

    @property
    def networks(self) -> dict[str, str]:
        """Further networks that are in memory, and on which device each of them truly runs, by what and how."""
        return self._wardrobes.networks

    def identify(self, sources: Sequence[Path | ImageArray], which: Sequence[int] = ()) -> Identity:
        """The face in one or more photos of the same person; of several faces in a photo the one that is seen best, or
        the one that was chosen. Of three photos or more, those that seem to show somebody else are left out.

        Args:
            sources: files, or uint8 BGR arrays ``(height, width, 3)``.
            which: see `Options.source_faces`.

        Raises:
            NoFaceInSource: a photo shows no face.
            FaceUnknown: one shows fewer than was chosen.
            InputError: no photo was given, or one cannot be read.
            Refused: the operator does not allow the face, or a photo.
        """
        identity = identified(self._finder, self.limits, sources, which)
        self.policy.check_source(identity)
        return identity

    def examine(self, source: Path, which: int = 0) -> tuple[ImageArray, tuple[Face, ...], tuple[Advice, ...]]:
        """A photo as it is seen, the faces in it (the one that is used first), and what is wrong with it as a source.

        Args:
            which: see `Options.source_faces`.

        Raises:
            FaceUnknown: it shows fewer faces.
            InputError: it cannot be read.
        """
        return examined(self._finder, self.limits, source, which)

    def faces_in(self, source: Path) -> tuple[SourcePhoto, ...]:
        """Every face of a photo, the largest first.

        Raises:
            NoFaceInSource: it shows none.
            InputError: it cannot be read.
        """
        return every_face(self._finder, self.limits, source)

    def people(
        self,
        target: Path,
        options: Options = Options(),
        progress: ProgressCallback | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Person, ...]:
        """Who is in a picture or video, the person seen most first. Empty when nobody is.

        Args:
            target: see `recast`.

        Raises:
            InputError: the target cannot be read.
            Cancelled: `cancel` was set.
        """
        info = probe(target, self.limits, options.exact_rate)
        options = in_time(options, info, self.limits, cancel)
        return people_in(info, self._finder, options, self.limits, self._crew, progress, cancel)

    def faces(self, image: ImageArray) -> tuple[Face, ...]:
        """The faces of a still ``(height, width, 3)`` uint8 BGR, each a track of its own; the largest first."""
        return numbered(self._finder.faces(Picture(image)))

    def recast_frame(
        self,
        image: ImageArray,
        cast: Cast,
        options: Options = Options(),
        faces: Sequence[Face] | None = None,
    ) -> ImageArray:
        """One still frame, recast: ``(height, width, 3)`` uint8 BGR in and out. Unchanged where nobody is cast.

        Whole videos are steadier, because there faces are followed and smoothed from frame to frame. A mask that was
        painted over a frame is taken to lie over this one (see `settled`).

        Args:
            faces: what `faces` said of `image`, where that is known already.

        Raises:
            Refused: the operator does not allow it.
        """
        self.policy.check_content(image)
        picture = Picture(image.copy())
        found = self.faces(image) if faces is None else faces
        options, cast = settled(options, cast, lambda _: (found, (picture.width, picture.height)))
        recast_frame(picture, Casting(cast, options).roles(found), self._wardrobes.of(options), options)
        self._mark(None, cast, options).frame(picture, "still")
        return picture.image()

    def settled(self, options: Options, cast: Cast, target: Path | MediaInfo) -> tuple[Options, Cast]:
        """`options` and `cast` as they are for every frame of `target`: what was painted lies on the faces of those it
        belongs to.

        Raises:
            OptionError: a mask does not fit its frame, or lies on no face.
            NoFaceInTarget: the frame shows none.
            PersonUnknown: a painting is for somebody whom the cast does not know.
            InputError: the target cannot be read.
        """
        if not options.exclude:
            return options, cast
        info = target if isinstance(target, MediaInfo) else probe(target, self.limits, options.exact_rate)
        return settled(in_time(options, info, self.limits), cast, self.look(info))

    def look(self, target: Path | MediaInfo) -> Look:
        """What tells the faces in single frames of a target. Each frame is read once."""
        return look_into(target, self._finder, self.limits)

    def signed(self, picture: bytes, cast: Cast, options: Options = Options()) -> bytes:
        """A JPEG of what `recast_frame` made, with its signed manifest in it, unless the operator leaves those out.

        Raises:
            MarkingError: it cannot be signed.
        """
        return self._mark(None, cast, options).signed(picture)

    def live(self, identity: Identity, options: Options = Options()) -> LiveSession:
        """A session that recasts a camera's frames as they come (see `LiveSession`). Everything is loaded by then.

        Raises:
            Refused: the operator does not allow the identity.
            OptionError: something is painted over a frame, of which there is none yet, or for one person.
        """
        options, cast = everyones(options), Cast(everyone=identity)
        mark = self._mark(None, cast, options)
        return LiveSession(self._finder, self._wardrobes.live, cast, options, mark, self.policy)

    def _mark(self, target: Path | None, cast: Cast, options: Options) -> JobMark:
        return self.marking.job(job_digest(target, cast, options), options)

    def recast(
        self,
        cast: Cast,
        target: Path,
        output: Path,
        options: Options = Options(),
        progress: ProgressCallback | None = None,
        cancel: threading.Event | None = None,
        work: Path | None = None,
        segment: float = SEGMENT_SECONDS,
    ) -> Report:
        """Carry out a cast on a picture, animation or video, and write the result.

        The result appears under its name only when it is whole; an error or cancel leaves nothing. Of single frames
        each does, and those that are finished stay: the same call goes on after them.

        Args:
            cast: who becomes whom.
            target: the file to change; its content decides what it is. A name such as ``shot.####.png`` or
                ``shot.%04d.png`` is that of numbered pictures, the frames of a film.
            output: the file to write; its ending decides the format. A name such as those has a film written as single
                frames.
            progress: called on the calling thread, about ten times a second.
            cancel: set it to stop before the next frame.
            work: a folder that keeps the finished segments of a long video, so that the same call goes on where an
                earlier one was ended, by whatever. It is the caller's to remove.
            segment: seconds of each segment.

        Raises:
            InputError: the target cannot be read or the output not written.
            NoFaceInTarget: nobody who is cast was seen.
            Refused: the operator does not allow somebody in it, or what it shows.
            Cancelled: `cancel` was set.
        """
        if cast.everyone is None and not cast.roles:
            raise InputError("The cast is empty: nobody would be recast.")
        begin = time.perf_counter()
        info = probe(target, self.limits, options.exact_rate)
        options = in_time(options, info, self.limits, cancel)
        admit(self.policy, cast, info, options, self.limits, cancel)
        mark = self._mark(info.path, cast, options)
        mark.check(info, Path(output))
        options, cast = self.settled(options, cast, info)
        task = Task(cast, info, Path(output), options, mark, begin, progress, cancel)
        wardrobe = self._wardrobes.of(options)
        crew = self._crew_of(options, wardrobe.engine.together)
        report = carried_out(task, self._finder, wardrobe, crew, self.limits, self.pool, work, segment)
        return replace(report, notes=(*told(cast), *report.notes), start=options.start or 0.0)

    def _crew_of(self, options: Options, together: int) -> Crew:
        """A job with a network takes no turns with others: it mostly waits for its network, and would hold them up."""
        return self._crew if needs_no_network(options) else Crew(self.threads, together)
