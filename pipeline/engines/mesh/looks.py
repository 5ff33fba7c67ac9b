"""What of a photo's looks is carried over: with or without glasses, beard and make-up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from pipeline.engines.mesh.beard import shaved
from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.evening import LIGHTER
from pipeline.engines.mesh.eyes import Found, Iris, taken_out
from pipeline.engines.mesh.withheld import Withheld
from pipeline.mesh.look_up import fourfold
from pipeline.mesh.relief import relief
from pipeline.mesh.topology import ZONES
from pipeline.options import Options
from pipeline.types import FloatArray, ImageArray

SMALLEST = 64
"""Side of the smallest level."""

_Relief = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class _Made:
    levels: tuple[ImageArray, ...]
    sheets: tuple[ImageArray, ...]
    irises: tuple[Iris, Iris] | None
    relief: _Relief | None


@dataclass(frozen=True)
class Carried:
    """What is carried over."""

    glasses: bool = False
    beard: bool = True
    makeup: bool = True

    @staticmethod
    def of(options: Options) -> Carried:
        return Carried(options.source_glasses, options.source_beard, options.source_makeup)


class Looks:
    """The unfolded face in all its looks, each made when it is first asked for. Thread-safe.

    Args:
        bare: ``(n, n, 3)`` uint8 BGR, evenly lit, without glasses.
        dressed: the same with the glasses of the photos; the same object where none are worn.
        tone: ``(3,)`` float32 BGR, the mean colour of the skin.
        deep: ``(3,)`` float32, the depth of hue of its shade.
        eyes: where the eyes lie, whose irises are taken out; ``None`` where they are not known.
        own: what the photos show.
    """

    def __init__(
        self,
        bare: ImageArray,
        dressed: ImageArray,
        tone: FloatArray,
        deep: FloatArray,
        eyes: tuple[Found, Found] | None,
        own: Withheld,
    ) -> None:
        self._bare, self._dressed, self._tone, self._deep = bare, dressed, tone, deep
        self._eyes, self._own = eyes, own
        self._lock = threading.Lock()
        self._made: dict[Carried, _Made] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets of it: everything that is made, but no lock."""
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"} | {"_made": dict(self._made)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def levels(self, carried: Carried) -> tuple[ImageArray, ...]:
        """The picture at full, half, quarter ... size: ``(n, n, 3)`` uint8 BGR."""
        return self._look(carried).levels

    def sheets(self, carried: Carried) -> tuple[ImageArray, ...]:
        """The same ``(n, n, 4)``, to be looked up in; see `look_up`."""
        return self._look(carried).sheets

    def irises(self, carried: Carried) -> tuple[Iris, Iris] | None:
        """The irises that it is without; ``None`` where it has them."""
        return self._look(carried).irises

    def relief(self, carried: Carried) -> _Relief | None:
        """``(96, 96, 3)`` float32 each: its relief, and what was taken from the photos'; ``None`` for nothing."""
        return self._look(carried).relief

    def _look(self, carried: Carried) -> _Made:
        if self._dressed is self._bare:
            carried = replace(carried, glasses=False)
        with self._lock:
            if carried not in self._made:
                self._made[carried] = self._make(carried)
            return self._made[carried]

    def _make(self, carried: Carried) -> _Made:
        picture, calm = self._calm(carried)
        blank = taken_out(picture, calm, self._eyes, self._tone) if self._eyes is not None else None
        levels = [calm if blank is None else blank[0]]
        while levels[-1].shape[0] > SMALLEST:
            half = levels[-1].shape[0] // 2
            levels.append(np.asarray(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA), np.uint8))
        sheets = tuple(fourfold(level) for level in levels)
        return _Made(tuple(levels), sheets, None if blank is None else blank[1], self._relief(calm, carried))

    def _calm(self, carried: Carried) -> tuple[ImageArray, ImageArray]:
        """A look, and the same as its skin is to be."""
        picture = self._dressed if carried.glasses else self._bare
        if not carried.beard:
            picture = shaved(picture, self._tone)
        return picture, calmed(picture, self._tone, self._deep, makeup=carried.makeup, glasses=carried.glasses)

    def _relief(self, calm: ImageArray, carried: Carried) -> _Relief | None:
        usual = calm if carried == Carried() else self._calm(Carried())[1]
        drawn, before = (self._departure(each) for each in (calm, usual))
        taken = self._own.taken(drawn, before)
        return None if taken is None else (drawn, taken)

    def _departure(self, picture: ImageArray) -> FloatArray:
        small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
        # By as much lighter as `evened` makes it.
        return relief(small, np.broadcast_to(self._tone + LIGHTER, small.shape).astype(np.float32))
