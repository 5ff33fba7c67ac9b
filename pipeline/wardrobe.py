"""Who gets which face, and what an engine made of each identity."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from pipeline.engines.base import Engine
from pipeline.options import PaintedMask
from pipeline.policy import EVERYTHING, Policy
from pipeline.types import Face, FloatArray, Frame, Identity

Recognise = Callable[[Frame, Face], FloatArray]


class FaceRole(NamedTuple):
    """A face of a frame, the identity that it gets, and where it stays as it is: a mask over the atlas, or empty."""

    face: Face
    identity: Identity
    painted: PaintedMask = PaintedMask("")


class Wardrobe:
    """What an engine made of each identity, kept as long as the identity itself. Thread-safe.

    Args:
        engine: renders the new faces.
        policy: which faces may be a source, and which may be replaced; all of them by default.
        recognise: the embedding ``(128,)`` of a face in a frame, for faces that come without one.
    """

    def __init__(
        self,
        engine: Engine,
        policy: Policy = EVERYTHING,
        recognise: Recognise | None = None,
    ) -> None:
        self.engine, self._policy, self._recognise = engine, policy, recognise
        self._lock = threading.Lock()
        self._prepared: weakref.WeakKeyDictionary[Identity, Any] = weakref.WeakKeyDictionary()

    def prepared(self, identity: Identity) -> Any:
        """What the engine made of `identity`.

        Raises:
            Refused: the operator does not allow it as a source.
        """
        self._policy.check_source(identity)
        with self._lock:
            if identity not in self._prepared:
                self._prepared[identity] = self.engine.prepare(identity)
            return self._prepared[identity]

    def take(self, identity: Identity, prepared: Any) -> None:
        """Take what an engine of the same kind made of `identity` elsewhere."""
        with self._lock:
            self._prepared[identity] = prepared

    def check(self, frame: Frame, face: Face) -> None:
        """May this face of a frame be replaced?

        Raises:
            Refused: the operator does not allow it.
        """
        if self._policy.looks_at_targets:
            embedding = face.embedding
            if embedding is None and self._recognise is not None and face.points is not None:
                embedding = self._recognise(frame, face)
            self._policy.check_target(embedding)
