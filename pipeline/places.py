"""Where in a frame a face is changed, and the view of it there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.engines.base import Engine
from pipeline.fading import shown
from pipeline.mesh import FaceView
from pipeline.options import Options
from pipeline.types import Box, Crop, Face, Frame, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe

SMALLEST = 12.0
"""Faces whose crop is narrower than this many pixels are left alone: there is nothing to see."""
CHROMA = 4
"""Pixels of the widest chroma samples that there are."""


class Place:
    """A face that is to be changed: what its engine looks at, what it changes, and faces that are in front of it."""

    def __init__(
        self, role: FaceRole, prepared: Any, engine: Engine, options: Options, nearer: Sequence[Face] = ()
    ) -> None:
        self.face, self.painted, self.prepared, self.nearer = role.face, role.painted, prepared, nearer
        self._engine, self._options = engine, options
        self.area, self.shown = engine.area(role.face, options), engine.shown(role.face, options)

    def sees(self, other: Place) -> bool:
        """Whether it looks at anything that `other` changes; regions are grown to whole chroma samples."""
        mine, theirs, room = self.area, other.shown, 2 * CHROMA
        return (
            mine.x0 - room < theirs.x1 and theirs.x0 < mine.x1 + room
            and mine.y0 - room < theirs.y1 and theirs.y0 < mine.y1 + room
        )  # fmt: skip

    def view(self, frame: Frame) -> FaceView | None:
        """How the face is seen, ``None`` where there is nothing to see."""
        around, corner = frame.region(self.area)
        rows, columns = _part(self.shown, corner, around.shape)
        if min(around[rows, columns].shape[:2]) < SMALLEST:
            return None
        crop = _crop(self.face, around, corner, rows, columns)
        return FaceView(crop, self._engine.placed(crop, self.prepared, self._options))


def places(roles: Sequence[FaceRole], wardrobe: Wardrobe, options: Options) -> list[Place]:
    """Of those faces that are changed; farther (smaller) ones first.

    Raises:
        Refused: the operator does not allow one of them as a source.
    """
    changed = [
        role
        for role in sorted(roles, key=lambda role: role.face.nearness)
        if role.face.landmarks is not None and role.face.pose is not None and role.face.points is not None
        and shown(role.face, options) > 0.0
    ]  # fmt: skip
    return [
        Place(
            role, wardrobe.prepared(role.identity), wardrobe.engine, options,
            [other.face for other in changed[index + 1 :] if role.face.box.iou(other.face.box) > 0],
        )
        for index, role in enumerate(changed)
    ]  # fmt: skip


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
        around[rows, columns],
        face.landmarks - shift,
        matrix,
        moved,
        points,
        around,
        (columns.start, rows.start),
        face.form,
        face.motion,
    )
