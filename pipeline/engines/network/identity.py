"""What a swap network gets to know of the source."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.engines.mesh.atlas import Atlas, build_atlas
from pipeline.engines.network.crop import scale_of, take
from pipeline.models.align import to_crop
from pipeline.models.catalogue import SwapContract
from pipeline.models.library import Library, last_initializer
from pipeline.types import Face, FloatArray, Identity, ImageArray, SourcePhoto

log = logging.getLogger(__name__)

ARCFACE_SIZE = 112
STRANGER = 0.25
"""A photo whose embedding is no nearer than this (cosine) to the one in the middle of all is not used."""
REACH = 0.7
"""How far the ends of the likeness control lie from the source, in parts of the way to the target."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """An identity as a network takes it.

    Attributes:
        embedding: ``(512,)`` float32 raw ArcFace embedding, ``None`` for networks that take a picture.
        source: the input `source`, ``(1, …)`` float32.
        identity: what it was made of.
    """

    embedding: FloatArray | None
    source: FloatArray
    identity: Identity

    @cached_property
    def atlas(self) -> Atlas:
        """What the mesh engine makes of it, for its photos' detail."""
        return build_atlas(self.identity)


class Introducer:
    """Prepares identities for one network. Its own networks are loaded when it is made."""

    def __init__(self, contract: SwapContract, library: Library, network: str) -> None:
        """
        Args:
            network: the swap network's own entry; its file holds the matrix of the path ``"emap"``.

        Raises:
            ModelError, ModelMissing, LicenceNotAccepted: what is needed cannot be had.
        """
        self._contract = contract
        self._recogniser: Any = None if contract.identity == "image" else library.recogniser(contract.recogniser)
        self._converter = library.session(contract.converter) if contract.converter is not None else None
        self._matrix: FloatArray | None = None
        if contract.identity == "emap":
            self._matrix = last_initializer(Path(contract.matrix) if contract.matrix else library.path(network))

    def __call__(self, identity: Identity) -> Prepared:
        if self._recogniser is None:
            return Prepared(None, self._picture(identity), identity)
        embeddings = [self.embedding(photo.image, photo.face) for photo in identity.photos]
        embedding = merged(embeddings, [_worth(photo) for photo in identity.photos])
        return Prepared(embedding, self.latent(embedding), identity)

    def embedding(self, image: ImageArray, face: Face) -> FloatArray:
        """``(512,)`` raw ArcFace embedding of a face with `points`."""
        assert face.points is not None
        return self.embedding_at(image, face.points)

    def embedding_at(self, image: ImageArray, points: FloatArray) -> FloatArray:
        crop = take(image, to_crop(points, "arcface_112_v2", ARCFACE_SIZE), ARCFACE_SIZE)
        return np.asarray(self._recogniser.get_feat(crop), np.float32).reshape(-1)

    def latent(self, embedding: FloatArray) -> FloatArray:
        """The network's `source` for a raw embedding: ``(1, n)`` float32."""
        if self._converter is not None:
            name = next(iter(self._converter.inputs))
            latent = self._converter(**{name: embedding[None]})[0].reshape(1, -1)
        elif self._matrix is not None:
            latent = _unit(embedding)[None] @ self._matrix
        else:
            latent = embedding[None]
        return _unit(latent) if self._contract.unit else np.asarray(latent, np.float32)

    def towards(self, source: FloatArray, target: FloatArray, resemblance: float) -> FloatArray:
        """An embedding between the target's and beyond the source's.

        Args:
            source, target: raw embeddings.
            resemblance: 0.5 is the source; below, the target's is mixed in; above, what sets the source apart from the
                target is carried further.
        """
        away = (0.5 - resemblance) * 2 * REACH
        size = float(np.linalg.norm(source))
        mixed = _unit(source) * (1 - away) + _unit(target) * away
        return _unit(mixed) * np.float32(size)

    def _picture(self, identity: Identity) -> FloatArray:
        """The clearest photo, aligned as the network wants it, RGB in 0..1."""
        photo = max(identity.photos, key=_worth)
        assert photo.face.points is not None
        size = self._contract.source_size
        crop = take(photo.image, to_crop(photo.face.points, self._contract.source_template, size), size)
        return np.ascontiguousarray(crop[None, ..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def merged(embeddings: list[FloatArray], weights: list[float]) -> FloatArray:
    """One raw embedding for several photos of a person.

    Photos that seem to show somebody else than the one most like all others are left out; the rest are averaged.

    Args:
        embeddings: ``(512,)`` raw ones.
        weights: how much each photo is worth.
    """
    units = np.stack([_unit(embedding) for embedding in embeddings])
    likeness = units @ units.T
    middle = int(likeness.sum(1).argmax())
    # Of two photos neither is the odd one out.
    kept = np.flatnonzero(likeness[middle] > STRANGER) if len(units) > 2 else np.arange(len(units))
    if len(kept) < len(units):
        log.warning("%d of %d photos seem to show somebody else and are not used", len(units) - len(kept), len(units))
    share = np.asarray(weights, np.float32)[kept]
    size = float(np.mean([np.linalg.norm(embeddings[place]) for place in kept]))
    return _unit((units[kept] * share[:, None]).sum(0)) * np.float32(size)


def _worth(photo: SourcePhoto) -> float:
    """More for a face that is seen from the front and large enough for the recogniser's crop."""
    face = photo.face
    assert face.points is not None
    detail = min(1.0, 1 / scale_of(to_crop(face.points, "arcface_112_v2", ARCFACE_SIZE)))
    frontal = 1.0
    if face.pose is not None:
        forward = face.pose[:3, 2] / (np.linalg.norm(face.pose[:3, 2]) + 1e-9)
        frontal = max(float(forward[2]), 0.1)
    return max(detail * frontal * face.score, 1e-3)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / (np.linalg.norm(vector, axis=-1, keepdims=True) + 1e-12), np.float32)
