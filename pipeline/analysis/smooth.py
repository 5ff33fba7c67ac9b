"""Landmarks of a track without jitter: looked at forwards and backwards, so that nothing lags.

A mesh is split into the head's pose and the face's shape in the head's own frame. Each is fitted over the frames
around, and then given back as much of what the fit took away as is too large to be noise (a Wiener filter, Wiener 1949,
with the network's jitter as the known noise). A still face comes out still; a blink, a word or a jerk comes out as it
was.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

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
)
from pipeline.types import FloatArray

REACH = 4
"""Frames on each side that smoothing looks at."""

FACE_CENTIMETRES = 16.0
"""Size (root of the box's area) of the canonical face."""

JITTER = 0.0035
"""Standard deviation of the network's noise, in sizes of the face."""


def _groups() -> tuple[tuple[int, ...], ...]:
    eyes = (RIGHT_EYE + RIGHT_IRIS, LEFT_EYE + LEFT_IRIS)
    mouth = INNER_LIPS + OUTER_LIPS
    brows = RIGHT_BROW + LEFT_BROW
    taken = {*eyes[0], *eyes[1], *mouth, *brows, *FACE_OVAL}
    return (*eyes, mouth, brows, FACE_OVAL, tuple(index for index in range(478) if index not in taken))


GROUPS = _groups()
"""Landmarks that move together: what is noise and what is movement is told for each group as a whole."""


def smooth_landmarks(
    landmarks: Sequence[FloatArray], poses: Sequence[FloatArray], at: int, strength: float = 0.5
) -> FloatArray:
    """``(478, 3)`` landmarks of frame `at` of a run of consecutive frames of one track.

    Args:
        landmarks: ``(478, 3)`` for each frame (see `Face.landmarks`); more than `REACH` away is not looked at.
        poses: ``(4, 4)`` for each frame (see `Face.pose`).
        at: which of them.
        strength: 0 changes nothing, 1 takes four times the network's jitter for noise (0.5: the jitter itself).
    """
    first, last = max(0, at - REACH), min(len(landmarks), at + REACH + 1)
    if strength <= 0 or last - first < 3:
        return landmarks[at]
    noise = JITTER * 4 ** (2 * min(strength, 1.0) - 1)
    times = np.arange(first - at, last - at, dtype=np.float64)
    shapes = np.stack([_unposed(landmarks[i], poses[i]) for i in range(first, last)])
    shape = _shape(shapes, times, noise)
    pose = _pose([poses[i] for i in range(first, last)], times, noise)
    result = shape @ pose[:3, :3].T + pose[:3, 3]
    return (result * np.array([1, 1, -1])).astype(np.float32)


def _unposed(landmarks: FloatArray, pose: FloatArray) -> FloatArray:
    """The face's shape in the head's frame, ``(478, 3)`` centimetres."""
    linear = pose[:3, :3]
    scale = np.cbrt(abs(np.linalg.det(linear)))
    inverse = linear.T / (scale * scale)
    return (landmarks * np.array([1, 1, -1], np.float32) - pose[:3, 3]) @ inverse.T


def _shape(shapes: FloatArray, times: np.ndarray, noise: float) -> FloatArray:
    level = noise * FACE_CENTIMETRES
    weights, residual_weights = _fit(times, 1)
    smooth = np.tensordot(weights, shapes, 1)
    residuals = np.tensordot(residual_weights, shapes, 1)
    raw = shapes[int(np.flatnonzero(times == 0)[0])]
    # What a linear fit leaves of pure noise is a little less than the noise: n - 2 of n degrees of freedom.
    spared = (len(times) - 2) / len(times)
    near = np.exp(-0.5 * (times / 1.5) ** 2)
    near /= near.sum()
    result = raw.copy()
    for group in GROUPS:
        index = list(group)
        # Depth is guessed by the network, and noisier than the picture plane.
        energy = float(np.dot(near, (residuals[:, index, :2] ** 2).mean((1, 2))))
        keep = _kept(energy, level * level * spared)
        result[index] = smooth[index] + keep * (raw[index] - smooth[index])
    return result


def _pose(poses: Sequence[FloatArray], times: np.ndarray, noise: float) -> FloatArray:
    """The pose at time 0, from log-scale, rotation vector and shift relative to the pose of that frame."""
    now = poses[int(np.flatnonzero(times == 0)[0])].astype(np.float64)
    scale = np.cbrt(abs(np.linalg.det(now[:3, :3])))
    rotation = now[:3, :3] / scale
    path = np.empty((len(poses), 7))
    for row, pose in zip(path, poses, strict=True):
        size = np.cbrt(abs(np.linalg.det(pose[:3, :3])))
        turn, _ = cv2.Rodrigues((pose[:3, :3] / size) @ rotation.T)
        row[0] = np.log(size / scale)
        row[1:4] = turn[:, 0]
        row[4:] = (pose[:3, 3] - now[:3, 3]) / (scale * FACE_CENTIMETRES)
    linear, residual_weights = _fit(times, 1)
    quadratic, _ = _fit(times, 2)
    smooth, follow = linear @ path, quadratic @ path
    energy = (residual_weights @ path) ** 2
    # The pose is a mean over many points: quieter than each of them, but for the rotation out of the plane.
    levels = noise * noise * np.array([0.5, 2, 2, 0.5, 0.3, 0.3, 0.3])
    keep = np.array([_kept(float(energy[:, i].mean()), float(levels[i])) for i in range(7)])
    step = smooth + keep * (follow - smooth)
    turn, _ = cv2.Rodrigues(step[1:4])
    result = now.copy()
    result[:3, :3] = turn @ now[:3, :3] * np.exp(step[0])
    result[:3, 3] += step[4:] * scale * FACE_CENTIMETRES
    return result.astype(np.float32)


def _kept(energy: float, noise: float) -> float:
    """Wiener's gain: how much of what a fit took away is movement. 0 up to twice the noise, then quickly 1."""
    excess = max(0.0, energy / max(noise, 1e-12) - 1.5)
    return excess * excess / (excess * excess + 1)


def _fit(times: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights that give the value at time 0 of a least-squares polynomial, and the matrix that gives its residuals.

    Savitzky & Golay 1964, for windows that may be cut off at an end.
    """
    powers = np.vander(times, min(degree, len(times) - 1) + 1, increasing=True)
    solve = np.linalg.pinv(powers)
    return solve[0], np.eye(len(times)) - powers @ solve
