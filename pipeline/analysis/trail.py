"""What is remembered of one track, and which detection or embedding belongs to which."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.analysis.between import Patch
from pipeline.analysis.embed import normalised
from pipeline.analysis.landmarks import Region, region_from_landmarks
from pipeline.analysis.smooth import Shaped, shaped
from pipeline.analysis.steady import Steady
from pipeline.types import Box, Face, FloatArray

NEAR = 0.35
"""Five points of a detection and of a mesh that differ less than this, in face sizes, are one face's."""

SLID = 0.4
"""A face of a track is another's when it agrees with the other's embedding at least so much ..."""

SLID_BY = 0.15
"""... and by so much more than with its own."""


@dataclass(eq=False)
class Trail:
    """One track: its meshes in the frames that are still of interest, and who it shows.

    Attributes:
        number: id of the track.
        faces: by position of the frame (a count of pushed frames, not `Frame.index`).
        last: position of the newest mesh.
        checked: position of the newest mesh whose embedding agreed with the track.
        alive: whether it is followed; a trail that is not may be taken up again when the same face comes back.
        steady: whether its skin has looked the same from mesh to mesh since it was checked.
        calm: leaps one after the other in which every frame was told from its neighbours.
        wary: position up to which every frame has to be looked at.
        between: positions of frames whose mesh is not the network's own.
        led: newest frames, one after the other, to which it was led without the network.
        patch: its face in the last frame that was looked at, to compare the next one with.
        apart: area of its face when that was last seen apart from others.
        skin: what is known of how its skin moves.
    """

    number: int
    last: int
    checked: int
    faces: dict[int, Face] = field(default_factory=dict)
    alive: bool = True
    steady: bool = False
    calm: int = 0
    wary: int = -1
    between: set[int] = field(default_factory=set)
    led: int = 0
    apart: float | None = None
    patch: Patch | None = None
    skin: Steady = field(default_factory=Steady)
    _shaped: dict[int, Shaped] = field(default_factory=dict)
    _sum: FloatArray = field(default_factory=lambda: np.zeros(128, np.float32))
    seen: int = 0

    @property
    def embedding(self) -> FloatArray:
        """``(128,)`` mean of the embeddings so far, L2-normalised."""
        return normalised(self._sum)

    def learn(self, embedding: FloatArray, position: int) -> None:
        """Count one more embedding as this track's."""
        self._sum = self._sum + embedding
        self.seen += 1
        self.trust(position)

    def trust(self, position: int) -> None:
        """Whose face it is was looked at, and it is the track's."""
        self.checked, self.steady = max(self.checked, position), True

    def agrees(self, embedding: FloatArray) -> float:
        """Cosine of `embedding` with the track's, -1 to 1."""
        return float(self.embedding @ embedding)

    def region(self, position: int, step: int = 1) -> Region:
        """Where the face of frame `position` should be, from the frame before (`step` 1) or after (-1).

        The head is taken to go on moving as it did, so that a fast one stays inside its crop.
        """
        face = self.faces[position - step]
        assert face.landmarks is not None
        region = region_from_landmarks(face.landmarks)
        before = self.faces.get(position - 2 * step)
        return region if before is None else moving_region(region, face, before)

    def ahead(self, position: int) -> Region:
        """Where the face of a frame some way after the last one should be."""
        face = self.faces[self.last]
        assert face.landmarks is not None
        region, before = region_from_landmarks(face.landmarks), self.faces.get(self.last - 1)
        return region if before is None else moving_region(region, face, before, position - self.last)

    def motion(self, position: int) -> tuple[float, float]:
        """Pixels a frame that its face moves across and down in a frame, from those beside it."""
        first, last = (p if p in self.faces else position for p in (position - 1, position + 1))
        if first == last:
            return 0.0, 0.0
        (from_x, from_y), (x, y) = self.faces[first].box.centre, self.faces[last].box.centre
        return (x - from_x) / (last - first), (y - from_y) / (last - first)

    def taken_apart(self, position: int) -> Shaped:
        """The mesh of a frame, taken apart once."""
        face, known = self.faces[position], self._shaped.get(position)
        if known is None or known.landmarks is not face.landmarks:
            assert face.landmarks is not None and face.pose is not None
            known = self._shaped[position] = shaped(face.landmarks, face.pose)
        return known

    def forget_before(self, position: int) -> None:
        """Drop meshes older than `position`, all but the newest."""
        for old in [p for p in self.faces if p < position and p != self.last]:
            del self.faces[old]
        self.between.intersection_update(self.faces)
        for old in [p for p in self._shaped if p < position]:
            del self._shaped[old]
        self.skin.forget_before(position)


def moving_region(region: Region, face: Face, before: Face, times: int = 1) -> Region:
    """`region` of `face`, moved on so many times as far as the face moved since it was seen as `before`."""
    (x, y), (from_x, from_y) = face.box.centre, before.box.centre
    reach = 0.25 * region.side
    dx, dy = (float(np.clip(times * d, -reach, reach)) for d in (x - from_x, y - from_y))
    return Region(region.x + dx, region.y + dy, region.side, region.angle)


def unmatched(detections: Iterable[Face], faces: Sequence[Face]) -> list[Face]:
    """Those of `detections` that are none of `faces`; each face accounts for one detection at most."""
    detections = list(detections)
    pairs = sorted(
        (points_distance(detection, face), i, j)
        for i, detection in enumerate(detections)
        for j, face in enumerate(faces)
    )
    taken_i: set[int] = set()
    taken_j: set[int] = set()
    for distance, i, j in pairs:
        if distance < NEAR and i not in taken_i and j not in taken_j:
            taken_i.add(i)
            taken_j.add(j)
    return [detection for i, detection in enumerate(detections) if i not in taken_i]


def points_distance(one: Face, other: Face) -> float:
    """Mean distance of the five points of two faces, in sizes (root of the box's area) of the smaller one."""
    assert one.points is not None and other.points is not None
    size = math.sqrt(max(1.0, min(one.box.area, other.box.area)))
    return float(np.linalg.norm(one.points - other.points, axis=1).mean()) / size


def apart(one: Box, other: Box) -> float:
    """Distance of the centres of two boxes in widths of the smaller one."""
    (ax, ay), (bx, by) = one.centre, other.centre
    return math.hypot(ax - bx, ay - by) / max(1.0, min(one.width, other.width))
