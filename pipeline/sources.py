"""Several photos of one person: which of them belong together, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.types import Cast, FloatArray, Identity

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


def told(cast: Cast) -> tuple[str, ...]:
    """What a user should know of the photos of a cast."""
    everybody = [cast.everyone, *(role.identity for role in cast.roles)]
    notes = [_left_out(identity) for identity in everybody if identity is not None and identity.left_out]
    return tuple(dict.fromkeys(notes))


def _left_out(identity: Identity) -> str:
    count, all_of_them = identity.left_out, len(identity.photos) + identity.left_out
    rest = "seems to show somebody else and was not used" if count == 1 else (
        "seem to show somebody else and were not used"
    )  # fmt: skip
    return f"{count} of {all_of_them} source photos {rest}."
