"""What networks look at: the face in all its surroundings, of which the crop is only the part that may change."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.types import Crop, FloatArray, ImageArray


@dataclass(frozen=True, eq=False)
class Sight:
    """
    Attributes:
        image: ``(h, w, 3)`` uint8 BGR.
        points: ``(5, 2)`` float32 in it.
        inset: ``(x, y)`` of the crop in it.
    """

    image: ImageArray
    points: FloatArray
    inset: tuple[int, int]

    @classmethod
    def of(cls, crop: Crop) -> Sight:
        assert crop.points is not None
        image = crop.image if crop.around is None else crop.around
        return cls(image, crop.points + np.array(crop.inset, np.float32), crop.inset)

    def within(self, matrix: FloatArray) -> FloatArray:
        """``(2, 3)`` from pixels of the crop, where `matrix` leads from pixels of the whole to the same place."""
        moved = matrix.copy()
        moved[:, 2] += matrix[:, :2] @ np.array(self.inset, np.float32)
        return moved

    def with_face(self, face: ImageArray, coverage: FloatArray) -> ImageArray:
        """The whole with a new face in it, before light and covers are seen to: for networks that want one.

        Args:
            face: ``(h, w, 3)`` uint8 of the crop's size, and `coverage`: ``(h, w)`` float32.
        """
        (x, y), (height, width) = self.inset, face.shape[:2]
        whole = self.image.copy()
        part = whole[y : y + height, x : x + width]
        part[:] = cv2.blendLinear(face, np.ascontiguousarray(part), coverage, cv2.subtract(1.0, coverage))
        return whole
