"""The target's light on the new face."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from pipeline.mesh import FaceView
from pipeline.mesh.hue import chroma_on, depth, depth_on, hair_on, paled, rehued, steady
from pipeline.mesh.maps import thrice
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray, Rendering

GAIN_LOW, GAIN_HIGH = 0.12, 4.0
NEARLY = 0.98
"""What keeps so much of its colour keeps all of it."""


def match_light(rendering: Rendering, view: FaceView, skin: Skin, strength: float) -> ImageArray:
    """The rendered face under the target's light.

    The evenly lit face is multiplied, colour channel by colour channel, by the ratio of the target's slowly varying
    skin colour to its own, as a change of light would do, after its shades got the depth of hue that the target's have.

    Args:
        skin: of the target's face in this view.
        strength: 0 leaves the image as it is, 1 applies the whole ratio.

    Returns:
        ``(h, w, 3)`` uint8 BGR of the crop's size.
    """
    if strength <= 0 or rendering.tone is None:
        return rendering.image
    own = rendering.tone
    deep = depth(own) if rendering.deep is None else rendering.deep
    wanted, hair, colourful = _hues(*(tuple(each.tolist()) for each in (steady(_tone(skin)), own, deep)), strength)
    face = rehued(rendering.image, own, deep, wanted, hair)
    if colourful < NEARLY:
        face = paled(face, own, colourful)
    gain = np.clip(view.fold(_cast(rendering, skin)) / (own + 2), GAIN_LOW, GAIN_HIGH)
    if strength < 1:
        gain = gain ** np.float32(strength)
    lit: ImageArray = cv2.multiply(face, view.enlarge(gain.astype(np.float32)), dtype=cv2.CV_8U)
    return lit


@lru_cache(maxsize=64)
def _hues(
    theirs: tuple[float, ...], own: tuple[float, ...], deep: tuple[float, ...], strength: float
) -> tuple[FloatArray, FloatArray, float]:
    """What `rehued` and `paled` are told, which hardly changes from frame to frame."""
    there, here, shade = (np.array(each, np.float32) for each in (theirs, own, deep))
    share = np.float32(min(strength, 1))
    wanted = shade + share * (depth_on(there, here, shade) - shade)
    return wanted, share * hair_on(there, here), 1 - float(share) * (1 - chroma_on(there, here))


def _cast(rendering: Rendering, skin: Skin) -> FloatArray:
    """``(96, 96, 3)``: the target's light. The shade that a beard is on bare skin gives way where the new face has one
    itself, which were twice as dark."""
    if rendering.beard is None or skin.beard is None:
        return skin.cast
    return cv2.multiply(skin.cast, 1 + (skin.beard.lift - 1) * rendering.beard[..., None])


def _tone(skin: Skin) -> FloatArray:
    """Mean colour of the target's skin, over what is lit well; of the whole where nothing is."""
    trust = skin.trust + np.float32(1e-3)
    mean: FloatArray = (cv2.multiply(skin.light, thrice(trust)).sum((0, 1)) / trust.sum()).astype(np.float32)
    return mean
