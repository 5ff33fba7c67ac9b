"""Restorers: networks that give a face the fine detail that it should have."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.network.contract import numbers
from pipeline.engines.network.crop import lay_back, take
from pipeline.engines.network.masks import MASK, box_mask
from pipeline.engines.network.sight import Sight
from pipeline.models.align import to_crop
from pipeline.models.catalogue import RestoreContract
from pipeline.models.session import Session
from pipeline.types import FloatArray, ImageArray

FAITHFUL = 0.7
"""What a restorer that can be told is told: 0 for the cleanest, 1 for the most faithful face."""


def restored(
    session: Session,
    contract: RestoreContract,
    image: ImageArray,
    seen: ImageArray,
    sight: Sight,
    strength: float,
) -> ImageArray:
    """`image` with its face restored.

    Args:
        image: ``(h, w, 3)`` uint8 BGR, the new face.
        seen: the same in its surroundings, which is what the restorer gets.
        sight: where the face is in its surroundings.
        strength: 0 to 1, how much of the restored face is mixed in.
    """
    matrix = to_crop(sight.points, contract.template, contract.size)
    crop = take(seen, matrix, contract.size)
    rgb = crop[..., ::-1].astype(np.float32) / np.float32(127.5) - np.float32(1)
    inputs: dict[str, FloatArray] = {}
    for name in session.inputs:
        # CodeFormer's second input is one number.
        inputs[name] = (
            np.full((1, *(side or 1 for side in session.inputs[name])), FAITHFUL, np.float32)
            if name == "weight" else np.ascontiguousarray(rgb.transpose(2, 0, 1)[None])
        )  # fmt: skip
    output = numbers(session(**inputs)[0], f"The restorer {session.path.stem}")[0].transpose(1, 2, 0)[..., ::-1]
    face = np.rint((np.clip(output, -1, 1) + 1) * np.float32(127.5)).astype(np.uint8)
    size = (image.shape[1], image.shape[0])
    to_mask = sight.within(to_crop(sight.points, contract.template, MASK))
    share = lay_back(box_mask() * np.float32(strength), to_mask, size, outside=False)
    matrix = sight.within(matrix)
    # What the restorer changed, not what it returned: two warps cost the picture nothing.
    difference = cv2.subtract(lay_back(face, matrix, size), lay_back(crop, matrix, size), dtype=cv2.CV_32F)
    change = cv2.multiply(difference, cv2.merge([share] * 3))
    return np.asarray(cv2.add(image, change, dtype=cv2.CV_8U), np.uint8)
