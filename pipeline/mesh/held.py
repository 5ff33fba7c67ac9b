"""What is held before a face in a film, told from more than one frame.

The network of `pipeline.mesh.front` looks at single frames, and is surer of a hand in some than in others: a finger
would be painted over in every third one. What was seen before the face in two other frames is therefore followed to
where it is in this one, by its motion over the atlas, on which the face itself keeps its place (dense inverse search:
Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), and counts there as far as that place looks the
same. It only ever adds: what this frame alone shows is seen at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.mesh.front import SURE
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

POWER = 3
"""Of the mean of the chances: one frame that is sure counts more than one that is not."""
UNLIKE = 12.0
"""Grey levels by which a place may look different in another frame and still be the same one, mostly."""
LEAST = 0.1
"""How sure it is at least that both are the same place, for the other frame to count."""


@dataclass(frozen=True, eq=False)
class Held:
    """A frame in which something is held before the face.

    Attributes:
        chance: ``(96, 96)`` float32 over the atlas, see `front_chance`.
        small: ``(96, 96, 3)`` uint8 BGR, the face on the atlas.
    """

    chance: FloatArray
    small: ImageArray


def held(chance: FloatArray, small: ImageArray) -> Held | None:
    """What is told of a frame to others; ``None`` where nothing is held before the face.

    Args:
        chance, small: see `Held`.
    """
    return Held(chance, small) if float(cv2.norm(chance, cv2.NORM_INF, _within())) > SURE else None


def upheld(chance: FloatArray, small: ImageArray, others: Sequence[Held]) -> FloatArray:
    """``(96, 96)`` float32: `chance` of a frame, raised where other frames show what is held there.

    Args:
        chance, small: of this frame, see `Held`.
        others: some frames beside it.
    """
    if not others:
        return chance
    luma, total, mass = _luma(small), chance**POWER, np.ones_like(chance)
    # It keeps its buffers, so threads do not share one.
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    for other in others:
        places = _grid() + search.calc(luma, _luma(other.small), None)
        there = cv2.remap(other.chance, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        looks = cv2.remap(other.small, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        same = _same(small, looks)
        total += same * np.maximum(there, 0) ** POWER
        mass += same
    return np.asarray(np.maximum(chance, (total / mass) ** np.float32(1 / POWER)), np.float32)


def _same(one: ImageArray, other: ImageArray) -> FloatArray:
    """``(96, 96)`` float32, 1 where two pictures look the same."""
    blue, green, red = cv2.split(cv2.absdiff(one, other))
    apart = cv2.blur(cv2.max(cv2.max(blue, green), red).astype(np.float32), (3, 3)) / np.float32(UNLIKE)
    return np.asarray(np.maximum((np.exp(-apart * apart) - LEAST) / (1 - LEAST), 0), np.float32)


def _luma(small: ImageArray) -> ImageArray:
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


@cache
def _grid() -> FloatArray:
    axis = np.arange(ZONES, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis), -1)


@cache
def _within() -> ImageArray:
    """``(96, 96)`` uint8, not 0 on the face within its rim: hair that hangs there is no thing that is held."""
    mesh = topology()
    return np.asarray((mesh.face > 0.5) & (mesh.rim < 0.3), np.uint8)
