"""What the page shows before there is a job: photos judged, single frames of a target, and those frames recast.

Frames, faces and identities are kept for a few minutes, so that a change of settings is rendered without anything being
read or found again. What changes the frame is the same function as in a job.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipeline.analysis import from_left
from pipeline.casting import Casting
from pipeline.errors import InputError, OptionError, PersonUnknown
from pipeline.exclusions import Look, Paintings, fitted, settled
from pipeline.mesh.exclusion import laid_on
from pipeline.mesh.painted import read_painted
from pipeline.options import Options, Painting
from pipeline.sources import doubts
from pipeline.types import Advice, Box, Cast, Face, Identity, ImageArray, MediaInfo, Person, Role
from studio.jobs.job import Busy
from studio.pictures import Still, first_frame, jpeg, square
from studio.recent import Recent
from studio.request import others
from studio.scrub import Scrubber

if TYPE_CHECKING:
    from studio.operations import Studio

AT_ONCE = 2
PATIENCE = 20.0
"""Previews rendered at a time, and seconds that others wait for their turn."""
SIDE = 1920
"""Longest side of a preview; a 1080p frame is shown pixel by pixel."""
PAINTED_SIDE = 1280
"""Longest side of what shows where the target stays."""
THUMBNAIL, SMALL = 192, 96
MOST_FACES = 24
"""Of a photo's people so many can be chosen from."""
_LARGE = 40_000_000
"""Bytes of a frame from which on it is not kept."""

Stamp = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class PhotoLook:
    """A source photo at first sight.

    Attributes:
        thumbnail: the face that is used, cut out (JPEG).
        advice: what is wrong with it.
        faces: of several people the faces, from the left, cut out alike; the first `MOST_FACES`.
        face: the number of the one that is used among them, from 1.
    """

    width: int
    height: int
    thumbnail: bytes
    advice: tuple[Advice, ...]
    faces: tuple[bytes, ...] = ()
    face: int = 1


@dataclass(frozen=True, eq=False)
class FrameLook:
    """One frame of a target, recast or as it is.

    Attributes:
        picture: JPEG, at most `SIDE` pixels long.
        faces: boxes in shares of the frame, the largest first.
        changed: number of faces that were given another one.
        doubts: sentences on photos of one face that seem to show several people.
    """

    picture: bytes
    faces: tuple[tuple[float, float, float, float], ...]
    changed: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PaintedFrame:
    """What is left as it is.

    Attributes:
        exclude: masks over the atlas, as the option of that name takes them: each person's own.
        shown: where they lie in the frame: PNG of its proportions, as opaque as they are.
    """

    exclude: tuple[Painting, ...]
    shown: bytes


class Previews:
    """Looks at photos and targets for the page. Thread-safe."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._recaster = studio, studio.recaster
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._infos: Recent[tuple[Stamp, Fraction | None], MediaInfo] = Recent(32)
        self._scrubbers: Recent[tuple[Stamp, Fraction | None], Scrubber] = Recent(4)
        self._frames: Recent[tuple[Stamp, float, Fraction | None], Still] = Recent(6)
        self._faces: Recent[tuple[Stamp, float, Fraction | None], tuple[Face, ...]] = Recent(24)
        self._identities: Recent[tuple[tuple[Stamp, ...], tuple[int, ...]], Identity] = Recent(8)

    def photo(self, path: Path, which: int = 0) -> PhotoLook:
        """Judge a photo as a source.

        Args:
            which: see `Options.source_faces`.

        Raises:
            FaceUnknown: it shows fewer faces.
            InputError: it cannot be read, or is a video.
        """
        if self._studio.inspect(self._studio.own(path)).kind == "video":
            raise InputError("This is a video. A face comes from a photo.")
        with self._turn():
            image, faces, advice = self._recaster.examine(path, which)
        height, width = image.shape[:2]
        if not faces:
            return PhotoLook(width, height, _cut_out(image, Box(0, 0, width, height), THUMBNAIL), advice)
        thumbnail, row = _cut_out(image, faces[0].box.scaled(1.7), THUMBNAIL), from_left(faces)
        shown = row[:MOST_FACES] if len(row) > 1 else ()
        small = tuple(_cut_out(image, face.box.scaled(1.7), SMALL) for face in shown)
        return PhotoLook(width, height, thumbnail, advice, small, 1 + row.index(faces[0]))

    def frame(self, target: Path, moment: float, rate: Fraction | None = None) -> FrameLook:
        """One frame as it is, and where its faces are.

        Args:
            rate: of numbered pictures, see `Options.exact_rate`.

        Raises:
            InputError: the target cannot be read, or is shorter.
        """
        with self._turn():
            still, faces = self._found(target, moment, rate)
            return _look(still, faces, 0)

    def recast(
        self,
        target: Path,
        moment: float,
        everyone: tuple[Path, ...],
        roles: Mapping[int, tuple[Path, ...]],
        people: tuple[Person, ...],
        options: Options,
    ) -> FrameLook:
        """One frame of `target` as it will be.

        Args:
            moment: seconds.
            everyone: photos of the face that everyone gets; empty for nobody.
            roles: photos by the numbers of persons in `people`.

        Raises:
            RecastError: a file cannot be used, or nobody would be recast.
        """
        known = {person.number: person for person in people}
        for number in roles:
            if number not in known:
                raise PersonUnknown(f"The cast names person {number}, but the target shows {len(known)}.")
        with self._turn():
            rate = options.exact_rate
            still, faces = self._found(target, moment, rate)
            chosen = iter((*options.source_faces, *itertools.repeat(0, len(everyone) + sum(map(len, roles.values())))))
            cast = Cast(
                everyone=self._identity(everyone, chosen) if everyone else None,
                roles=tuple(Role(known[number], self._identity(photos, chosen)) for number, photos in roles.items()),
                others=others(options, people, roles),
            )
            options, cast = settled(options, cast, self._look(target, rate))
            changed = len(Casting(cast, options).roles(faces))
            after = self._recaster.recast_frame(still.image, cast, options, faces)
            look = _look(replace(still, image=after), faces, changed)
            signed = self._recaster.signed(look.picture, cast, options)
            return replace(look, picture=signed, doubts=doubts(cast))

    def painted(
        self,
        target: Path,
        moment: float,
        options: Options,
        strokes: str,
        *,
        erase: bool,
        people: tuple[Person, ...] = (),
    ) -> PaintedFrame:
        """Strokes over one frame, added to what is excluded of whoever they lie on, or taken from it.

        Args:
            options: what is excluded by now.
            strokes: a painted mask over the frame; empty for none.
            people: who is known to be in the target.

        Raises:
            OptionError: they lie on no face, or are no mask.
        """
        with self._turn():
            rate = options.exact_rate
            moment = self._shown(target, moment, rate)
            still, faces = self._found(target, moment, rate)
            image = still.image
            size = (image.shape[1], image.shape[0])
            paintings = Paintings(self._look(target, rate), people)
            paintings.lay(options)
            if strokes and not paintings.paint(fitted(read_painted(strokes), size), moment, erase=erase):
                raise OptionError("There is no face where you painted.")
            owners = paintings.owners(moment)
            laid = [laid_on(paintings.on(owner), face, size) for face, owner in zip(faces, owners, strict=True)]
        shown = np.asarray(np.maximum.reduce([np.zeros(image.shape[:2], np.uint8), *laid]), np.uint8)
        return PaintedFrame(paintings.written(), _overlay(shown))

    def _look(self, target: Path, rate: Fraction | None) -> Look:
        def at(moment: float) -> tuple[tuple[Face, ...], tuple[int, int]]:
            still, faces = self._found(target, moment, rate)
            image = still.image
            return faces, (image.shape[1], image.shape[0])

        return at

    def _shown(self, target: Path, moment: float, rate: Fraction | None) -> float:
        """`moment`, or the last one that shows something: a slider's end lies after the last frame's beginning."""
        info = self._info(target, rate)
        if info.kind == "image":
            return 0.0
        return min(moment, max(0.0, (info.duration or moment) - 0.5 / float(info.rate or 25)))

    def _info(self, target: Path, rate: Fraction | None) -> MediaInfo:
        stamp = _stamp(self._studio.own(target))
        return self._infos.get((stamp, rate), lambda: self._studio.inspect_target(target, rate))

    def _found(self, target: Path, moment: float, rate: Fraction | None) -> tuple[Still, tuple[Face, ...]]:
        stamp, info = _stamp(self._studio.own(target)), self._info(target, rate)
        moment = self._shown(target, moment, rate)
        film, key = (stamp, rate), (stamp, moment, rate)

        def read() -> Still:
            if info.kind == "image":
                return first_frame(info.path, info, self._studio.settings.limits)
            made = self._scrubbers.get(film, lambda: Scrubber(info.path, info, self._studio.settings.limits))
            return made.at(moment)

        still = self._frames.get(key, read) if info.width * info.height * 3 < _LARGE else read()
        return still, self._faces.get(key, lambda: self._recaster.faces(still.image))

    def _identity(self, photos: tuple[Path, ...], chosen: Iterator[int]) -> Identity:
        """The face in `photos`; `chosen` says of each in turn whose."""
        which = tuple(itertools.islice(chosen, len(photos)))
        stamps = tuple(_stamp(self._studio.own(photo)) for photo in photos)

        def make() -> Identity:
            for photo in photos:
                self._studio.inspect(photo)
            return self._recaster.identify(photos, which)

        return self._identities.get((stamps, which), make)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE):
            raise Busy("Many are looking at previews right now. Please try again in a moment.", 5)
        try:
            yield
        finally:
            self._turns.release()


def _cut_out(image: ImageArray, box: Box, side: int) -> bytes:
    return jpeg(square(image, box, side), quality=88)


def _look(shown: Still, faces: tuple[Face, ...], changed: int) -> FrameLook:
    rows, columns = shown.image.shape[:2]
    boxes = tuple(
        (face.box.x0 / columns, face.box.y0 / rows, face.box.x1 / columns, face.box.y1 / rows) for face in faces
    )
    return FrameLook(jpeg(shown.within(SIDE), quality=90), boxes, changed)


def _overlay(shown: ImageArray) -> bytes:
    scale = min(1.0, PAINTED_SIDE / max(shown.shape))
    small = cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", cv2.merge([np.zeros_like(small)] * 3 + [small]))[1].tobytes()


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns
