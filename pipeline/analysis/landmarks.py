"""478 landmarks of a face by MediaPipe's face landmark network, run on a crop of our own choosing.

The network is the one inside MediaPipe's FaceLandmarker bundle; the crop follows MediaPipe's convention (a square about
the face, eyes level, 1.5 times as wide as the mesh). It is run by LiteRT rather than by MediaPipe's own graph, because
that graph finds faces by itself (and misses small ones), keeps state between frames, and links against OpenGL. Here a
frame and a region go in and a mesh comes out, at any rotation and size, the same each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.models.face_mesh import face_mesh
from pipeline.models.mesh_network import CROP, MeshNetwork
from pipeline.types import Box, Face, FloatArray, Frame, ImageArray

MARGIN = 1.5
PRESENT = 0.5
"""A crop whose presence score is lower shows no face."""

FIVE = ((33, 362, 1, 61, 291), (133, 263, 1, 61, 291))
"""Landmarks halfway between which each of the five points of `Face.points` lies (an eye between its corners)."""


@dataclass(frozen=True)
class Region:
    """A turned square of the frame: centre and side in pixels, angle of its x axis in radians (clockwise as seen)."""

    x: float
    y: float
    side: float
    angle: float

    def to_crop(self, size: int) -> FloatArray:
        """``(2, 3)`` affine from frame pixels to pixels of a `size` × `size` crop."""
        scale = size / self.side
        c, s = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = (size - 1) / 2
        return np.array([[c, s, half - c * self.x - s * self.y], [-s, c, half + s * self.x - c * self.y]], np.float32)

    def bounds(self) -> Box:
        reach = self.side / 2 * (abs(math.cos(self.angle)) + abs(math.sin(self.angle)))
        return Box(self.x - reach, self.y - reach, self.x + reach, self.y + reach)


def region_from_points(points: FloatArray) -> Region:
    """The region that five detector points ask for (see `Face.points`)."""
    right, left, nose, mouth = points[0], points[1], points[2], (points[3] + points[4]) / 2
    eyes = (right + left) / 2
    down = mouth - eyes
    across = left - right
    # The eye line is short on a profile, the eye-mouth line on a face that looks down: the longer one gives the angle.
    if np.hypot(*across) > 0.6 * np.hypot(*down):
        angle = math.atan2(across[1], across[0])
    else:
        angle = math.atan2(-down[0], down[1])
    size = max(float(np.hypot(*across)) * 2.1, float(np.hypot(*down)) * 2.1)
    centre = (eyes + mouth) / 2 * 0.8 + nose * 0.2
    return Region(float(centre[0]), float(centre[1]), size * MARGIN, angle)


def region_from_landmarks(landmarks: FloatArray) -> Region:
    """The region for the next frame, from this frame's mesh."""
    flat = landmarks[:, :2]
    # Plain sums: `mean` takes longer than all of this.
    across = (flat[362] + flat[263]) / 2 - (flat[33] + flat[133]) / 2
    down = (flat[13] + flat[14]) / 2 - flat[168]
    # On a profile the eye line collapses; blend in the upright axis of nose root to lips.
    sideways = across / max(float(np.hypot(*down)), 1e-3)
    upright = np.array([down[1], -down[0]]) / max(float(np.hypot(*down)), 1e-3)
    direction = sideways + 0.6 * upright
    angle = math.atan2(float(direction[1]), float(direction[0]))
    c, s = math.cos(angle), math.sin(angle)
    turned = np.ascontiguousarray((flat[:468] @ np.array([[c, -s], [s, c]], np.float32)).T)
    low, high = turned.min(1), turned.max(1)
    centre, side = (low + high) / 2, float((high - low).max())
    x, y = centre @ np.array([[c, s], [-s, c]], np.float32)
    return Region(float(x), float(y), side * MARGIN, angle)


class Landmarker:
    """Finds the mesh in a region. Holds no state between calls; may be shared by threads (calls take turns)."""

    def __init__(self, threads: int = 1) -> None:
        self._network = MeshNetwork(threads)

    def __call__(self, frame: Frame, region: Region) -> tuple[FloatArray, float]:
        """The mesh in `region`: ``(478, 3)`` landmarks in frame pixels and the presence score, 0 to 1."""
        to_crop = region.to_crop(CROP)
        crop = take_crop(frame, to_crop, CROP)
        points, presence = self._network(crop)
        back = cv2.invertAffineTransform(to_crop)
        result = np.empty((478, 3), np.float32)
        result[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
        result[:, 2] = points[:, 2] * (region.side / CROP)
        return result, presence

    def face(self, frame: Frame, region: Region, rounds: int = 2) -> Face | None:
        """The face in `region`, or ``None`` where there is none. More rounds centre the crop better."""
        for last in reversed(range(rounds)):
            landmarks, presence = self(frame, region)
            if presence < PRESENT:
                return None
            if last:
                region = region_from_landmarks(landmarks)
        return face_from_landmarks(landmarks, presence)


def face_from_landmarks(landmarks: FloatArray, score: float, track: int | None = None) -> Face:
    """A `Face` with everything that follows from its mesh."""
    skin = np.ascontiguousarray(landmarks[:468, :2].T)
    low, high = skin.min(1), skin.max(1)
    points = np.asarray((landmarks[list(FIVE[0]), :2] + landmarks[list(FIVE[1]), :2]) / 2, np.float32)
    return Face(
        box=Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        score=score,
        points=points,
        landmarks=landmarks,
        pose=head_pose(landmarks),
        track=track,
    )


def head_pose(landmarks: FloatArray) -> FloatArray:
    """``(4, 4)`` weak-perspective pose: scaled rotation and translation that best carry the canonical face there.

    Weighted orthogonal Procrustes (Umeyama 1991) over the vertices that MediaPipe marks for it.
    """
    used, weights, mean_from, weighted, energy = _canonical()
    found = landmarks.take(used, 0).astype(np.float64)
    found[:, 2] *= -1
    mean_to = weights @ found
    # The weighted places lie about nought, so found ones need not.
    spread_out = found.T @ weighted
    u, spread, vt = np.linalg.svd(spread_out)
    if _mirrored(spread_out):
        u[:, 2] *= -1
        spread[2] *= -1
    turned = (spread.sum() / energy) * (u @ vt)
    pose = np.eye(4, dtype=np.float32)
    pose[:3, 3] = mean_to - turned @ mean_from
    turned[:, 1] *= -1
    pose[:3, :3] = turned
    return pose


def _mirrored(matrix: NDArray[np.float64]) -> bool:
    """Whether the determinant of a ``(3, 3)`` matrix is negative."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    return bool(a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g) < 0)


@cache
def _canonical() -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """The weighted vertices: which, their weights, their mean, their places about it times their weights, and the mean
    square of those places."""
    mesh = face_mesh()
    used = np.flatnonzero(mesh.weights)
    weights = mesh.weights[used].astype(np.float64) / float(mesh.weights.sum())
    canonical = mesh.vertices[used] * np.array([1.0, -1.0, 1.0])
    mean = weights @ canonical
    about = canonical - mean
    weighted = weights[:, None] * about
    return used, weights, mean, weighted, float((weighted * about).sum())


def pose_angles(pose: FloatArray) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a pose: yaw > 0 looks to the picture's right, pitch > 0 looks down."""
    rotation = pose[:3, :3] / np.cbrt(abs(np.linalg.det(pose[:3, :3]))) @ np.diag([1, -1, 1])
    forward, across = rotation[:, 2], rotation[:, 0]
    yaw = math.atan2(float(forward[0]), float(forward[2]))
    pitch = math.asin(float(np.clip(forward[1], -1, 1)))
    return math.degrees(yaw), math.degrees(pitch), math.degrees(math.atan2(float(across[1]), float(across[0])))


def take_crop(frame: Frame, to_crop: FloatArray, size: int) -> ImageArray:
    """``(size, size, 3)`` BGR uint8: what the affine `to_crop` shows of the frame, black outside of it.

    Args:
        frame: where the pixels come from; only the part needed is read.
        to_crop: ``(2, 3)`` affine from frame pixels to crop pixels.
        size: side of the crop in pixels.
    """
    return _taken(frame.region, to_crop, size, cv2.BORDER_CONSTANT, cv2.INTER_LINEAR, 2.5)


def take_luma(frame: Frame, to_crop: FloatArray, size: int) -> ImageArray:
    """``(size, size)`` uint8: what the affine `to_crop` shows of the frame's luma, whose border goes on beyond it.

    Args:
        frame: where the samples come from; only the part needed is read.
        to_crop: ``(2, 3)`` affine from frame pixels to crop pixels.
        size: side of the crop in pixels.
    """
    # Crops are compared pixel by pixel: an edge has to look the same wherever it falls between pixels.
    return _taken(frame.luma_region, to_crop, size, cv2.BORDER_REPLICATE, cv2.INTER_CUBIC, 1.6)


def _taken(
    read: Callable[[Box], tuple[ImageArray, tuple[int, int]]],
    to_crop: FloatArray,
    size: int,
    border: int,
    warp: int,
    most: float,
) -> ImageArray:
    """What the affine `to_crop` shows of what `read` gives: a part of the frame and its top-left corner. What would be
    reduced more than `most` times is halved first, so that the warp does not alias."""
    back = cv2.invertAffineTransform(to_crop)
    corners = np.array([[-1, -1, 1], [size, -1, 1], [-1, size, 1], [size, size, 1]], np.float32) @ back.T
    (x0, y0), (x1, y1) = np.floor(corners.min(0)), np.ceil(corners.max(0)) + 1
    part, corner = read(Box(float(x0), float(y0), float(x1), float(y1)))
    if part.size == 0:
        return np.zeros((size, size, *part.shape[2:]), np.uint8)
    # Pixels of the frame that are as wide as one of the crop.
    (a, b), (c, d) = back[:, :2].tolist()
    reduced = math.sqrt(abs(a * d - b * c))
    shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1]], np.float32)
    while reduced / shift[0, 0] > most and min(part.shape[:2]) > 2:
        height, width = part.shape[0] // 2 * 2, part.shape[1] // 2 * 2
        halved = cv2.resize(part[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        part = np.asarray(halved, np.uint8)
        shift = shift @ np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]], np.float32)
    return np.asarray(cv2.warpAffine(part, to_crop @ shift, (size, size), flags=warp, borderMode=border), np.uint8)
