"""Putting the finished face back."""

from __future__ import annotations

import cv2

from pipeline.types import FloatArray, ImageArray


def blend(target: ImageArray, face: ImageArray, alpha: FloatArray) -> ImageArray:
    """``target`` where `alpha` is 0, exactly; `face` where it is 1. All of one size; uint8, uint8, float32."""
    if alpha.size == 0:
        return target
    # Among bytes, in half the time of `cv2.blendLinear`; where both are alike they stay so.
    share = cv2.cvtColor(cv2.convertScaleAbs(alpha, alpha=255), cv2.COLOR_GRAY2BGR)
    ours = cv2.multiply(face, share, scale=1 / 255)
    theirs = cv2.multiply(target, cv2.bitwise_not(share), scale=1 / 255)
    result: ImageArray = cv2.add(ours, theirs, dst=ours)
    return result
