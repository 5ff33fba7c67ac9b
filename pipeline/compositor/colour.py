"""The target's light on the new face."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from pipeline.compositor.fringe import fringe_shade
from pipeline.compositor.glare import unclipped
from pipeline.mesh import FaceView
from pipeline.mesh.hue import chroma_on, depth, depth_on, hair_on, paled, rehued, steady
from pipeline.mesh.maps import thrice
from pipeline.mesh.relief import given_back
from pipeline.mesh.skin import Skin
from pipeline.types import FloatArray, ImageArray, Rendering

GAIN_LOW, GAIN_HIGH = 0.01, 4.0
FULL = 244
"""Grey levels from which on a channel is nearly as light as it can be."""
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
    cast, glare = unclipped(skin.cast, skin.light, skin.trust, own)
    glaring = glare.max() > 0
    tone = _mean(np.maximum(skin.light, cast), skin.trust) if glaring else _mean(skin.light, skin.trust)
    wanted, hair, colourful = _hues(*(tuple(each.tolist()) for each in (steady(tone), own, deep)), strength)
    face = rehued(rendering.image, own, deep, wanted, hair)
    if colourful < NEARLY:
        face = paled(face, own, colourful)
    gain = cv2.divide(view.fold(_shown_light(rendering, skin, cast, colourful)), (*(own + 2).tolist(), 1.0))
    gain = cv2.min(cv2.max(gain, (GAIN_LOW,) * 4), (GAIN_HIGH,) * 4)
    if strength < 1:
        gain = gain ** np.float32(strength)
    gains = view.enlarge(gain)
    lit: ImageArray = cv2.multiply(face, gains, dtype=cv2.CV_8U)
    kept = view.enlarge(view.fold(1 - glare)) if glaring else None
    return _true_in_hue(lit, face, gains, int(np.argmax(own)), kept)


def _true_in_hue(
    lit: ImageArray, face: ImageArray, gains: FloatArray, channel: int, kept: FloatArray | None
) -> ImageArray:
    """What is too light for the picture, with the hue that it would have: cut off channel by channel it were white. It
    is changed in place.

    Args:
        lit: ``(h, w, 3)`` uint8 BGR, the face times the gains.
        face, gains: what it was made of.
        channel: the lightest of skin's.
        kept: ``(h, w)`` float32, how far hues are to be kept: where the target's own are cut off, the new face's are
            as well. All over when ``None``.
    """
    places = np.flatnonzero(cv2.extractChannel(lit, channel) >= FULL)
    if len(places) == 0:
        return lit
    wanted = face.reshape(-1, 3).take(places, 0) * gains.reshape(-1, 3).take(places, 0)
    lightest = wanted[:, channel]
    # Softly: what is lighter than can be shown is still lighter than what is not quite.
    over, rest = np.maximum(lightest - np.float32(FULL), 0), np.float32(255 - FULL)
    scale = (FULL + rest * over / (rest + over)) / np.maximum(lightest, FULL)
    whole = np.minimum(wanted * scale[:, None] + np.float32(0.5), 255)
    if kept is not None:
        share = kept.reshape(-1, 1)[places]
        whole = whole * share + np.minimum(wanted, 255) * (1 - share)
    lit.reshape(-1, 3)[places] = whole
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


def _shown_light(rendering: Rendering, skin: Skin, cast: FloatArray, colourful: float) -> FloatArray:
    """``(96, 96, 3)``: the target's light, of its `cast`, as the new face shows it."""
    of = rendering.relief, rendering.beard
    name = _change.__name__, *(id(each) for each in of), colourful
    return cv2.multiply(cast, skin.following(name, lambda read: _change(rendering, read, colourful), of))


def _change(rendering: Rendering, skin: Skin, colourful: float) -> FloatArray:
    """``(96, 96, 3)``, how many times as light the target's light is on the new face. The shade that a beard is on bare
    skin gives way where the new face has one itself, which were twice as dark; brows lie in the shade of hair beside
    them; and what of the photo's relief the target shows itself comes back."""
    theirs, change = skin.relief, np.ones_like(skin.cast)
    if rendering.beard is not None and skin.beard is not None:
        change = 1 + (skin.beard.lift - 1) * rendering.beard[..., None]
        theirs = cv2.subtract(theirs, cv2.log(change))
    shade = fringe_shade(skin)
    if shade is not None:
        change, theirs = cv2.multiply(change, cv2.exp(shade)), cv2.subtract(theirs, shade)
    if rendering.relief is not None:
        change = cv2.multiply(change, given_back(*rendering.relief, theirs, colourful))
    return change


def _mean(light: FloatArray, trust: FloatArray) -> FloatArray:
    """Mean colour of the target's skin, over what is lit well; of the whole where nothing is."""
    trust = trust + np.float32(1e-3)
    total = cv2.sumElems(cv2.multiply(light, thrice(trust)))[:3]
    return np.array(total, np.float32) / np.float32(cv2.sumElems(trust)[0])
