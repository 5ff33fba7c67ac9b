"""Boxes and five points of the faces in a picture, by YuNet, at several scales and turns.

The network (Wu, Peng & Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023) is run by OpenCV's graph engine:
ONNX Runtime refuses the block-quantised bias of this file. It is decoded here rather than by `cv2.FaceDetectorYN`, so
that one network serves every input size without being rebuilt.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np

from pipeline.errors import ModelError
from pipeline.models.embedded import YUNET, load
from pipeline.types import Box, Face, FloatArray, ImageArray

STRIDES = (8, 16, 32)
SCORE = 0.6
OVERLAP = 0.35
"""Boxes that share more than this are one face."""

LEAST = 13.0
"""Pixels that a face must be wide in the network's input to be found dependably."""

COARSE = 320
"""Longest side of the coarsest pass, which finds faces that fill the picture."""

FINEST = 1920
"""Longest side of the finest pass, whatever `min_face` asks for: it bounds the time."""

TURNED = 352
"""Longest side of the turned passes, unless nobody was found upright."""


class FaceDetector:
    """Finds faces in a picture. Holds no state between calls; may be shared by threads (calls take turns)."""

    def __init__(self, score: float = SCORE) -> None:
        """
        Args:
            score: least confidence of a detection, 0 to 1.

        Raises:
            ModelError: the network's file is missing or altered, or cannot be run.
        """
        self._score = score
        self._lock = threading.Lock()
        try:
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(load(YUNET), np.uint8))
        except cv2.error as error:
            raise ModelError("The face detection network could not be loaded.") from error
        self._outputs = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]

    def __call__(
        self, image: ImageArray, *, turns: bool = False, min_face: float | None = None, fine_turns: bool = True
    ) -> tuple[Face, ...]:
        """The faces of `image` with box, score and points, best score first.

        Args:
            image: BGR uint8.
            turns: also look in copies turned by 90, 180 and 270 degrees, so that a face at any in-plane rotation is
                found.
            min_face: width in pixels of the smallest face wanted; smaller costs more. ``None``: an eightieth of the
                longer side, at least 24.
            fine_turns: look as finely in turned copies as in the upright one where that shows nobody.
        """
        height, width = image.shape[:2]
        longest = max(height, width)
        wanted = min_face if min_face is not None else max(24.0, longest / 80)
        fine = int(min(longest, FINEST, max(COARSE, longest * LEAST / max(wanted, 1.0))))
        sizes = (fine, COARSE) if fine > 2.25 * COARSE else (fine,)
        found = [face for size in sizes for face in self._pass(image, size, 0)]
        if turns:
            turned = sizes if fine_turns and not found else (min(fine, TURNED),)
            found += [face for quarter in (1, 2, 3) for size in turned for face in self._pass(image, size, quarter)]
        return merge(found)

    def _pass(self, image: ImageArray, longest: int, quarter: int) -> list[Face]:
        """One run of the network on `image` turned by `quarter` right angles (counter-clockwise) and reduced."""
        height, width = image.shape[:2]
        scale = min(1.0, longest / max(height, width))
        if scale < 1:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        else:
            small = image
        rows, columns = small.shape[:2]
        if quarter:
            small = np.rot90(small, quarter)
        boxes, points, scores = self._run(small)
        ratio = np.array([width / columns, height / rows], np.float32)
        faces = []
        for box, five, score in zip(boxes, points, scores, strict=True):
            corners = np.array([[box[0], box[1]], [box[2], box[3]]], np.float32)
            corners, five = (_turn_back(p, quarter, columns, rows) * ratio for p in (corners, five))
            low, high = corners.min(0), corners.max(0)
            bounds = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
            faces.append(Face(bounds, float(score), five.astype(np.float32)))
        return faces

    def _run(self, image: ImageArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Boxes ``(n, 4)``, points ``(n, 5, 2)`` and scores ``(n,)`` over the threshold, in pixels of `image`."""
        height, width = image.shape[:2]
        padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
        padded[:height, :width] = image
        with self._lock:
            self._network.setInput(cv2.dnn.blobFromImage(padded))
            outputs = self._network.forward(self._outputs)
        boxes, points, scores = [], [], []
        for level, stride in enumerate(STRIDES):
            likely, there, box, five = (outputs[level + 3 * kind][0] for kind in range(4))
            score = np.sqrt(np.clip(likely[:, 0], 0, 1) * np.clip(there[:, 0], 0, 1))
            hit = np.flatnonzero(score >= self._score)
            row, column = np.divmod(hit, padded.shape[1] // stride)
            cell = np.stack([column, row], 1).astype(np.float32)
            centre, half = (cell + box[hit, :2]) * stride, np.exp(box[hit, 2:]) * (stride / 2)
            boxes.append(np.concatenate([centre - half, centre + half], 1))
            points.append((five[hit].reshape(-1, 5, 2) + cell[:, None]) * stride)
            scores.append(score[hit])
        return np.concatenate(boxes), np.concatenate(points), np.concatenate(scores)


def merge(faces: list[Face], overlap: float = OVERLAP) -> tuple[Face, ...]:
    """The best of each group of overlapping faces (greedy non-maximum suppression), best score first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_shared(face.box, other.box) <= overlap for other in kept):
            kept.append(face)
    return tuple(kept)


def moved(face: Face, x: float, y: float) -> Face:
    """The detection shifted by ``(x, y)`` pixels, from a region of a frame into the frame."""
    box = Box(face.box.x0 + x, face.box.y0 + y, face.box.x1 + x, face.box.y1 + y)
    points = None if face.points is None else face.points + np.array([x, y], np.float32)
    return replace(face, box=box, points=points)


def _shared(a: Box, b: Box) -> float:
    """How much two boxes are the same face: their IoU, or more where one is nested in the other's middle."""
    iou = a.iou(b)
    smaller = min(a.area, b.area)
    meet = iou * (a.area + b.area) / (1 + iou)
    return max(iou, 0.6 * meet / smaller) if smaller > 0 else iou


def _turn_back(points: FloatArray, quarter: int, width: int, height: int) -> FloatArray:
    """Points of ``np.rot90(image, quarter)`` in pixels of the image, which is `width` by `height`."""
    x, y = points[..., 0], points[..., 1]
    if quarter == 1:
        x, y = width - 1 - y, x
    elif quarter == 2:
        x, y = width - 1 - x, height - 1 - y
    elif quarter == 3:
        x, y = y, height - 1 - x
    return np.stack([x, y], -1)
