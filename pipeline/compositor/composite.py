"""From a rendering to the finished crop."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.compositor.colour import match_light
from pipeline.compositor.detail import match_detail
from pipeline.compositor.lids import own_lids
from pipeline.compositor.mask import opacity
from pipeline.compositor.matte import put_on
from pipeline.compositor.motion import moved
from pipeline.compositor.paste import blend
from pipeline.mesh import FaceView
from pipeline.mesh.reading import Reading
from pipeline.options import Options, PaintedMask
from pipeline.types import FloatArray, ImageArray, Rendering


def composite(
    rendering: Rendering, view: FaceView, reading: Reading, options: Options, painted: PaintedMask
) -> ImageArray:
    """The crop with the new face in it: ``(h, w, 3)`` uint8 BGR, the crop's exact pixels where the face does not reach.

    Args:
        reading: what is known of the target's own face.
        painted: over the atlas, where this face stays the target's.
    """
    skin = reading.skin
    alpha = opacity(rendering, view, skin, options, painted)
    face = match_light(rendering, view, skin, options.match_light)
    if options.match_detail:
        face, alpha = moved(face, alpha, view)
        face = match_detail(face, alpha, view, skin)
    openings = rendering.openings
    worn = reading.rims if options.keep_occluders else None
    through = view.crop.image if rendering.through is None else rendering.through
    if openings is not None:
        shown = own_lids(through, face, rendering.lids) if rendering.lids else through
        part = _extent(openings)
        face[part] = blend(face[part], shown[part], np.ascontiguousarray(openings[part]))
    if worn is not None:
        put_on(face, through, worn, view)
    return blend(view.crop.image, face, alpha)


def _extent(mask: FloatArray) -> tuple[slice, slice]:
    """Rows and columns outside of which the mask is 0."""
    x, y, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    return slice(y, y + height), slice(x, x + width)
