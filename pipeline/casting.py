"""Who gets which face: a cast, applied to the faces of each frame."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.analysis import Assigner
from pipeline.options import Options
from pipeline.types import Cast, Face, Identity

Roles = list[tuple[Face, Identity]]


class Casting:
    """Decides which face of each frame gets which identity. Called in frame order."""

    def __init__(self, cast: Cast, options: Options) -> None:
        self._cast, self._select = cast, options.select
        self._assigner = Assigner([role.person for role in cast.roles]) if cast.roles else None
        self.seen: set[int] = set()
        self.shown: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the persons whom the cast names."""
        return tuple(role.person.number for role in self._cast.roles)

    def roles(self, faces: Sequence[Face]) -> Roles:
        """Who of `faces` becomes whom. `shown` then tells which of the cast's persons were among them."""
        named = self._assigner.assign(faces) if self._assigner is not None else {}
        identities = {role.person.number: role.identity for role in self._cast.roles}
        self.shown = tuple(person.number for person in named.values())
        self.seen.update(self.shown)
        result: Roles = []
        rest: list[Face] = []
        for place, face in enumerate(faces):
            person = named.get(place)
            if person is None:
                rest.append(face)
                continue
            result.append((face, identities[person.number]))
        if self._cast.everyone is not None and rest:
            chosen = rest if self._select == "all" else [max(rest, key=lambda face: face.box.area)]
            result.extend((face, self._cast.everyone) for face in chosen)
        return result


def nobody(cast: Cast, anyone: bool) -> str:
    """Why nothing was changed, as a sentence."""
    if not anyone:
        return "No face was found in the target."
    return "Nobody who is cast was seen in the target." if cast.roles else "No face in the target could be replaced."
