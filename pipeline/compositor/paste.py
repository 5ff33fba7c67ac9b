"""Putting the finished face back."""

from __future__ import annotations

import cv2

from pipeline.types import FloatArray, ImageArray


def blend(target: ImageArray, face: ImageArray, alpha: FloatArray) -> ImageArray:
    """``target`` where `alpha` is 0, exactly; `face` where it is 1. All of one size; uint8, uint8, float32."""
    if alpha.size == 0:
        return target
    difference = cv2.subtract(face, target, dtype=cv2.CV_32F)
    weighted = cv2.multiply(difference, cv2.merge([alpha, alpha, alpha]))
    result: ImageArray = cv2.add(target, weighted, dtype=cv2.CV_8U)
    return result
