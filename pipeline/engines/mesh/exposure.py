"""Where a photo's light was so uneven that one side of the face tells more than the other."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray

LEAST = 0.02
"""What a place counts at least: where the other side tells nothing it is still the face."""
GLARE = (0.12, 0.30)
"""How much lighter than skin, and than the other side, a place is (in logarithms) that begins to be, and is, in glare:
a patch of light in the shade of a nose, which became as much too light as the skin about it was too dark."""


def exposure(flat: FloatArray, tone: FloatArray) -> FloatArray:
    """``(96, 96)`` float32, low in deep shadow and in glare, where the other side of the face tells more.

    A place lies in shadow if, after the light was evened out, it is still much darker than the same place on the other
    side; or, on bare skin, than skin is. Brows, eyes and beards are dark on both sides and keep their weight.

    Args:
        flat: ``(n, n, 3)`` float32 BGR, an unfolded photo without its light.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
    """
    small = cv2.GaussianBlur(cv2.resize(flat, (ZONES, ZONES), interpolation=cv2.INTER_AREA), (0, 0), 1.2).mean(-1)
    lit = max(float(tone.mean()), 1.0)
    to_skin, to_other = small / lit, (small + 6) / (small[:, ::-1] + 6)
    against_skin = np.clip((to_skin - 0.45) / 0.35, LEAST, 1)
    bare = cv2.GaussianBlur(topology().skin, (0, 0), 0.9)
    # Brows and eyes are never quite alike: there it has to be darker still. What the other side has in glare tells
    # nothing of this one.
    shade = np.maximum(to_other, (small + 6) / (lit * np.exp(GLARE[0]) + 6))
    against_other = np.clip((shade - 0.56 - 0.12 * bare) / 0.26, LEAST, 1)
    lighter = np.log(np.maximum(np.minimum(to_skin, to_other), 1e-3))
    glare = 1 - (1 - LEAST) * ramp(lighter, *GLARE)
    share = against_other * (1 - bare * (1 - against_skin)) * glare
    return cv2.GaussianBlur(share.astype(np.float32), (0, 0), 0.7)
