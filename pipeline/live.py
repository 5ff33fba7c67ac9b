"""A camera's frames, recast as they come; needs no web server.

>>> session = Recaster().live(identity)
>>> with session:
...     for image in camera:
...         show(session.recast(image).image)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.analysis import CausalTracker, FaceFinder
from pipeline.casting import Casting
from pipeline.closing import Closing
from pipeline.errors import Cancelled
from pipeline.exclusions import everyones
from pipeline.frame_recaster import recast_frame
from pipeline.lately import Lately
from pipeline.marking import JobMark
from pipeline.media import Picture
from pipeline.options import Options
from pipeline.policy import EVERYTHING, Policy
from pipeline.types import Cast, Face, FloatArray, ImageArray
from pipeline.wardrobe import Wardrobe

LOOK = 1.0
"""Seconds between two looks at whether what is before the camera is allowed."""


@dataclass(frozen=True, eq=False)
class LiveFrame:
    """One frame that came back.

    Attributes:
        image: ``(height, width, 3)`` uint8 BGR, recast.
        faces: faces in it that were seen, and `changed`: those that were recast.
        analyse, render: seconds spent on finding the faces and on changing them.
    """

    image: ImageArray
    faces: int
    changed: int
    analyse: float
    render: float


class LiveSession(Closing):
    """One camera before which somebody is recast. Not to be shared by threads; `close` may come from any.

    Each frame is answered before the next is looked at; nothing is held back, so that what is seen is never older than
    the work on it takes. Closing forgets the identity and everything made of it.

    Args:
        finder: the networks that find faces; may be shared.
        wardrobe: what the engine makes of identities, for options, with everything loaded that those need.
        cast: who everybody before the camera becomes; persons cannot be told apart here.
        options: as for a job.
        mark: what says in each frame that it is synthetic.
        policy: who and what is allowed before the camera; looked at every `LOOK` seconds.
    """

    def __init__(
        self,
        finder: FaceFinder,
        wardrobe: Callable[[Options], Wardrobe],
        cast: Cast,
        options: Options = Options(),
        mark: JobMark | None = None,
        policy: Policy = EVERYTHING,
    ) -> None:
        self._mark, self._policy, self._finder = mark, policy, finder
        self._looked = float("-inf")
        self._named: dict[int | None, FloatArray] = {}
        self._tracker = CausalTracker(finder, smooth=options.smooth)
        self._wardrobe_of, self._cast, self._lately = wardrobe, cast, Lately()
        self._wardrobe, self._casting, self._options = *self._dressed(options), options
        self._count = 0
        self._open = True

    @property
    def options(self) -> Options:
        return self._options

    @property
    def mark(self) -> JobMark | None:
        """What its frames are marked with, and a recording of them is sealed with."""
        return self._mark

    def change(self, options: Options) -> None:
        """Go on with other options, from the next frame on. What another engine needs is loaded by then.

        Raises:
            OptionError: something is painted over a frame, or for one person, or there is no such device here.
            ModelError: a network is missing, damaged or cannot be fetched.
            Refused: the operator does not allow the identity.
            The options before are kept then.
        """
        options = everyones(options)
        self._wardrobe, self._casting, self._options = *self._dressed(options), options
        self._tracker.smoothed_by(options.smooth)
        if self._mark is not None:
            self._mark = self._mark.changed(options)

    def _dressed(self, options: Options) -> tuple[Wardrobe, Casting]:
        """What renders with these options, with what it makes of everybody in the cast."""
        wardrobe = self._wardrobe_of(options)
        if self._cast.everyone is not None:
            wardrobe.prepared(self._cast.everyone)
        return wardrobe, Casting(self._cast, options)

    def recast(self, image: ImageArray, moment: float | None = None) -> LiveFrame:
        """One frame of the camera, recast.

        Args:
            image: ``(height, width, 3)`` uint8 BGR; it is changed in place. Its size may differ from the last one's.
            moment: seconds at which it was taken, on any clock that does not go back; now, when not given.

        Raises:
            Cancelled: the session was closed.
            Refused: the operator does not allow what is before the camera, or a face on it.
        """
        if not self._open:
            raise Cancelled("The live session has ended.")
        frame = Picture(image, index=self._count, time=time.monotonic() if moment is None else moment)
        self._count += 1
        begin = time.perf_counter()
        faces = self._allowed(frame, self._tracker(frame))
        found = time.perf_counter()
        changed = recast_frame(frame, self._casting.roles(faces), self._wardrobe, self._options, self._lately)
        if self._mark is not None:
            self._mark.frame(frame)
        done = time.perf_counter()
        return LiveFrame(frame.image(), len(faces), changed, found - begin, done - found)

    def _allowed(self, frame: Picture, faces: tuple[Face, ...]) -> tuple[Face, ...]:
        """The faces, with their embeddings where somebody may not be replaced; those are taken anew now and then."""
        now = frame.time
        if not 0 <= now - self._looked < LOOK:
            self._looked = now
            self._named.clear()
            self._policy.check_content(frame.image())
        if not self._policy.looks_at_targets:
            return faces
        for face in faces:
            if face.track not in self._named:
                self._named[face.track] = self._finder.embedder(frame, face)
        return tuple(replace(face, embedding=self._named[face.track]) for face in faces)

    def close(self) -> None:
        """End it and forget whose face it was. May be called more than once."""
        self._open = False
        self._cast = Cast()
        self._casting = Casting(self._cast, self._options)
        self._named.clear()
        self._lately.forget()
