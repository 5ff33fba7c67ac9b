"""Meshes of the frames between two that the landmark network has seen, from how their pixels moved.

Between two meshes of a calm face all is known but the head's small movements. These are measured on the pixels (Lucas
and Kanade, *An iterative image registration technique with an application to stereo vision*, 1981; the inverse form of
Baker and Matthews, *Lucas-Kanade 20 years on*, 2004): the face is laid on the mean of both ends by a similarity, its
light by a gain and an offset. What is left then tells whether eyes or lips did something of their own, as in a blink or
a word: such frames are the network's.

Measured on the shared clips, of the frames between every fourth one that pass: eyes, brows and lips lie 0.001 to 0.003
of the face's size (mean) from where the network has them, which is the network's own jitter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.analysis.landmarks import region_from_landmarks, take_luma
from pipeline.models.face_mesh import FACE_OVAL, INNER_LIPS, LEFT_BROW, LEFT_EYE, OUTER_LIPS, RIGHT_BROW, RIGHT_EYE
from pipeline.types import FloatArray, Frame

SIDE = 96
"""Of the patches that are compared: the landmark network's crop, reduced. A face is 64 wide, or high."""
RESHAPED = 0.75
"""Pixels of the patch that a landmark of eyes or mouth may move by in the face from one end to the other."""
STIRRED = 0.18
"""Pixels that an eye or the mouth may seem to have moved by itself."""
ALIKE = 0.7
"""The same for the skin, from one end to the other: more, and somebody should ask whose it is."""
SETTLED, MOST = 0.3, 1.5
"""Pixels of movement after which the frame is looked at once more from there, and that are too many even then."""
NOISE = 1.0
"""Standard deviation in grey levels that is noise in any case."""
FEATURES = (RIGHT_EYE, LEFT_EYE, INNER_LIPS + OUTER_LIPS, RIGHT_BROW + LEFT_BROW)
"""Landmarks of what moves by itself."""
_HALF = np.float32((SIDE - 1) / 2)


@dataclass(frozen=True, eq=False)
class Patch:
    """A face in a frame, looked at as the landmark network would.

    Attributes:
        luma: ``(SIDE, SIDE)`` float32, a little blurred.
        mesh: its landmarks in the frame, ``(478, 3)``.
        points: the same in the patch.
        back: ``(2, 3)`` affine from the patch to the frame.
        scale: pixels of the patch for one of the frame.
    """

    luma: FloatArray
    mesh: FloatArray
    points: FloatArray
    back: FloatArray
    scale: float


def patch_of(frame: Frame, mesh: FloatArray) -> Patch:
    """The patch about a mesh in a frame."""
    region = region_from_landmarks(mesh)
    to_crop, scale = region.to_crop(SIDE), SIDE / region.side
    luma = cv2.GaussianBlur(take_luma(frame, to_crop, SIDE), (3, 3), 0.9).astype(np.float32)
    points = mesh * np.float32(scale)
    points[:, :2] = mesh[:, :2] @ to_crop[:, :2].T + to_crop[:, 2]
    return Patch(luma, mesh, points, np.asarray(cv2.invertAffineTransform(to_crop), np.float32), scale)


class Between:
    """What lies between two meshes of a track.

    Attributes:
        alike: whether both ends show the same face, as far as its skin tells.
        calm: whether eyes and lips are alike enough for what lies between to be interpolated.
    """

    def __init__(self, first: Patch, last: Patch) -> None:
        self._first, self._last = first, last
        change = np.abs(last.points[:, :2] - first.points[:, :2])
        self.calm = all(float(change[list(feature)].max()) < RESHAPED for feature in FEATURES)
        middle = (first.points[:, :2] + last.points[:, :2]) / 2
        oval = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(middle[list(FACE_OVAL)]).astype(np.int32)), 1)
        self._inside = np.flatnonzero(oval)
        self._windows = [_window(np.asarray(middle[list(feature)], np.float32)) for feature in FEATURES]
        for window in self._windows:
            oval[window] = 0
        skin = np.flatnonzero(oval)
        template = cv2.addWeighted(first.luma, 0.5, last.luma, 0.5, 0.0)
        right, down = (cv2.Sobel(template, -1, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        u, v = _places()
        # What a shift, a growth, a turn, a gain and an offset do to the template.
        self._effects = np.stack(
            [right, down, right * u + down * v, down * u - right * v, template - template.mean(), _ones()]
        ).reshape(6, -1)
        slopes = cv2.add(cv2.multiply(right, right), cv2.multiply(down, down))
        self._steepness = [_mean(slopes[window]) for window in self._windows]
        self._inner = self._effects.take(self._inside, 1)
        self._inverse = np.linalg.inv(self._inner @ self._inner.T + 1e-3 * np.eye(6, dtype=np.float32))
        rest = (last.luma - first.luma).ravel()
        left = np.square(rest - self._fit(rest) @ self._effects).take(skin)
        noise = _noise(left)
        self.alike = len(skin) > 0 and _own(left, _mean(slopes.take(skin)), noise) < ALIKE

    def mesh(self, frame: Frame, share: float) -> FloatArray | None:
        """``(478, 3)`` landmarks in a frame, or ``None`` where something moved of which only the network can tell.

        Args:
            share: where the frame lies between the first (0) and the last (1).
        """
        guess, points, template = (
            one + np.float32(share) * (other - one)
            for one, other in (
                (self._first.mesh, self._last.mesh), (self._first.points, self._last.points),
                (self._first.luma, self._last.luma),
            )
        )  # fmt: skip
        u, v = ((points[:, axis] - _HALF) / _HALF for axis in (0, 1))
        for last in (False, True):
            patch = patch_of(frame, guess)
            rest = (patch.luma - template).ravel()
            moved = self._fit(rest)
            # The crop of the guess shows at each place what the template has further on by what was measured.
            placed = points.copy()
            placed[:, 0] -= moved[0] + moved[2] * u - moved[3] * v
            placed[:, 1] -= moved[1] + moved[2] * v + moved[3] * u
            guess = placed * np.float32(1 / patch.scale)
            guess[:, :2] = placed[:, :2] @ patch.back[:, :2].T + patch.back[:, 2]
            way = float(np.hypot(moved[0], moved[1]) + np.hypot(moved[2], moved[3]))
            if way < SETTLED:
                break
            if last and way > MOST:
                return None
        left = np.square(rest - moved @ self._effects)
        noise = _noise(left.take(self._inside))
        square = left.reshape(SIDE, SIDE)
        stirred = any(
            _own(square[part], steepness, noise) > STIRRED
            for part, steepness in zip(self._windows, self._steepness, strict=True)
        )
        return None if stirred else guess

    def _fit(self, rest: FloatArray) -> FloatArray:
        return np.asarray(self._inverse @ (self._inner @ rest.take(self._inside)), np.float32)


def _own(left: FloatArray, steepness: float, noise: float) -> float:
    """Pixels by which something seems to have moved, from the squares of what is left and the mean square of the slopes
    there."""
    return math.sqrt(max(0.0, _mean(left) - noise) / max(steepness, 1.0))


def _mean(values: FloatArray) -> float:
    """A plain sum, to the same bits: numpy's own mean takes three times as long on what is small."""
    return float(values.sum() / np.float32(values.size))


def _noise(left: FloatArray) -> float:
    """Variance of the noise, from squares of which most are nothing else: the median of a normal variable's square is
    0.455 of its variance."""
    middle = len(left) // 2
    return max(float(np.partition(left, middle)[middle]) / 0.455, NOISE**2) if middle else NOISE**2


def _window(points: FloatArray) -> tuple[slice, slice]:
    """Rows and columns of the patch about some of its points."""
    (x0, y0), (x1, y1) = np.clip(np.floor(points.min(0)) - 2, 0, SIDE - 4), np.clip(points.max(0) + 3, 4, SIDE)
    return slice(int(y0), int(y1)), slice(int(x0), int(x1))


@cache
def _places() -> tuple[FloatArray, FloatArray]:
    """Across and down, -1 to 1, of each place in a patch."""
    axis = (np.arange(SIDE, dtype=np.float32) - _HALF) / _HALF
    across, down = np.meshgrid(axis, axis)
    return across, down


@cache
def _ones() -> FloatArray:
    return np.ones((SIDE, SIDE), np.float32)
