"""The target's mouth, where a network opens it less than the target does."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.engines.network.crop import take
from pipeline.engines.network.masks import smooth
from pipeline.engines.network.sight import Sight
from pipeline.models.align import to_crop
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.models.mesh_network import CROP, MeshNetwork
from pipeline.types import FloatArray, ImageArray

NOTICED = (0.012, 0.035)
"""Distance between the lips that is missing, in parts of the face's height: from where on, and from where on wholly, it
is made up for."""
INSIDE = (0.1, 0.5)
"""How much has to be made up for until the target's own teeth are begun to be shown, and are shown wholly: half of them
over half of the network's would look like two rows."""
PRESENT = 0.5
CHIN = (152, 148, 176, 377, 400)
REACH = 0.05
"""Radius (sigma) of what a moved point takes along, in parts of the face's height."""
GRID = 96


def mouth_missing(landmarks: FloatArray, found: FloatArray) -> float:
    """How much less the mouth of `found` is open than that of `landmarks`, in parts of the face's height."""
    return _opening(landmarks) - _opening(found)


class MouthKeeper:
    """Finds the mouth in a finished face, and moves it to where the target has it."""

    def __init__(self) -> None:
        self._network = MeshNetwork()

    def find(self, image: ImageArray, points: FloatArray) -> FloatArray | None:
        """``(478, 3)`` landmarks of the face at `points` in `image`, or ``None`` where none is seen."""
        # As wide in its crop as the network is used to.
        matrix = to_crop(points, "arcface_112_v1", CROP)
        found, presence = self._network(take(image, matrix, CROP))
        if presence < PRESENT:
            return None
        back = cv2.invertAffineTransform(matrix)
        result = found.copy()
        result[:, :2] = found[:, :2] @ back[:, :2].T + back[:, 2]
        return result

    def correct(
        self,
        image: ImageArray,
        seen: Callable[[], ImageArray],
        landmarks: FloatArray,
        sight: Sight,
        strength: float,
    ) -> tuple[ImageArray, float]:
        """`image` with its lips moved apart as far as the target's are, and how much of what is between them has to be
        the target's, 0 to 1.

        Args:
            image: the network's face in the frame's pixels.
            seen: makes the same in its surroundings, for the landmarks to be found in.
            landmarks: the target's, in the same pixels.
            sight: where the face is in its surroundings.
        """
        # A target that does not open its mouth costs nothing.
        if strength <= 0 or _opening(landmarks) < NOTICED[0]:
            return image, 0.0
        found = self.find(seen(), sight.points)
        if found is None:
            return image, 0.0
        found[:, :2] -= np.array(sight.inset, np.float32)
        low, high = NOTICED
        t = float(np.clip((mouth_missing(landmarks, found) - low) / (high - low), 0, 1)) * strength
        if t <= 0:
            return image, 0.0
        return _moved(image, found, landmarks, t), float(smooth(np.array(t, np.float32), *INSIDE))


def _opening(landmarks: FloatArray) -> float:
    return float(np.linalg.norm(landmarks[13, :2] - landmarks[14, :2])) / _height(landmarks)


def _height(landmarks: FloatArray) -> float:
    return max(float(np.linalg.norm(landmarks[10, :2] - landmarks[152, :2])), 1.0)


def _moved(image: ImageArray, found: FloatArray, wanted: FloatArray, strength: float) -> ImageArray:
    """Warped so that the inner lips of `found` lie on those of `wanted`; the outer lips go with them, the chin
    partly. Lips keep their own thickness and width."""
    down = wanted[152, :2] - wanted[10, :2]
    down = down / max(float(np.linalg.norm(down)), 1e-3)
    inner, outer, chin = list(INNER_LIPS), list(OUTER_LIPS), list(CHIN)
    steps = ((wanted[inner, :2] - found[inner, :2]) @ down) * strength
    jaw = float(steps[11:].mean()) * 0.6
    places = np.concatenate([found[inner, :2], found[outer, :2], found[chin, :2]])
    amounts = np.concatenate([steps, steps, np.full(len(chin), jaw)])
    places = places + amounts[:, None] * down
    height, width = image.shape[:2]
    shrink = min(1.0, GRID / max(width, height))
    small = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    x, y = np.meshgrid(
        (np.arange(small[0], dtype=np.float32) + 0.5) * width / small[0] - 0.5,
        (np.arange(small[1], dtype=np.float32) + 0.5) * height / small[1] - 0.5,
    )
    sigma = REACH * _height(wanted)
    distance = (x[..., None] - places[:, 0]) ** 2 + (y[..., None] - places[:, 1]) ** 2
    weight = np.exp(-distance / np.float32(2 * sigma * sigma)).astype(np.float32)
    step = (weight @ amounts.astype(np.float32)) / (weight.sum(-1) + np.float32(0.3))
    large = cv2.resize(step, (width, height), interpolation=cv2.INTER_LINEAR)
    at_x = np.arange(width, dtype=np.float32)[None] - large * np.float32(down[0])
    at_y = np.arange(height, dtype=np.float32)[:, None] - large * np.float32(down[1])
    return np.asarray(
        cv2.remap(image, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_LINEAR,
                  borderMode=cv2.BORDER_REPLICATE), np.uint8
    )  # fmt: skip
