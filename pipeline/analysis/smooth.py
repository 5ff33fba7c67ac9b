"""Landmarks of a track without jitter: looked at forwards and backwards, so that nothing lags. Where there is no time
to wait for what comes (`smooth_newest`), only what noise may be is held back, and nothing that moves.

A mesh is split into the head's pose and the face's shape in the head's own frame. Each is fitted over the frames
around, and then given back as much of what the fit took away as is too large to be noise (a Wiener filter, Wiener 1949,
with the network's jitter as the known noise). A still face comes out still; a blink, a word or a jerk comes out as it
was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.face_mesh import (
    FACE_OVAL,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
    VERTICES,
)
from pipeline.types import FloatArray

REACH, WIDE_REACH = 4, 8
"""Frames on each side that smoothing looks at, and for a head at rest of which the network has seen few of them."""

REST = 0.006
"""Sizes of the face within which a head at rest stays: farther, and a line over so long a time is none."""

FACE_CENTIMETRES = 16.0
"""Size (root of the box's area) of the canonical face."""

JITTER, LEAST_JITTER, MOST_JITTER, SPARSE_JITTER = 0.0009, 0.0005, 0.004, 0.0018
"""Standard deviation of the network's noise in sizes of the face: where it cannot be measured, its bounds, and
its upper bound where only some frames were looked at.

Measured: 0.0009 for 100 pixels and a good camera, 0.0015 for 36 pixels.
"""

PAST = 8
"""Frames before the newest one that live smoothing looks at."""

POSE_NOISE = np.array([9.0, 18.0, 15.0, 5.0, 3.0, 3.6, 0.9])
"""Variance of scale, turn (radians) and shift (face sizes) of the pose, in that of a point of the skin."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shaped:
    """A mesh taken apart.

    Attributes:
        landmarks: ``(478, 3)``, as they were found.
        shape: ``(478, 3)`` in the head's own frame, centimetres.
        pose: ``(4, 4)``.
        scale: pixels a centimetre.
    """

    landmarks: FloatArray
    shape: Reals
    pose: Reals
    scale: float


def shaped(landmarks: FloatArray, pose: FloatArray) -> Shaped:
    """Take a mesh apart by its pose, see `Face.landmarks` and `Face.pose`."""
    exact = pose.astype(np.float64)
    scale = np.cbrt(np.abs(np.linalg.det(exact[None, :3, :3])))
    return Shaped(landmarks, _shapes(landmarks[None], exact[None], scale)[0], exact, float(scale[0]))


def smooth_landmarks(
    landmarks: Sequence[FloatArray],
    poses: Sequence[FloatArray],
    at: int,
    strength: float = 0.5,
    between: Sequence[bool] = (),
) -> FloatArray:
    """``(478, 3)`` landmarks of frame `at` of a run of consecutive frames of one track.

    Args:
        landmarks: ``(478, 3)`` for each frame (see `Face.landmarks`); more than `WIDE_REACH` away is not looked at.
        poses: ``(4, 4)`` for each frame (see `Face.pose`).
        at: which of them.
        strength: 0 changes nothing, 0.5 takes the jitter that is measured for noise, 1 four times as much.
        between: for each frame, whether its mesh was made of those around it, so that its noise is theirs.
    """
    run = [shaped(mesh, pose) for mesh, pose in zip(landmarks, poses, strict=True)]
    return smooth_shaped(run, at, strength, between)


def smooth_shaped(run: Sequence[Shaped], at: int, strength: float = 0.5, between: Sequence[bool] = ()) -> FloatArray:
    """The same for meshes that were taken apart before."""
    around = run[max(0, at - WIDE_REACH) : at + WIDE_REACH + 1]
    rests = any(between) and _rests(np.array([each.pose[:2, 3] for each in around]), run[at].scale)
    reach = WIDE_REACH if rests else REACH
    first, last = max(0, at - reach), min(len(run), at + reach + 1)
    if strength <= 0 or last - first < 3:
        return run[at].landmarks
    now, part = at - first, run[first:last]
    shapes, frames = np.array([each.shape for each in part]), np.array([each.pose for each in part])
    scales = np.array([each.scale for each in part])
    known = np.flatnonzero(~np.array(between[first:last], bool))
    jitter = _jitter(shapes) if len(known) in (0, len(shapes)) else _sparse_jitter(shapes, known)
    noise = jitter * 4 ** (2 * min(strength, 1.0) - 1)
    return _placed(_shape(shapes, now, noise), _pose(frames, scales, now, noise))


def mean_form(run: Sequence[Shaped]) -> FloatArray:
    """``(468, 3)``, the mean shape of a face over frames of one track, see `Face.form`."""
    total = np.zeros((VERTICES, 3))
    for each in run:
        total += each.shape[:VERTICES]
    return np.asarray(total / len(run), np.float32)


def at_rest(poses: Sequence[FloatArray], at: int) -> bool:
    """Whether the head of frame `at` is where it is in the frames around it, by ``(4, 4)`` poses of a run of frames."""
    around = np.stack(poses[max(0, at - WIDE_REACH) : at + WIDE_REACH + 1])
    return _rests(around[:, :2, 3], abs(float(np.linalg.det(poses[at][:3, :3]))) ** (1 / 3))


def _rests(places: FloatArray | Reals, scale: float) -> bool:
    """Whether ``(n, 2)`` places of a head, of so many pixels a centimetre, are one."""
    return float(np.ptp(places, axis=0).max()) < REST * FACE_CENTIMETRES * scale


def smooth_newest(landmarks: Sequence[FloatArray], poses: Sequence[FloatArray], strength: float = 0.5) -> FloatArray:
    """``(478, 3)`` landmarks of the last frame of a run, of which nothing later is known.

    A line that ends at the newest frame takes hardly any noise away, so the fit is a constant where all is at rest.
    What lies further from it than noise does is given back whole, so that no movement lags by more than the noise.

    Args:
        landmarks: ``(478, 3)`` for each frame, the newest last; more than `PAST` before it is not looked at.
        poses: ``(4, 4)`` for each frame.
        strength: as for `smooth_landmarks`.
    """
    if strength <= 0 or len(landmarks) < 3:
        return landmarks[-1]
    meshes, frames = np.stack(landmarks[-PAST - 1 :]), np.stack(poses[-PAST - 1 :]).astype(np.float64)
    scales = np.cbrt(np.abs(np.linalg.det(frames[:, :3, :3])))
    shapes = _shapes(meshes, frames, scales)
    noise = _jitter(shapes) * 4 ** (2 * min(strength, 1.0) - 1)
    now = len(meshes) - 1
    return _placed(_shape(shapes, now, noise, degree=0), _pose(frames, scales, now, noise, degrees=(1, 0)))


def _placed(shape: Reals, pose: Reals) -> FloatArray:
    """A shape in the head's own frame as landmarks in pixels."""
    result = shape @ pose[:3, :3].T + pose[:3, 3]
    result[:, 2] *= -1
    return result.astype(np.float32)


def _shapes(meshes: FloatArray, poses: Reals, scales: Reals) -> Reals:
    """The meshes ``(n, points, 3)`` in the head's own frame, centimetres."""
    placed = meshes * np.array([1, 1, -1]) - poses[:, None, :3, 3]
    # A scaled rotation is undone by its transpose over the squared scale.
    return placed @ (poses[:, :3, :3] / (scales * scales)[:, None, None])


def _jitter(shapes: Reals) -> float:
    """Standard deviation of the noise, in sizes of the face, from what no movement does: third differences in time."""
    if len(shapes) < 6:
        return JITTER
    skin = shapes[:, _skin(), :2] / FACE_CENTIMETRES
    third = np.diff(skin, 3, axis=0)
    # Third differences of white noise have 1 + 9 + 9 + 1 times its variance.
    return float(np.clip(np.sqrt((third**2).mean() / 20), LEAST_JITTER, MOST_JITTER))


def _sparse_jitter(shapes: Reals, known: NDArray[np.intp]) -> float:
    """The same where only some frames were looked at: from how far each of them lies off the line between its
    neighbours. Over longer ways a movement does that too, so not much more than is usual is taken for noise."""
    if len(known) < 3:
        return JITTER
    skin = shapes[known][:, _skin(), :2].reshape(len(known), -1)
    share = (known[1:-1] - known[:-2]) / (known[2:] - known[:-2])
    off = skin[1:-1] - ((1 - share)[:, None] * skin[:-2] + share[:, None] * skin[2:])
    squares = np.square(off).mean(1) / (1 + (1 - share) ** 2 + share**2)
    measured = float(np.sqrt(np.median(squares))) / FACE_CENTIMETRES
    return float(np.clip(measured, JITTER, SPARSE_JITTER))


def _shape(shapes: Reals, now: int, noise: float, degree: int = 1) -> Reals:
    """The shape ``(478, 3)`` at frame `now`."""
    weights, left = _fit(len(shapes), now, degree)
    flat = shapes.reshape(len(shapes), -1)
    smooth = (weights @ flat).reshape(-1, 3)
    # What a fit leaves of pure noise is a little less than the noise: for a line n - 2 of n degrees of freedom.
    level = (noise * FACE_CENTIMETRES) ** 2 * (len(shapes) - degree - 1) / len(shapes)
    # Depth is guessed by the network, and noisier than the picture plane: it does not count as evidence.
    energy = (_near(len(shapes), now) @ np.square(left @ flat)).reshape(-1, 3)
    groups, members, louder = _groups()
    keep = _kept(groups @ (energy[:, 0] + energy[:, 1]) / (2 * level * louder))
    return smooth + (keep @ members)[:, None] * (shapes[now] - smooth)


def _pose(poses: Reals, scales: Reals, now: int, noise: float, degrees: tuple[int, ...] = (2, 1)) -> Reals:
    """The pose ``(4, 4)`` at frame `now`, from scale, turn and shift relative to the pose found there."""
    unit, rotations = scales[now] * FACE_CENTIMETRES, poses[:, :3, :3] / scales[:, None, None]
    path = np.empty((len(poses), 7))
    path[:, 0] = np.log(scales / scales[now])
    path[:, 1:4] = _turns(rotations @ rotations[now].T)
    path[:, 4:] = (poses[:, :3, 3] - poses[now, :3, 3]) / unit
    # The pose is a mean over many points: quieter than each of them, but for the rotation out of the plane.
    level = noise * noise * POSE_NOISE
    near, step = _near(len(poses), now), np.zeros(7)  # the path is relative to this frame, where it is 0
    for degree in degrees:
        weights, left = _fit(len(poses), now, degree)
        fitted = weights @ path
        kept = _kept(near @ (left @ path) ** 2 / (level * (len(poses) - degree - 1) / len(poses) + 1e-12))
        step = fitted + kept * (step - fitted)
    result: Reals = poses[now].copy()
    result[:3, :3] = np.asarray(cv2.Rodrigues(step[1:4])[0]) @ poses[now, :3, :3] * np.exp(step[0])
    result[:3, 3] += step[4:] * unit
    return result


def _turns(rotations: Reals) -> Reals:
    """Rotation vectors ``(n, 3)`` in radians of rotation matrices ``(n, 3, 3)`` of less than half a turn."""
    axis = np.stack([rotations[:, j, k] - rotations[:, k, j] for j, k in ((2, 1), (0, 2), (1, 0))], 1) / 2
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, (np.trace(rotations, axis1=1, axis2=2) - 1) / 2)
    return axis * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)[:, None]


def _kept(ratio: Reals) -> Reals:
    """Wiener's gain, for energy over noise: how much of what a fit took away is movement. 0 for noise, quickly 1."""
    excess = np.maximum(0.0, ratio - 1.5) ** 2
    return excess / (excess + 1)


@cache
def _near(count: int, now: int) -> Reals:
    """Weights of `count` frames by nearness to frame `now`, summing to 1."""
    near = np.exp(-0.5 * ((np.arange(count) - now) / 1.5) ** 2)
    return near / near.sum()


@cache
def _fit(count: int, now: int, degree: int) -> tuple[Reals, Reals]:
    """Weights that give the value at `now` of a polynomial fitted to `count` frames, and the residuals' matrix.

    Savitzky & Golay 1964, for windows that may be cut off at an end.
    """
    powers = np.vander(np.arange(count, dtype=np.float64) - now, min(degree, count - 1) + 1, increasing=True)
    solve = np.linalg.pinv(powers)
    return solve[0], np.eye(count) - powers @ solve


@cache
def _groups() -> tuple[Reals, Reals, Reals]:
    """Landmarks that move together, ``(groups, 478)``, each row a mean, the skin last; the same with 1 for each that
    belongs to it; and the variance of each in that of the skin, ``(groups,)``. Noise and movement are told apart for a
    group as a whole.

    The lids are given less than they have: a blink is short, and worth more than a little jitter.
    """
    mouth, brows = INNER_LIPS + OUTER_LIPS, RIGHT_BROW + LEFT_BROW
    # Contours of eyes start at the outer corner, upper lid first; corners hardly move.
    lids = [eye[a:b] for eye in (RIGHT_EYE, LEFT_EYE) for a, b in ((1, 8), (9, 16))]
    groups = [*lids, RIGHT_IRIS, LEFT_IRIS, mouth, brows, FACE_OVAL]
    louder = [0.1] * 4 + [0.4] * 2 + [1.0, 2.0, 1.6, 1.0]
    taken = {index for group in groups for index in group}
    groups.append(tuple(index for index in range(478) if index not in taken))
    rows = np.zeros((len(groups), 478))
    for row, group in zip(rows, groups, strict=True):
        row[list(group)] = 1 / len(group)
    return rows, (rows > 0).astype(np.float64), np.array(louder)


@cache
def _skin() -> NDArray[np.intp]:
    """Landmarks that belong to no other group."""
    return np.flatnonzero(_groups()[0][-1])
