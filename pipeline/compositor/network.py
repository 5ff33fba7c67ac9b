"""From a network's rendering to the finished crop. Networks render the target's light themselves."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.detail import match_detail
from pipeline.compositor.mask import opacity
from pipeline.compositor.paste import blend
from pipeline.mesh import FaceView
from pipeline.mesh.reading import Reading
from pipeline.mesh.skin import Skin
from pipeline.options import Options, PaintedMask
from pipeline.types import FloatArray, ImageArray, Rendering

GAIN = (0.75, 1.33)
"""Bounds of what is done to a channel: a network that is further off has its reasons."""


def composite_lit(
    rendering: Rendering, view: FaceView, reading: Reading, options: Options, painted: PaintedMask
) -> ImageArray:
    """The crop with the new face in it: ``(h, w, 3)`` uint8 BGR, the crop's exact pixels where the face does not reach.

    Args:
        reading: what is known of the target's own face.
        painted: over the atlas, where this face stays the target's.
    """
    skin = reading.skin
    alpha = opacity(rendering, view, skin, options, painted)
    face = rendering.image
    gain = _tone_gain(face, alpha, view, skin, options.match_light)
    if gain is not None:
        face = np.asarray(cv2.transform(face, np.diag(gain)), np.uint8)
    if options.match_detail:
        face = match_detail(face, alpha, view, skin)
    if rendering.openings is not None:
        through = view.crop.image if rendering.through is None else rendering.through
        face = blend(face, through, rendering.openings)
    return blend(view.crop.image, face, alpha)


def _tone_gain(image: ImageArray, alpha: FloatArray, view: FaceView, skin: Skin, strength: float) -> FloatArray | None:
    """``(3,)``: what each channel of `image` is multiplied by for its skin to be as light and warm as the target's;
    ``None`` where it is so already, or nobody can tell.

    The ratio is the median over skin that both show, which neither brows nor beards of one of them move.
    """
    if strength <= 0:
        return None
    # Samples are enough for a median: nothing is averaged.
    ours, theirs, shown = (
        cv2.resize(picture, view.grid, interpolation=cv2.INTER_NEAREST) for picture in (image, view.crop.image, alpha)
    )
    bare = (view.fold(skin.trust) > 0.6) & (shown > 0.8)
    if np.count_nonzero(bare) < 50:
        return None
    ours, theirs = (picture[bare].astype(np.float32) + 4 for picture in (ours, theirs))
    gain = np.clip(np.median(theirs / ours, axis=0), *GAIN) ** np.float32(strength)
    if float(np.abs(gain - 1).max()) < 0.004:
        return None
    return np.asarray(gain, np.float32)
