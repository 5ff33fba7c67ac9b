"""What is held before a face: a hand, a card, a microphone, a mask.

A small network of our own (a U-Net on the atlas, made by `benchmarks.occluders`) says where. It was trained to tell
such things from shadows, highlights, beards and make-up, also where they have the colour of skin. Hair at the rim and
glasses are not its business; see `pipeline.mesh.skin` and `pipeline.mesh.glasses`.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.maps import ramp
from pipeline.mesh.topology import topology
from pipeline.models.front import front_network
from pipeline.types import FloatArray, ImageArray

FLOOR = 10.0
"""Added to colours before the logarithm; the network was trained with it."""
BELIEVED = (0.35, 0.65)
"""Chance at which a texel begins to count as in front, and does."""
SURE = 0.85
"""A thing counts only if somewhere the network is as sure as this."""
SMALLEST = 14
"""Texels that a thing has at least."""
LARGE, GAP = 200, 11
"""Texels from which on a thing has no gaps in it, nor between it and the outline of the face, that are narrower than so
many: there the network was less sure, as of a palm before a chin."""
GUIDE = 5
"""Radius of the filter that brings the border to the picture's own edges, in texels of the fine map."""


def find_front(small: ImageArray, edges: ImageArray, seen: FloatArray) -> FloatArray | None:
    """``(96, 96)`` float32 over the atlas, 1 where something is held before the face; ``None`` where nothing is.

    Args:
        small: ``(96, 96, 3)`` uint8 BGR, a face on the atlas.
        edges: ``(96, 96)`` uint8, see `edge_map`.
        seen: ``(96, 96)`` float32, how well each texel faces the camera, 0 to 1.
    """
    return front_of(front_chance(small, edges, seen))


def front_chance(small: ImageArray, edges: ImageArray, seen: FloatArray) -> FloatArray:
    """``(96, 96)`` float32 over the atlas: how likely something is held before each place. The arguments are those of
    `find_front`."""
    chance = front_network(*_window()).run(_inputs(small, edges, seen))
    return np.asarray(chance * np.clip(seen * 6, 0, 1) * topology().face, np.float32)


def front_of(chance: FloatArray) -> FloatArray | None:
    """See `find_front`, from what `front_chance` gave."""
    things = _things(chance)
    if not things.any():
        return None
    front = ramp(chance, *BELIEVED) * things
    return _whole(front) if front.sum() > LARGE else front


def edge_map(unfolded: ImageArray) -> ImageArray:
    """How hard the hardest edge about each texel is: what tells a thing from a shadow of the same shape and colour.

    Args:
        unfolded: ``(192, 192, 3)`` uint8 BGR.

    Returns:
        ``(96, 96)`` uint8: the step of the logarithm of the colour between neighbours, in 128ths.
    """
    near = np.ones((3, 3), np.uint8)
    # The logarithm keeps order: extremes are looked for among bytes, which is many times quicker.
    step = cv2.subtract(logarithms(cv2.dilate(unfolded, near)), logarithms(cv2.erode(unfolded, near)))
    blue, green, red = cv2.split(step)
    step = cv2.max(cv2.max(blue, green), red)
    rows = cv2.max(step[::2], step[1::2])
    half = np.maximum(rows[:, ::2], rows[:, 1::2])
    return np.asarray(np.minimum(half * 128, 255), np.uint8)


def logarithms(image: ImageArray) -> FloatArray:
    """Logarithm of each value of a uint8 picture plus `FLOOR`, float32."""
    table: FloatArray = cv2.LUT(image, _table())
    return table


@cache
def _table() -> FloatArray:
    return np.asarray(np.log(np.arange(256, dtype=np.float32) + np.float32(FLOOR)), np.float32)


def sharpened(front: FloatArray, unfolded: ImageArray) -> FloatArray:
    """`front` at the size of `unfolded`, its border moved to the nearest edge of the picture.

    A guided filter (He, Sun & Tang 2013) with the picture's luma as guide.

    Args:
        front: ``(96, 96)`` float32, see `find_front`.
        unfolded: ``(192, 192, 3)`` uint8 BGR.
    """
    whole = cv2.resize(front, unfolded.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    edge = np.zeros_like(whole)
    x, y, width, height = cv2.boundingRect((whole > 0).astype(np.uint8))
    # Nothing further away is looked at.
    reach = 2 * GUIDE
    part = slice(max(y - reach, 0), y + height + reach), slice(max(x - reach, 0), x + width + reach)
    edge[part] = _guided(np.ascontiguousarray(whole[part]), unfolded[part])
    return edge


def _guided(rough: FloatArray, picture: ImageArray) -> FloatArray:
    guide = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    window = (2 * GUIDE + 1, 2 * GUIDE + 1)
    mean, weight = cv2.blur(guide, window), cv2.blur(rough, window)
    variance = cv2.blur(guide * guide, window) - mean * mean
    slope = (cv2.blur(guide * rough, window) - mean * weight) / (variance + 4e-4)
    offset = weight - slope * mean
    guided = cv2.blur(slope, window) * guide + cv2.blur(offset, window)
    # Far from its border a thing stays whole, whatever is printed on it.
    near = cv2.blur(rough, (5, 5))
    guided = np.where(near > 0.99, 1, np.where(near < 0.01, 0, guided))
    return ramp(guided.astype(np.float32), 0.25, 0.75)


def _inputs(small: ImageArray, edges: ImageArray, seen: FloatArray) -> FloatArray:
    """``(1, 5, 96, 96)``: logarithms of BGR over the median of the middle of the face, how it is seen, and edges."""
    logs = logarithms(small)
    inner = logs[_middle()]
    median = np.partition(inner, len(inner) // 2, axis=0)[len(inner) // 2]
    face = np.empty((1, 5, *seen.shape), np.float32)
    np.subtract(logs.transpose(2, 0, 1), median[:, None, None], out=face[0, :3])
    face[0, 3] = seen
    np.multiply(edges, np.float32(1 / 128), out=face[0, 4])
    return face


@cache
def _window() -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of the map that the face lies in, with two more for what the network sees beside a place."""
    x, y, width, height = cv2.boundingRect((topology().face > 0).astype(np.uint8))
    rows, columns = ((first - 2 & ~1, last + 3 & ~1) for first, last in ((y, y + height), (x, x + width)))
    return rows, columns


@cache
def _middle() -> NDArray[np.bool_]:
    return topology().inner > 0.5


def _things(chance: FloatArray) -> NDArray[np.bool_]:
    """Connected texels that are large enough, and of which the network is sure somewhere."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((chance > BELIEVED[0]).astype(np.uint8))
    kept = np.zeros(count, bool)
    for label in range(1, count):
        kept[label] = stats[label, cv2.CC_STAT_AREA] >= SMALLEST and chance[labels == label].max() > SURE
    found: NDArray[np.bool_] = kept[labels]
    return found


def _whole(front: FloatArray) -> FloatArray:
    """`front` without its gaps."""
    face, disc = topology().face, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    # What is held before a face goes on beside it.
    beside = cv2.dilate(front, disc) * (1 - face)
    whole: FloatArray = cv2.morphologyEx(cv2.max(front, beside), cv2.MORPH_CLOSE, disc) * face
    return whole
