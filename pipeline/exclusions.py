"""Paintings, laid on the faces they belong to before a job begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from pipeline.analysis.assign import assign, best_pairs
from pipeline.errors import NoFaceInTarget, OptionError, PersonUnknown
from pipeline.mesh.exclusion import painted_over
from pipeline.mesh.painted import EXCLUSION_SIDE, is_exclusion, read_exclusion, read_painted, write_exclusion
from pipeline.options import EVERYONE, Options, PaintedMask, Painting
from pipeline.types import Cast, Face, FloatArray, ImageArray, Person
from pipeline.whose import Spot, Whose, parse_whose

ALIKE = 0.02
"""How far the proportions of a mask and its frame may differ."""
SAME = 0.363
"""Cosine from which on faces of two frames are one person's. SFace's authors give it for single pictures."""

Look = Callable[[float], tuple[Sequence[Face], tuple[int, int]]]
"""The faces of the frame at some seconds of the target, with embeddings, and that frame's ``(width, height)``."""


def settled(options: Options, cast: Cast, look: Look) -> tuple[Options, Cast]:
    """What is painted as it is for every frame: over the atlas, and each person's with what is everyone's.

    Faces that were painted over and are nobody's whom the cast knows become persons of it, with numbers below 0.

    Raises:
        OptionError: a mask has other proportions than its frame, or lies on no face.
        NoFaceInTarget: that frame shows none.
        PersonUnknown: a painting names somebody whom the cast does not know.
    """
    if not options.exclude:
        return options, cast
    paintings = Paintings(look, (*(role.person for role in cast.roles), *cast.others))
    paintings.lay(options)
    everyones = paintings.masks.get(EVERYONE)
    strangers = paintings.strangers() if cast.everyone is not None else {}
    laid = {EVERYONE: everyones} if everyones is not None else {}
    for whose, mask in paintings.masks.items():
        if whose in strangers:
            whose = str(strangers[whose].number)
        elif isinstance(parse_whose(whose), Spot):
            # Whoever it is gets no new face.
            continue
        laid[whose] = mask if everyones is None else np.maximum(mask, everyones)
    cast = replace(cast, others=(*cast.others, *strangers.values()))
    return replace(options, exclude=_written(laid), exclude_at=None), cast


def everyones(options: Options) -> Options:
    """`options` for where persons cannot be told apart.

    Raises:
        OptionError: something is painted over a frame, or for one person only.
    """
    for painting in options.exclude:
        read_exclusion(painting.mask)
        if painting.whose not in ("", EVERYONE):
            raise OptionError("Here persons cannot be told apart: what is painted has to be for everyone.")
    return replace(options, exclude=tuple(replace(painting, whose=EVERYONE) for painting in options.exclude))


class Paintings:
    """What is painted on a target's faces, by whose it is.

    Args:
        look: see `Look`.
        people: who of the target is known.

    Attributes:
        masks: ``(192, 192)`` uint8 each, over the atlas, by whose: ``everyone``, a person's number, or a `Spot` for
            whoever is not known.
    """

    def __init__(self, look: Look, people: Sequence[Person]) -> None:
        self._look, self._people = look, tuple(people)
        self._owners: dict[float, list[str]] = {}
        self._strangers: dict[str, FloatArray] = {}
        self.masks: dict[str, ImageArray] = {}

    def lay(self, options: Options) -> None:
        """Take in what options say.

        Raises:
            RecastError: see `settled`.
        """
        moment = (options.start or 0.0) if options.exclude_at is None else options.exclude_at
        for painting in options.exclude:
            whose = parse_whose(painting.whose)
            if isinstance(whose, int) and whose not in {person.number for person in self._people}:
                raise PersonUnknown(f"What is painted is for person {whose}, but the target shows {len(self._people)}.")
            if is_exclusion(painting.mask):
                owner = self._there(whose) if isinstance(whose, Spot) else str(whose or EVERYONE)
                self.add(owner, read_exclusion(painting.mask))
            else:
                self._lay_over(painting.mask, whose, whose.moment if isinstance(whose, Spot) else moment)

    def paint(self, strokes: ImageArray, moment: float, *, erase: bool) -> bool:
        """Add strokes ``(h, w)`` over a frame to whom they lie on, or take them away; whether they lie on anybody."""
        found = self._on_faces(strokes, moment)
        for owner, mask in found:
            if not erase:
                self.add(owner, mask)
                continue
            for whose in (owner, EVERYONE):
                if whose in self.masks:
                    self.masks[whose] = np.asarray(cv2.subtract(self.masks[whose], mask), np.uint8)
        return bool(found)

    def add(self, owner: str, mask: ImageArray) -> None:
        self.masks[owner] = np.maximum(self.masks[owner], mask) if owner in self.masks else mask

    def on(self, owner: str) -> ImageArray:
        """What lies on somebody's face in the end, with what is everyone's."""
        nothing = np.zeros((EXCLUSION_SIDE, EXCLUSION_SIDE), np.uint8)
        return np.maximum(self.masks.get(owner, nothing), self.masks.get(EVERYONE, nothing))

    def written(self) -> tuple[Painting, ...]:
        return _written(self.masks)

    def owners(self, moment: float) -> list[str]:
        """Whose the faces of a frame are, in their order; empty for faces of which nobody can tell."""
        if moment not in self._owners:
            faces, size = self._look(moment)
            known = assign(faces, self._people)
            owners = [str(known[place].number) if place in known else "" for place in range(len(faces))]
            rest = [place for place, owner in enumerate(owners) if not owner and faces[place].embedding is not None]
            for place, owner in self._recognised([faces[place] for place in rest]):
                owners[rest[place]] = owner
            for place in rest:
                owners[place] = owners[place] or self._met(faces[place], moment, size)
            self._owners[moment] = owners
        return self._owners[moment]

    def strangers(self) -> dict[str, Person]:
        """Whoever was met in a frame and is not known, as persons with numbers below 0."""
        none = np.zeros((1, 1, 3), np.uint8)
        return {
            spot: Person(-number, embedding, none, 0.0, 0.0, 0, 0.0)
            for number, (spot, embedding) in enumerate(self._strangers.items(), 1)
        }

    def _recognised(self, faces: Sequence[Face]) -> list[tuple[int, str]]:
        if not faces or not self._strangers:
            return []
        alike = np.stack([face.embedding for face in faces]) @ np.stack(list(self._strangers.values())).T  # type: ignore[misc]
        spots = list(self._strangers)
        return [(place, spots[other]) for place, other in best_pairs(alike, SAME)]

    def _met(self, face: Face, moment: float, size: tuple[int, int]) -> str:
        (x, y), (width, height) = face.box.centre, size
        spot = str(Spot(moment, min(1.0, max(0.0, x / width)), min(1.0, max(0.0, y / height))))
        self._strangers[spot] = np.asarray(face.embedding, np.float32)
        return spot

    def _there(self, spot: Spot) -> str:
        """Whose face is at a place."""
        faces, (width, height) = self._look(spot.moment)
        x, y = spot.x * width, spot.y * height
        for place, face in enumerate(faces):
            if face.box.x0 <= x <= face.box.x1 and face.box.y0 <= y <= face.box.y1:
                return self.owners(spot.moment)[place]
        raise OptionError(f"Something is painted on a face at {spot.moment:g} s, but there is none at that place.")

    def _lay_over(self, mask: PaintedMask, whose: Whose, moment: float) -> None:
        """A mask over the frame at `moment`."""
        faces, size = self._look(moment)
        strokes = fitted(read_painted(mask), size)
        if not faces:
            raise NoFaceInTarget("No face was found in the frame that was painted over.")
        found = self._on_faces(strokes, moment)
        if not found:
            raise OptionError("What was painted lies on no face. Paint over a face of the frame that exclude_at names.")
        if whose not in ("", EVERYONE):
            owner = self._there(whose) if isinstance(whose, Spot) else str(whose)
            found = [(other, laid) for other, laid in found if other == owner]
            if not found:
                raise OptionError(f"What was painted does not lie on the face that it is for: {whose}.")
        for owner, laid in found:
            self.add(EVERYONE if whose == EVERYONE else owner, laid)

    def _on_faces(self, strokes: ImageArray, moment: float) -> list[tuple[str, ImageArray]]:
        """Strokes on the atlas of each face of a frame that they lie on, and whose that is."""
        found = []
        for face, owner in zip(self._look(moment)[0], self.owners(moment), strict=True):
            if owner and face.pose is not None and (laid := painted_over(strokes, face)).any():
                found.append((owner, laid))
        return found


def fitted(strokes: ImageArray, size: tuple[int, int]) -> ImageArray:
    """Strokes at the size of their frame.

    Raises:
        OptionError: they have other proportions.
    """
    height, width = strokes.shape
    if abs(width * size[1] / (height * size[0]) - 1) > ALIKE:
        raise OptionError(
            f"The painted mask is {width} × {height}, its frame {size[0]} × {size[1]}: they have to be alike."
        )
    return np.asarray(cv2.resize(strokes, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _written(masks: dict[str, ImageArray]) -> tuple[Painting, ...]:
    return tuple(Painting(write_exclusion(mask), whose) for whose, mask in masks.items() if mask.any())
