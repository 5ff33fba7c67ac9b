"""The photos of one person: whose face in them is meant, which of them belong together, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.analysis import best_seen, from_left
from pipeline.errors import FaceUnknown
from pipeline.types import Cast, Face, FloatArray, Identity

STRANGER = 0.25
"""A photo whose embedding is no nearer than this (cosine) to the one in the middle of all is not used. SFace's authors
take two pictures for one person from 0.363 on; a photo from the side may be less like the others."""


def belonging(embeddings: Sequence[FloatArray | None]) -> list[int]:
    """The places of the photos that seem to show the same person; of two neither is the odd one out.

    Args:
        embeddings: ``(128,)`` each, L2-normalised; a photo without one stays.
    """
    known = [place for place, embedding in enumerate(embeddings) if embedding is not None]
    if len(known) < 3:
        return list(range(len(embeddings)))
    units = np.stack([embedding for embedding in embeddings if embedding is not None])
    likeness = units @ units.T
    middle = int(likeness.sum(1).argmax())
    strangers = {place for place, alike in zip(known, likeness[middle], strict=True) if alike <= STRANGER}
    return [place for place in range(len(embeddings)) if place not in strangers]


def meant_first(faces: Sequence[Face], which: int, photo: str) -> tuple[Face, ...]:
    """The faces of a source photo, the one that is meant first.

    Args:
        faces: those in it, in any order.
        which: see `Options.source_faces`.
        photo: what it is called, should it show fewer.

    Raises:
        FaceUnknown: there is none of that number.
    """
    if which > len(faces) > 0:
        there = "one face" if len(faces) == 1 else f"{len(faces)} faces"
        raise FaceUnknown(f"There is no face number {which}: {photo} shows {there}.")
    if not faces:
        return ()
    meant = from_left(faces)[which - 1] if which > 0 else best_seen(faces)
    return (meant, *(face for face in faces if face is not meant))


def told(cast: Cast) -> tuple[str, ...]:
    """What a user should know of the photos of a cast."""
    everybody = [cast.everyone, *(role.identity for role in cast.roles)]
    notes = []
    for identity in everybody:
        if identity is not None:
            notes += [_left_out(identity)] if identity.left_out else []
            notes += _wrong(identity)
    return tuple(dict.fromkeys(notes))


def _wrong(identity: Identity) -> list[str]:
    """What is wrong with the photos; of several what none of them makes up for, and whose face was taken."""
    first, *others = identity.photos
    if not others:
        return [f"The source photo: {advice.sentence}" for advice in first.advice]
    shared = set.intersection(*({advice.code for advice in photo.advice} for photo in identity.photos))
    return [
        f"Source photo {number}: {advice.sentence}"
        for number, photo in enumerate(identity.photos, start=1)
        for advice in photo.advice
        if advice.code in shared or advice.code == "several"
    ]


def _left_out(identity: Identity) -> str:
    count, all_of_them = identity.left_out, len(identity.photos) + identity.left_out
    rest = "seems to show somebody else and was not used" if count == 1 else (
        "seem to show somebody else and were not used"
    )  # fmt: skip
    return f"{count} of {all_of_them} source photos {rest}."
