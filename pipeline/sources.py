"""Source photos: whose face in them is meant, which of them belong together, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.analysis import FaceFinder, advise, best_seen, from_left
from pipeline.errors import FROM_THE_FRONT, FaceUnknown, InputError, NoFaceInSource
from pipeline.media import Picture, read_photo
from pipeline.types import Advice, Cast, Face, FloatArray, Identity, ImageArray, MediaLimits, SourcePhoto

STRANGER = 0.25
"""A photo whose embedding is no nearer than this (cosine) to the one in the middle of all is not used. SFace's authors
take two pictures for one person from 0.363 on; a photo from the side may be less like the others."""

MIXED = "The two source photos seem to show different people. The new face is made of both."


def identified(
    finder: FaceFinder, limits: MediaLimits, sources: Sequence[Path | ImageArray], which: Sequence[int]
) -> Identity:
    """See `Recaster.identify`, which also asks the operator."""
    if not sources:
        raise InputError("No source photo was given.")
    photos = []
    for number, source in enumerate(sources, start=1):
        picture = Picture(source) if isinstance(source, np.ndarray) else read_photo(source, limits)
        name = "the source photo" if len(sources) == 1 else f"source photo {number}"
        chosen = which[number - 1] if number <= len(which) else 0
        faces = meant_first(finder.faces(picture), chosen, name)
        if not faces:
            raise NoFaceInSource(f"No face was found in {name}. {FROM_THE_FRONT}")
        image = picture.image()
        photos.append(SourcePhoto(image, faces[0], advise(image, faces, chosen=chosen > 0)))
    kept = [photos[place] for place in belonging([photo.face.embedding for photo in photos])]
    embeddings = [photo.face.embedding for photo in kept if photo.face.embedding is not None]
    mean = np.mean(embeddings, axis=0)
    unit = (mean / (np.linalg.norm(mean) + 1e-9)).astype(np.float32)
    return Identity(tuple(kept), unit, len(photos) - len(kept))


def examined(
    finder: FaceFinder, limits: MediaLimits, source: Path, which: int
) -> tuple[ImageArray, tuple[Face, ...], tuple[Advice, ...]]:
    """See `Recaster.examine`."""
    picture = read_photo(source, limits)
    faces = meant_first(finder.faces(picture), which, "the photo")
    return picture.image(), faces, advise(picture.image(), faces, chosen=which > 0)


def every_face(finder: FaceFinder, limits: MediaLimits, source: Path) -> tuple[SourcePhoto, ...]:
    """See `Recaster.faces_in`."""
    picture = read_photo(source, limits)
    faces = finder.faces(picture)
    if not faces:
        raise NoFaceInSource(f"No face was found in {source.name}. {FROM_THE_FRONT}")
    return tuple(SourcePhoto(picture.image(), face) for face in faces)


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
    notes = [note for identity in _everybody(cast) for note in (*_doubts(identity), *_wrong(identity))]
    return tuple(dict.fromkeys(notes))


def doubts(cast: Cast) -> tuple[str, ...]:
    """Of `told` what no photo shows by itself: whether those of one face are of one person."""
    return tuple(dict.fromkeys(note for identity in _everybody(cast) for note in _doubts(identity)))


def _everybody(cast: Cast) -> list[Identity]:
    identities = [cast.everyone, *(role.identity for role in cast.roles)]
    return [identity for identity in identities if identity is not None]


def _doubts(identity: Identity) -> list[str]:
    if identity.left_out:
        return [_left_out(identity)]
    embeddings = [photo.face.embedding for photo in identity.photos]
    if len(embeddings) != 2 or embeddings[0] is None or embeddings[1] is None:
        return []
    return [MIXED] if float(embeddings[0] @ embeddings[1]) <= STRANGER else []


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
