"""Boxes and five points of the faces in a picture, by YuNet, at several scales and turns.

The network is that of Wu, Peng & Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. It is decoded here rather
than by `cv2.FaceDetectorYN`, so that one network serves every input size without being rebuilt.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from pipeline.analysis.landmarks import Region, take_crop
from pipeline.models.detection_network import STRIDES, DetectionNetwork
from pipeline.types import Box, Face, FloatArray, Frame, ImageArray

SCORE = 0.6
OVERLAP = 0.35
"""Boxes that share more than this are one face."""

LEAST = 16.0
"""Pixels that a face must be wide in the network's input to be found dependably."""

FLOOR = 640
"""Longest side of the finest pass at least, where the picture has as many pixels and `min_face` is not given."""

COARSE = 320
"""Longest side of the coarsest pass, which finds faces that fill the picture."""

FINEST = 1920
"""Longest side of the finest pass, whatever `min_face` asks for: it bounds the time."""

TURNED = 288
"""Longest side of the turned passes, unless nobody was found upright."""

QUARTERS, EIGHTHS = (2, 4, 6), (1, 3, 5, 7)
"""Turns, in eighths: with the upright look these find every face of some size, with those small ones too."""

TILE = 112
"""Side of each of the turned crops that are looked at to find which way up a face is."""


class FaceDetector:
    """Finds faces in a picture. Holds no state between calls; may be shared by threads."""

    def __init__(self, score: float = SCORE) -> None:
        """
        Args:
            score: least confidence of a detection, 0 to 1.

        Raises:
            ModelError: the network's file is missing or altered, or cannot be run.
        """
        self._score = score
        self._network = DetectionNetwork()

    def __call__(
        self, frame: Frame, *, turns: bool = False, min_face: float | None = None, fine_turns: bool = True
    ) -> tuple[Face, ...]:
        """The faces of `frame` with box, score and points, best score first.

        Args:
            frame: a picture, or a frame of a video.
            turns: also look in turned copies, so that a face at any in-plane rotation is found.
            min_face: width in pixels of the smallest face wanted; smaller costs more. ``None``: an eightieth of the
                longer side, at least 24.
            fine_turns: look as finely in turned copies as in the upright one where that shows nobody.
        """
        whole = frame.height, frame.width
        longest = max(whole)
        least, floor = (max(24.0, longest / 80), FLOOR) if min_face is None else (max(1.0, min_face), COARSE)
        fine = int(min(longest, FINEST, max(floor, longest * LEAST / least)))
        sizes = (fine, COARSE) if fine > 3 * COARSE else (fine,)
        found = [face for size in sizes for face in self._pass(frame.small(size), whole, 0)]
        if turns:
            lost = not found and fine_turns
            # Reduced once, then turned.
            reduced = [frame.small(size) for size in (sizes if lost else (min(fine, TURNED),))]
            for eighth in QUARTERS + EIGHTHS if lost else QUARTERS:
                for small in reduced:
                    found += self._pass(small, whole, eighth)
        # What is much smaller than asked for is mostly texture.
        return merge([face for face in found if face.box.width >= 0.7 * least])

    def upright(self, frame: Frame, face: Face) -> Face:
        """The detection `face` of `frame` with better points, by looking at it from eight sides.

        The network finds turned faces, but lays the points of one turned by 45 degrees as if it were level.
        """
        (x, y), side = face.box.centre, 2 * max(face.box.width, face.box.height)
        regions = [Region(x, y, side, eighth * math.pi / 4) for eighth in range(8)]
        tiles = [take_crop(frame, region.to_crop(TILE), TILE) for region in regions]
        sheet = np.concatenate([np.concatenate(tiles[:4], 1), np.concatenate(tiles[4:], 1)])
        best, best_value = face, -1.0
        for box, five, score in zip(*self._run(sheet), strict=True):
            middle = (box[:2] + box[2:]) / 2
            column, row = (int(v) for v in middle // TILE)
            corner = np.array([column * TILE, row * TILE], np.float32)
            if not (0 <= column < 4 and 0 <= row < 2) or np.abs(middle - corner - TILE / 2).max() > TILE / 4:
                continue
            across = five[1] - five[0]
            tilt = abs(math.atan2(across[1], across[0])) / (math.pi / 4)
            value = float(score) - 0.1 * tilt
            if value > best_value:
                back = cv2.invertAffineTransform(regions[4 * row + column].to_crop(TILE))
                points = ((five - corner) @ back[:, :2].T + back[:, 2]).astype(np.float32)
                best, best_value = replace(face, points=points), value
        return best

    def _pass(self, small: ImageArray, whole: tuple[int, int], eighth: int) -> list[Face]:
        """One run of the network on a reduced picture, turned by so many eighths of a full turn.

        Args:
            whole: height and width of the picture before it was reduced.
        """
        height, width = whole
        size = small.shape[1], small.shape[0]
        scale = size[0] / width
        small, back = _turned(small, eighth)
        back = np.diag([width / size[0], height / size[1]]).astype(np.float32) @ back
        faces = []
        for box, five, score in zip(*self._run(small), strict=True):
            low, high = box.reshape(2, 2)
            corners = np.array([low, high], np.float32) @ back[:, :2].T + back[:, 2]
            centre, half = corners.mean(0), np.abs(corners[1] - corners[0]) / 2
            if eighth % 2:
                half = np.full(2, float((high - low).mean()) / 2 / scale, np.float32)
            (x0, y0), (x1, y1) = centre - half, centre + half
            points = (five @ back[:, :2].T + back[:, 2]).astype(np.float32)
            faces.append(Face(Box(float(x0), float(y0), float(x1), float(y1)), float(score), points))
        return faces

    def _run(self, image: ImageArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Boxes ``(n, 4)``, points ``(n, 5, 2)`` and scores ``(n,)`` over the threshold, in pixels of `image`."""
        height, width = image.shape[:2]
        padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
        padded[:height, :width] = image
        outputs = self._network(padded)
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


def _shared(a: Box, b: Box) -> float:
    """How much two boxes are the same face: their IoU, or more where one is nested in the other's middle."""
    iou = a.iou(b)
    smaller = min(a.area, b.area)
    meet = iou * (a.area + b.area) / (1 + iou)
    return max(iou, 0.6 * meet / smaller) if smaller > 0 else iou


def _turned(image: ImageArray, eighth: int) -> tuple[ImageArray, FloatArray]:
    """`image` turned by so many eighths, whole, and the ``(2, 3)`` affine from it back to `image`."""
    if eighth == 0:
        return image, np.eye(2, 3, dtype=np.float32)
    height, width = image.shape[:2]
    angle = eighth * math.pi / 4
    c, s = math.cos(angle), math.sin(angle)
    columns, rows = (math.ceil(a * abs(c) + b * abs(s) - 1e-6) for a, b in ((width, height), (height, width)))
    x, y = (width - 1) / 2, (height - 1) / 2
    there = np.array([[c, s, (columns - 1) / 2 - c * x - s * y], [-s, c, (rows - 1) / 2 + s * x - c * y]], np.float32)
    turned = np.asarray(cv2.warpAffine(image, there, (columns, rows)), np.uint8)
    return turned, np.asarray(cv2.invertAffineTransform(there), np.float32)
