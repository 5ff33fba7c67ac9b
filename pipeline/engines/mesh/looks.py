"""What of a photo's looks is carried over: with or without glasses, beard and make-up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.engines.mesh.beard import shaved
from pipeline.engines.mesh.calm import calmed
from pipeline.engines.mesh.eyes import Found, Iris, taken_out
from pipeline.options import Options
from pipeline.types import FloatArray, ImageArray

SMALLEST = 64
"""Side of the smallest level."""

_Made = tuple[tuple[ImageArray, ...], tuple[Iris, Iris] | None]


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
    """

    def __init__(
        self,
        bare: ImageArray,
        dressed: ImageArray,
        tone: FloatArray,
        deep: FloatArray,
        eyes: tuple[Found, Found] | None = None,
    ) -> None:
        self._bare, self._dressed, self._tone, self._deep, self._eyes = bare, dressed, tone, deep, eyes
        self._lock = threading.Lock()
        self._made: dict[Carried, _Made] = {}

    def levels(self, carried: Carried) -> tuple[ImageArray, ...]:
        """The picture at full, half, quarter ... size: ``(n, n, 3)`` uint8 BGR."""
        return self._look(carried)[0]

    def irises(self, carried: Carried) -> tuple[Iris, Iris] | None:
        """The irises that it is without; ``None`` where it has them."""
        return self._look(carried)[1]

    def _look(self, carried: Carried) -> _Made:
        if self._dressed is self._bare:
            carried = replace(carried, glasses=False)
        with self._lock:
            if carried not in self._made:
                self._made[carried] = self._levels(carried)
            return self._made[carried]

    def _levels(self, carried: Carried) -> _Made:
        picture = self._dressed if carried.glasses else self._bare
        if not carried.beard:
            picture = shaved(picture, self._tone)
        calm = calmed(picture, self._tone, self._deep, makeup=carried.makeup, glasses=carried.glasses)
        blank = taken_out(picture, calm, self._eyes, self._tone) if self._eyes is not None else None
        levels = [calm if blank is None else blank[0]]
        while levels[-1].shape[0] > SMALLEST:
            half = levels[-1].shape[0] // 2
            levels.append(np.asarray(cv2.resize(levels[-1], (half, half), interpolation=cv2.INTER_AREA), np.uint8))
        return tuple(levels), None if blank is None else blank[1]
