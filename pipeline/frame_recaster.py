"""The one function that changes a frame. Preview, picture, video and live view all call it."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.compositor import composite, composite_lit
from pipeline.engines.base import Engine
from pipeline.mesh import FaceView
from pipeline.mesh.skin import read_skin
from pipeline.policy import EVERYTHING, Policy
from pipeline.types import Box, Crop, Face, FloatArray, Frame, Identity, ImageArray, Options

SMALLEST = 12.0
"""Faces whose crop is narrower than this many pixels are left alone: there is nothing to see."""
CHROMA = 4
"""Pixels of the widest chroma samples that there are."""


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


def recast_frame(frame: Frame, roles: Sequence[tuple[Face, Identity]], wardrobe: Wardrobe, options: Options) -> int:
    """Give each face its new identity, in `frame` itself, and return how many were changed.

    Outside the faces' own regions the frame keeps its exact values. Farther (smaller) faces are done first, so that
    nearer ones end up in front.

    Raises:
        Refused: the operator does not allow one of them as a source, or to be replaced; nothing was changed.
    """
    changed = 0
    for face, _ in roles:
        wardrobe.check(frame, face)
    for face, identity in sorted(roles, key=lambda role: role[0].box.area):
        changed += _recast_face(frame, face, wardrobe.engine, wardrobe.prepared(identity), options)
    return changed


def _recast_face(frame: Frame, face: Face, engine: Engine, prepared: Any, options: Options) -> bool:
    if face.landmarks is None or face.pose is None or face.points is None:
        return False
    around, corner = frame.region(engine.area(face, options))
    rows, columns = _part(engine.shown(face, options), corner, around.shape)
    before = around[rows, columns]
    if min(before.shape[:2]) < SMALLEST:
        return False
    origin = (corner[0] + columns.start, corner[1] + rows.start)
    crop = _crop(before, origin, face.landmarks, face.pose, face.points, around, (columns.start, rows.start))
    view = FaceView(crop, engine.placed(crop, prepared, options))
    skin = read_skin(view.unfolded, view.facing)
    rendering = engine.render(view, prepared, options)
    compose = composite if rendering.tone is not None else composite_lit
    frame.change(origin, before, compose(rendering, view, skin, options))
    return True


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


def _crop(
    image: ImageArray,
    origin: tuple[int, int],
    landmarks: FloatArray,
    pose: FloatArray,
    points: FloatArray,
    around: ImageArray,
    inset: tuple[int, int],
) -> Crop:
    shift = np.array([*origin, 0], np.float32)
    moved = pose.copy()
    moved[:3, 3] -= shift
    matrix = np.array([[1, 0, -origin[0]], [0, 1, -origin[1]]], np.float32)
    return Crop(image, landmarks - shift, matrix, moved, points - shift[:2], around, inset)
