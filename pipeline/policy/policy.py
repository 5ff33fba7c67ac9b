"""The operator's decisions about who and what may be recast, and the checks that every job goes through.

Sources are checked when an engine is first asked for them, target faces just before they are changed: in the one
function that changes a frame, which pictures, videos, previews and live views share.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import IdentityRefused, OptionError
from pipeline.policy.gate import ContentGate
from pipeline.policy.identities import NAME, Listed, Listings
from pipeline.types import FloatArray, Identity, ImageArray

_SOURCES, _GATE = "RECAST_SOURCES", "RECAST_GATE"
_ANY, _LISTED = "any", "listed"
BLOCKED = 0.363
"""Cosine from which on a face is one on the block-list: what SFace's authors give for two pictures of one person."""
ALLOWED = 0.45
"""Likewise for those who alone may be a source, where a mistake is on the other side."""


class Policy:
    """What is allowed. Everything is, where the operator has set nothing.

    Args:
        listings: faces that are refused, or alone allowed.
        only_listed: only faces listed as allowed may be a source.
        gates: classifiers that every photo, picture and video has to pass.
    """

    def __init__(
        self, listings: Listings | None = None, only_listed: bool = False, gates: tuple[ContentGate, ...] = ()
    ) -> None:
        self._listings, self._only_listed, self._gates = listings, only_listed, gates
        self._lock = threading.Lock()
        self._passed: weakref.WeakSet[Identity] = weakref.WeakSet()

    @classmethod
    def from_environment(
        cls, folder: Path, secret: Callable[[], bytes], environment: Mapping[str, str] = os.environ
    ) -> Policy:
        """``RECAST_SOURCES`` is ``any`` or ``listed``; ``RECAST_GATE`` names entries of content gates, separated like
        the folders of PATH; the list of identities lies in `folder`.

        Raises:
            OptionError: the first is something else.
        """
        wanted = environment.get(_SOURCES, "").strip().lower() or _ANY
        if wanted not in (_ANY, _LISTED):
            raise OptionError(f"{_SOURCES} has to be {_ANY} or {_LISTED}.")
        gates = [part for part in environment.get(_GATE, "").split(os.pathsep) if part.strip()]
        return cls(Listings(folder / NAME, secret), wanted == _LISTED, tuple(ContentGate(Path(part)) for part in gates))

    @property
    def looks_at_content(self) -> bool:
        """Whether `check_content` may turn anything down."""
        return bool(self._gates)

    @property
    def looks_at_targets(self) -> bool:
        """Whether `check_target` may turn anything down."""
        return any(one.listing == "blocked" for one in self._listed())

    def check_source(self, identity: Identity) -> None:
        """
        Raises:
            IdentityRefused: a photo shows somebody who may not be a source.
            ContentRefused: a photo may not be used.
            PolicyUnusable: it cannot be told.
        """
        listed = self._listed()
        shown = [photo.face.embedding for photo in identity.photos]
        for embedding in (identity.embedding, *shown):
            # Where there is somebody to compare with, a face that cannot be compared is not allowed.
            if embedding is None:
                if listed or self._only_listed:
                    raise IdentityRefused("The face in a photo cannot be compared with the operator's list.")
                continue
            if self._blocked(embedding):
                raise IdentityRefused("The operator of this server does not allow the face in the photo as a source.")
            if self._only_listed and not any(
                one.likeness(embedding) >= ALLOWED for one in listed if one.listing == "allowed"
            ):
                raise IdentityRefused(
                    "Only faces that the operator of this server has listed may be a source; the one in the photo is "
                    "not among them."
                )
        with self._lock:
            passed = identity in self._passed
        if self._gates and not passed:
            for photo in identity.photos:
                self.check_content(photo.image)
            with self._lock:
                self._passed.add(identity)

    def check_target(self, embedding: FloatArray | None) -> None:
        """May the face with this embedding (``(128,)``, L2-normalised) be replaced?

        Raises:
            IdentityRefused: no.
            PolicyUnusable: it cannot be told.
        """
        if embedding is None:
            if self.looks_at_targets:
                raise IdentityRefused("A face in the target cannot be compared with the operator's list.")
        elif self._blocked(embedding):
            raise IdentityRefused("The operator of this server does not allow a face in the target to be replaced.")

    def check_content(self, image: ImageArray) -> None:
        """May a ``(height, width, 3)`` uint8 BGR photo or frame be worked on?

        Raises:
            ContentRefused: no.
            PolicyUnusable: it cannot be told.
        """
        for gate in self._gates:
            gate.check(image)

    def _blocked(self, embedding: FloatArray) -> bool:
        return any(one.likeness(embedding) >= BLOCKED for one in self._listed() if one.listing == "blocked")

    def _listed(self) -> tuple[Listed, ...]:
        return self._listings.all() if self._listings is not None else ()


EVERYTHING = Policy()
"""Allows all; for engines and frames that are tried by themselves."""
