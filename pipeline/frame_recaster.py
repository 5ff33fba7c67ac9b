"""The one function that changes a frame. Preview, picture, video and live view all call it."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.compositor import composite, composite_lit
from pipeline.engines.base import Engine
from pipeline.fading import faded, shown
from pipeline.mesh import FaceView
from pipeline.mesh.skin import read_skin
from pipeline.options import Options, PaintedMask
from pipeline.policy import EVERYTHING, Policy
from pipeline.types import Box, Crop, Face, FloatArray, Frame, Identity, ImageArray

SMALLEST = 12.0
"""Faces whose crop is narrower than this many pixels are left alone: there is nothing to see."""
CHROMA = 4
"""Pixels of the widest chroma samples that there are."""


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
        recognise: Callable[[Frame, Face], FloatArray] | None = None,
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


def recast_frame(frame: Frame, roles: Sequence[FaceRole], wardrobe: Wardrobe, options: Options) -> int:
    """Give each face its new identity, in `frame` itself, and return how many were changed.

    Outside the faces' own regions the frame keeps its exact values. Farther (smaller) faces are done first, so that
    nearer ones end up in front. What is painted on a face is its role's; `Options.exclude` is what roles are made of.

    Raises:
        Refused: the operator does not allow one of them as a source, or to be replaced; nothing was changed.
    """
    for role in roles:
        wardrobe.check(frame, role.face)
    changed = 0
    waiting: list[_Place] = []
    for role in sorted(roles, key=lambda role: role.face.box.area):
        face = role.face
        if face.landmarks is None or face.pose is None or face.points is None or shown(face, options) <= 0.0:
            continue
        place = _Place(role, wardrobe.prepared(role.identity), wardrobe.engine, options)
        # Together, only those that see nothing of what another one of them changes: that is what one by one would give.
        if len(waiting) == wardrobe.engine.together or any(place.sees(other) for other in waiting):
            changed += _recast_faces(frame, waiting, wardrobe.engine, options)
            waiting = []
        waiting.append(place)
    return changed + _recast_faces(frame, waiting, wardrobe.engine, options)


class _Place:
    """A face that is to be changed: what its engine looks at, and what it changes."""

    def __init__(self, role: FaceRole, prepared: Any, engine: Engine, options: Options) -> None:
        self.face, self.painted, self.prepared = role.face, role.painted, prepared
        self.area, self.shown = engine.area(role.face, options), engine.shown(role.face, options)

    def sees(self, other: _Place) -> bool:
        """Whether it looks at anything that `other` changes; regions are grown to whole chroma samples."""
        mine, theirs, room = self.area, other.shown, 2 * CHROMA
        return (
            mine.x0 - room < theirs.x1 and theirs.x0 < mine.x1 + room
            and mine.y0 - room < theirs.y1 and theirs.y0 < mine.y1 + room
        )  # fmt: skip


def _recast_faces(frame: Frame, places: Sequence[_Place], engine: Engine, options: Options) -> int:
    seen, views = [], []
    for place in places:
        around, corner = frame.region(place.area)
        rows, columns = _part(place.shown, corner, around.shape)
        if min(around[rows, columns].shape[:2]) >= SMALLEST:
            crop = _crop(place.face, around, corner, rows, columns)
            seen.append(place)
            views.append((FaceView(crop, engine.placed(crop, place.prepared, options)), place.prepared))
    if not views:
        return 0
    for place, (view, _), rendering in zip(seen, views, engine.render(views, options), strict=True):
        skin = read_skin(view.unfolded, view.facing)
        compose = composite if rendering.tone is not None else composite_lit
        x, y = (-round(float(shift)) for shift in view.crop.matrix[:, 2])
        before, after = view.crop.image, compose(rendering, view, skin, options, place.painted)
        face = place.face
        after = faded(before, after, shown(face, options), options.edge_softness, face.box.width)
        frame.change((x, y), before, after)
    return len(views)


def _part(box: Box, corner: tuple[int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a region that cover `box`, on whole chroma samples of any format.

    Args:
        box: in the frame.
        corner: the region's top-left in the frame.
        shape: the region's.
    """
    sides = []
    for low, high, begin, length in ((box.y0, box.y1, corner[1], shape[0]), (box.x0, box.x1, corner[0], shape[1])):
        first = max(0, math.floor(low) // CHROMA * CHROMA - begin)
        last = min(length, -(-math.ceil(high) // CHROMA) * CHROMA - begin)
        sides.append(slice(min(first, length), max(last, min(first, length))))
    return sides[0], sides[1]


def _crop(face: Face, around: ImageArray, corner: tuple[int, int], rows: slice, columns: slice) -> Crop:
    """The crop of a face: part of a region `around` it, whose top-left is at `corner` of the frame."""
    assert face.landmarks is not None and face.pose is not None and face.points is not None
    x, y = corner[0] + columns.start, corner[1] + rows.start
    shift = np.array([x, y, 0], np.float32)
    moved = face.pose.copy()
    moved[:3, 3] -= shift
    matrix = np.array([[1, 0, -x], [0, 1, -y]], np.float32)
    points = face.points - shift[:2]
    return Crop(
        around[rows, columns], face.landmarks - shift, matrix, moved, points, around, (columns.start, rows.start)
    )
