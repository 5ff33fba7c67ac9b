"""Who gets which face: a cast, applied to the faces of each frame."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.analysis import Assigner
from pipeline.errors import NoFaceInTarget, OptionError
from pipeline.ledger import Ledger
from pipeline.options import EVERYONE, Options, PaintedMask
from pipeline.types import Cast, Face, Person
from pipeline.wardrobe import FaceRole

Roles = list[FaceRole]


class Casting:
    """Decides which face of each frame gets which identity. Called in frame order.

    Args:
        options: settled (see `pipeline.exclusions.settled`): what is painted lies over the atlas, and is a person's or
            everyone's.
    """

    def __init__(self, cast: Cast, options: Options) -> None:
        self._everyone, self._select = cast.everyone, options.select
        self._identities = {role.person.number: role.identity for role in cast.roles}
        # Whoever is in no role matters only where they get a face as well.
        others = cast.others if cast.everyone is not None else ()
        persons = [*(role.person for role in cast.roles), *others]
        self._assigner = Assigner(persons) if persons else None
        self._painted = {painting.whose: painting.mask for painting in options.exclude}
        self.seen: set[int] = set()
        self.shown: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the persons to whom the cast gives a role."""
        return tuple(self._identities)

    def roles(self, faces: Sequence[Face]) -> Roles:
        """Who of `faces` becomes whom. `shown` then tells which of the persons with a role were among them."""
        named = self._assigner.assign(faces) if self._assigner is not None else {}
        shown: list[int] = []
        result: Roles = []
        rest: Roles = []
        for place, face in enumerate(faces):
            person = named.get(place)
            painted = self._on(person)
            if person is not None and person.number in self._identities:
                shown.append(person.number)
                result.append(FaceRole(face, self._identities[person.number], painted))
            elif self._everyone is not None:
                rest.append(FaceRole(face, self._everyone, painted))
        self.shown = tuple(shown)
        self.seen.update(shown)
        if rest and self._select == "largest":
            rest = [max(rest, key=lambda role: role.face.box.area)]
        return result + rest

    def _on(self, person: Person | None) -> PaintedMask:
        """What is painted on a person's face, or on that of somebody who is not told from others."""
        everyones = self._painted.get(EVERYONE, PaintedMask(""))
        return everyones if person is None else self._painted.get(str(person.number), everyones)


def nobody(cast: Cast, anyone: bool, options: Options = Options()) -> str:
    """Why nothing was changed, as a sentence."""
    if not anyone:
        return "No face was found in the part to keep." if options.partial else "No face was found in the target."
    return "Nobody who is cast was seen in the target." if cast.roles else "No face in the target could be replaced."


def require_changed(ledger: Ledger, cast: Cast, options: Options) -> None:
    """Whether a film has come out changed.

    Raises:
        OptionError: it had no frame.
        NoFaceInTarget: nobody in it was recast.
    """
    if ledger.done == 0:
        raise OptionError("The part to keep holds no frame.")
    if ledger.changed == 0:
        raise NoFaceInTarget(nobody(cast, ledger.anyone, options))
