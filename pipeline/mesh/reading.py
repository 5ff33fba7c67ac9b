"""What is read of the target's own face in a frame, and what may be taken for it between two frames that were read.

Reading takes a third of the time that a frame does, and skin, light and glasses change slowly from frame to frame. So
where a face looks as it should between two that were read, its reading is the mean of theirs. Whether it does is told
from the face itself, laid out small on the atlas. Its light may become another as a whole, which is measured; a hand, a
shadow or hair that comes in, and a head that turns, make it one to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np

from pipeline.mesh.beard import Beard
from pipeline.mesh.front import edge_map, front_chance
from pipeline.mesh.glasses import Glasses, look_for
from pipeline.mesh.held import Held, held, upheld
from pipeline.mesh.maps import thrice
from pipeline.mesh.skin import Skin, read_skin
from pipeline.mesh.topology import ZONES, topology
from pipeline.mesh.view import FaceView
from pipeline.types import FloatArray, ImageArray

STRANGE = 8.0
"""Grey levels by which a place of a face may differ from the mean of two others. Brows, eyes and lips, which always
move, may by more: nothing is read there."""
WINDOW = (5, 5)
"""Texels over which it is told, so that grain does not count."""
MOVED = 0.3
"""By how much a place may be more, or less, in front of a face in one of two frames than in the other."""
BRIGHTER = 0.05
"""How much lighter or darker than the mean a channel of the whole face may be, as a share."""


Rims = FloatArray | None
"""``(192, 192)`` float32 over the atlas, 1 on the rims of glasses; ``None`` where none are worn."""


@dataclass(frozen=True, eq=False)
class Exact:
    """One face in one frame, as it was read.

    Attributes:
        skin: see `read_skin`.
        unfolded: ``(192, 192, 3)`` uint8 BGR, the face on the atlas.
        small: the same, ``(96, 96, 3)``.
        worn: gives the rims of its glasses where they are known from more than this frame.
        held: what other frames are told of what is held before it; ``None`` for nothing.
    """

    skin: Skin
    unfolded: ImageArray
    small: ImageArray
    worn: Callable[[], Rims] | None = None
    held: Held | None = None

    @cached_property
    def glasses(self) -> Glasses:
        return look_for(self.unfolded, self.skin.light, self.skin.trust)

    @cached_property
    def rims(self) -> Rims:
        if self.worn is not None:
            return self.worn()
        return self.glasses.rims if self.glasses.belief > 0 else None


@dataclass(frozen=True, eq=False)
class Mean:
    """The same face in a frame between two others.

    Attributes:
        skin: what it is taken for.
        worn: gives the rims of its glasses, when they are first asked for.
    """

    skin: Skin
    worn: Callable[[], Rims]

    @cached_property
    def rims(self) -> Rims:
        return self.worn()


Reading = Exact | Mean


def read(view: FaceView, beside: Sequence[Held] = ()) -> Exact:
    """All that can be told of the crop's own face.

    Args:
        beside: other frames of the film in which something is held before it.
    """
    if view.cut:
        return Exact(read_skin(view.unfolded, view.facing, cut=True), view.unfolded, view.small)
    chance = _chance(view)
    skin = read_skin(view.unfolded, view.facing, chance=upheld(chance, view.small, beside))
    return Exact(skin, view.unfolded, view.small, held=held(chance, view.small))


def held_before(view: FaceView) -> Held | None:
    """What is told to other frames of what is held before the crop's own face; ``None`` for nothing."""
    return None if view.cut else held(_chance(view), view.small)


def _chance(view: FaceView) -> FloatArray:
    """That something is held before each place of it, see `front_chance`."""
    small = cv2.resize(view.unfolded, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    return front_chance(small, edge_map(view.unfolded), view.facing)


def rims_between(first: Rims, last: Rims, share: float) -> Rims:
    """Those of a face between two others; where one of them has none they come, or go."""
    if first is None or last is None:
        one, share = (last, share) if first is None else (first, 1 - share)
        return None if one is None else one * np.float32(share)
    return _mean(first, last, share)


def glasses_on(view: FaceView, skin: Skin) -> Glasses:
    """What may be glasses on a face whose skin is known."""
    return look_for(view.unfolded, skin.light, skin.trust)


def between(first: Exact, last: Exact, share: float, view: FaceView) -> Skin | None:
    """What may be taken for the skin of a face between two others; ``None`` where it has to be read.

    Args:
        share: how far it is from the first (0) to the last (1).
    """
    one, other = first.skin, last.skin
    edge = _edge(one, other, share)
    if edge is None and (one.edge is not None or other.edge is not None):
        return None
    small = view.small
    expected = _mean(first.small, last.small, share)
    trust = _mean(one.trust, other.trust, share)
    gain = _gain(small, expected, trust)
    if np.abs(gain - 1).max() > BRIGHTER:
        return None
    if _strangest(small, expected, gain, edge is not None) > STRANGE:
        return None
    light, cast = (
        cv2.multiply(_mean(a, b, share), (*gain.tolist(), 0.0))
        for a, b in ((one.light, other.light), (one.cast, other.cast))
    )
    hair, front, dark = (
        _mean(a, b, share) for a, b in ((one.hair, other.hair), (one.front, other.front), (one.dark, other.dark))
    )
    beard = _beard(one.beard, other.beard, share)
    relief = _mean(one.relief, other.relief, share)
    return Skin(trust, hair, front, dark, edge, light, cast, relief, beard, ends=(one, other, share))


def _beard(one: Beard | None, other: Beard | None, share: float) -> Beard | None:
    """It comes and goes as others do: none is one without hair."""
    if one is None or other is None:
        one, other, share = (other, one, 1 - share) if one is None else (one, other, share)
        if one is None:
            return None
        return Beard(one.hair * np.float32(1 - share), 1 + (one.lift - 1) * np.float32(1 - share))
    return Beard(_mean(one.hair, other.hair, share), _mean(one.lift, other.lift, share))


def _edge(one: Skin, other: Skin, share: float) -> FloatArray | None:
    """The edge of what is held before a face, where that is at the same place in both."""
    if one.edge is None or other.edge is None or cv2.norm(one.front, other.front, cv2.NORM_INF) > MOVED:
        return None
    return _mean(one.edge, other.edge, share)


def _mean(first: FloatArray | ImageArray, last: FloatArray | ImageArray, share: float) -> FloatArray:
    mean: FloatArray = cv2.addWeighted(first, 1 - share, last, share, 0.0, dtype=cv2.CV_32F)
    return mean


def _gain(small: ImageArray, expected: FloatArray, trust: FloatArray) -> FloatArray:
    """``(3,)``: how much lighter the skin is than was expected, channel by channel."""
    weight = thrice(trust)
    ours, theirs = (
        np.array(cv2.sumElems(cv2.multiply(colour, weight, dtype=cv2.CV_32F))[:3]) for colour in (small, expected)
    )
    return np.asarray((ours + 1) / (theirs + 1), np.float32)


def _strangest(small: ImageArray, expected: FloatArray, gain: FloatArray, held: bool) -> float:
    """Grey levels of the greatest difference; where something is held before the face, also on brows, eyes and lips."""
    left = cv2.blur(cv2.subtract(small, cv2.multiply(expected, (*gain.tolist(), 0.0)), dtype=cv2.CV_32F), WINDOW)
    return float(cv2.norm(left, cv2.NORM_INF, _looked_at(held)))


@cache
def _looked_at(all_of_it: bool) -> ImageArray:
    """``(96, 96)`` uint8, not 0 where a face is compared."""
    mesh = topology()
    return np.asarray((mesh.face > 0.5) & (all_of_it | (mesh.features < 0.5)), np.uint8)
