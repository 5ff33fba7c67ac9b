"""Putting the finished face back."""

from __future__ import annotations

import cv2

from pipeline.types import FloatArray, ImageArray


def blend(target: ImageArray, face: ImageArray, alpha: FloatArray) -> ImageArray:
    """``target`` where `alpha` is 0, exactly; `face` where it is 1. All of one size; uint8, uint8, float32."""
    if alpha.size == 0:
        return target
    # Several times quicker than a difference, a product and a sum.
    result: ImageArray = cv2.blendLinear(face, target, alpha, cv2.subtract(1.0, alpha))
    return result
