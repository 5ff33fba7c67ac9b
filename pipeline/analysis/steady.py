"""Landmarks held fast to the skin: what they move more or less than the skin in the picture does is noise.

The network finds each frame's mesh anew, a fifth of a pixel here or there. On smooth skin nobody sees that; wrinkles,
pores and beards of a new face swim by it. Where skin goes from one frame to the next can be measured ten times as well
on the picture itself (Lucas & Kanade 1981, pyramidal as in Bouguet 2000). Followed over many frames it would drift, so
it is only used to tell each frame's own error from the mean error of the frames around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.face_mesh import FACE_OVAL, INNER_LIPS, LEFT_EYE, OUTER_LIPS, RIGHT_EYE, VERTICES, face_mesh
from pipeline.types import Box, FloatArray, Frame, ImageArray

WIDE = 110.0
"""Skin is followed in a picture whose face is at least so many pixels wide, and less than twice as many."""
ROOM = 12
"""Pixels of that picture around the face."""
CLEAR = 0.9
"""Skin that is followed is so far from eyes, lips and outline, in centimetres of the canonical face."""
NEAR = 1.6
"""Blur radius (sigma) in centimetres, within which skin moves alike, beyond what the whole face does."""
FEWEST = 12
"""Points of the skin that have to be seen in both frames."""
ASTRAY = 0.3
"""A point followed there and back may be so many pixels off."""
MOST = 0.012
"""No landmark is moved farther than this, in widths of the face."""
_WINDOW = (11, 11)
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 8, 0.02)


@dataclass(frozen=True, eq=False)
class Sight:
    """A face in one frame, small and grey.

    Attributes:
        grey: ``(h, w)`` uint8.
        points: ``(468, 2)`` float32 pixels of it.
        step: pixels of the frame for each of its own, a whole number.
    """

    grey: ImageArray
    points: FloatArray
    step: int


@dataclass(eq=False)
class Steady:
    """What is known of one track's skin: by position of the frame.

    Attributes:
        sights: the face.
        meshes: ``(478, 3)`` the landmarks that came with it.
        slips: how much farther they went than the skin since the frame before, see `slip`.
    """

    sights: dict[int, Sight] = field(default_factory=dict)
    meshes: dict[int, FloatArray] = field(default_factory=dict)
    slips: dict[int, FloatArray] = field(default_factory=dict)

    def see(self, position: int, frame: Frame, landmarks: FloatArray) -> None:
        """Take the face of one more frame, in order. `landmarks` ``(478, 3)`` pixels of the frame."""
        now, before = sight(frame, landmarks), self.sights.get(position - 1)
        self.sights[position], self.meshes[position] = now, landmarks
        if before is not None:
            self.slips[position] = slip(before, now)

    def held(self, position: int, reach: int) -> FloatArray:
        """The landmarks of a frame that was seen, their error brought to the mean of the frames up to `reach` away."""
        landmarks = self.meshes[position]
        first = last = position
        while position - first < reach and first in self.slips:
            first -= 1
        while last - position < reach and last + 1 in self.slips:
            last += 1
        if first == last:
            return landmarks
        slipped = np.zeros((last - first + 1, VERTICES, 2))
        for row, (before, after) in enumerate(pairwise(slipped), first + 1):
            np.add(before, self.slips[row], out=after)
        away = slipped[position - first] - slipped.sum(0) / len(slipped)
        most = MOST * float(np.ptp(landmarks[:VERTICES, 0]))
        away /= np.maximum(1, np.hypot(away[:, 0], away[:, 1]) / most)[:, None]
        result = landmarks.copy()
        result[:VERTICES, :2] -= away
        for iris, lids in ((slice(468, 473), RIGHT_EYE), (slice(473, 478), LEFT_EYE)):
            result[iris, :2] -= away.take(lids, 0).sum(0) / len(lids)
        return result

    def forget_before(self, position: int) -> None:
        for known in (self.sights, self.meshes, self.slips):
            for old in [p for p in known if p < position]:
                del known[old]

    def clear(self) -> None:
        """Forget everything: the track has become another face's."""
        self.sights.clear()
        self.meshes.clear()
        self.slips.clear()


def sight(frame: Frame, landmarks: FloatArray) -> Sight:
    """The face with these ``(478, 3)`` landmarks in `frame`."""
    low, high = landmarks[:VERTICES, :2].min(0), landmarks[:VERTICES, :2].max(0)
    step = max(1, int((high - low).max() / WIDE))
    room = ROOM * step
    box = Box(float(low[0]) - room, float(low[1]) - room, float(high[0]) + room, float(high[1]) + room)
    luma, corner = frame.luma_region(box)
    height, width = luma.shape[0] // step, luma.shape[1] // step
    if min(height, width) < 2 * ROOM:
        return Sight(np.zeros((1, 1), np.uint8), np.zeros((VERTICES, 2), np.float32), step)
    grey = luma[: height * step, : width * step]
    if step > 1:
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    points = (landmarks[:VERTICES, :2] - np.array(corner, np.float32) + np.float32(0.5)) / step - np.float32(0.5)
    return Sight(np.asarray(grey, np.uint8), points.astype(np.float32), step)


def slip(before: Sight, now: Sight) -> FloatArray:
    """``(468, 2)`` float32 pixels of the frame: how much farther each landmark went than the skin it lies on."""
    nothing = np.zeros((VERTICES, 2), np.float32)
    chosen = _skin()
    if before.step != now.step or min(*before.grey.shape, *now.grey.shape) < 2 * ROOM:
        return nothing
    start, guess = before.points[chosen], now.points[chosen]
    found, seen = followed(before.grey, now.grey, start, guess)
    back, again = followed(now.grey, before.grey, found, start)
    # What does not lead back to where it came from was lost on the way.
    sure = seen & again & (np.hypot(*(back - start).T) < ASTRAY)
    if np.count_nonzero(sure) < FEWEST:
        return nothing
    return (-now.step * _everywhere(found - guess, sure, now.points)).astype(np.float32)


def followed(
    one: ImageArray, other: ImageArray, points: FloatArray, guess: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Where ``(n, 2)`` points of one picture lie in the other, near a guess, and which of them were found."""
    height, width = np.maximum(one.shape, other.shape)
    one, other = (
        cv2.copyMakeBorder(grey, 0, int(height) - grey.shape[0], 0, int(width) - grey.shape[1], cv2.BORDER_REPLICATE)
        for grey in (one, other)
    )
    found, seen, _ = cv2.calcOpticalFlowPyrLK(
        one, other, points[:, None], guess[:, None].copy(), winSize=_WINDOW, maxLevel=1, criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    return np.asarray(found[:, 0], np.float32), np.asarray(seen[:, 0] > 0)


def _everywhere(moves: FloatArray, sure: NDArray[np.bool_], points: FloatArray) -> NDArray[np.float64]:
    """``(468, 2)``: the moves measured at the chosen skin, for all vertices: an affine map, fitted robustly
    (Geman-McClure weights), and what is left of them nearby."""
    basis = np.ones((VERTICES, 3))
    width = float(points[:, 0].max() - points[:, 0].min())
    # Plain sums, here and above: numpy's mean takes three times as long on so few.
    basis[:, 1:] = (points - points.sum(0) / np.float32(VERTICES)) / max(width, 1.0)
    own, weight = basis[_skin()], sure.astype(np.float64)
    ridge, middle = 1e-3 * np.eye(3), np.count_nonzero(sure) // 2
    for _ in range(4):
        weighted = own.T * weight
        _, whole = cv2.solve(weighted @ own + ridge, weighted @ moves, flags=cv2.DECOMP_CHOLESKY)
        left = moves - own @ whole
        length = np.hypot(left[:, 0], left[:, 1])
        typical = np.partition(length[sure], middle)[middle]
        weight = sure / (1 + np.square(length / (2 * typical + 0.02)))
    moved = _near() @ np.column_stack([np.clip(left, -1, 1) * weight[:, None], weight])
    return np.asarray(basis @ whole + moved[:, :2] / (moved[:, 2:] + 0.5))


@cache
def _skin() -> NDArray[np.intp]:
    """Every fourth vertex of skin that expression hardly moves and nothing covers."""
    places = face_mesh().vertices
    moving = places[list(RIGHT_EYE + LEFT_EYE + INNER_LIPS + OUTER_LIPS + FACE_OVAL)]
    distance = np.linalg.norm(places[:, None] - moving[None], axis=2).min(1)
    return np.flatnonzero(distance > CLEAR)[::4]


@cache
def _near() -> NDArray[np.float64]:
    """``(468, n)``: how much each vertex moves along with each of the chosen ones."""
    places = face_mesh().vertices
    distance = np.linalg.norm(places[:, None] - places[_skin()][None], axis=2)
    return np.asarray(np.exp(-0.5 * (distance / NEAR) ** 2), np.float64)
