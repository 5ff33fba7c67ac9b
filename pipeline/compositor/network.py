"""From a network's rendering to the finished crop. Networks render the target's light themselves."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.mask import opacity
from pipeline.compositor.paste import blend
from pipeline.mesh import FaceView
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray, Options, Rendering

GAIN = (0.75, 1.33)
"""Bounds of what is done to a channel: a network that is further off has its reasons."""


def composite_lit(rendering: Rendering, view: FaceView, skin: Skin, options: Options) -> ImageArray:
    """The crop with the new face in it: ``(h, w, 3)`` uint8 BGR, the crop's exact pixels where the face does not reach.

    Args:
        skin: what is known of the target's own face.
    """
    alpha = opacity(rendering, view, skin, keep_occluders=options.keep_occluders)
    face = _match_tone(rendering.image, alpha, view, skin, options.match_light)
    if rendering.openings is not None:
        through = view.crop.image if rendering.through is None else rendering.through
        face = blend(face, through, rendering.openings)
    return blend(view.crop.image, face, alpha)


def _match_tone(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin, strength: float) -> ImageArray:
    """`image` with each channel scaled so that its skin is as light and warm as the target's.

    The ratio is the median over skin that both show, which neither brows nor beards of one of them move.
    """
    if strength <= 0:
        return image
    width, height = view.grid
    small = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in (image, view.crop.image)]
    bare = (view.fold(skin.trust) > 0.6) & (cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA) > 0.8)
    if np.count_nonzero(bare) < 50:
        return image
    ours, theirs = (picture[bare].astype(np.float32) + 4 for picture in small)
    gain = np.clip(np.median(theirs / ours, axis=0), *GAIN) ** np.float32(strength)
    if float(np.abs(gain - 1).max()) < 0.004:
        return image
    return np.asarray(cv2.multiply(image, (*(float(value) for value in gain), 1.0), dtype=cv2.CV_8U), np.uint8)
