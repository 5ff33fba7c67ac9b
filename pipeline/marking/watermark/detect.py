"""Finding the mark and reading it: every scale, place and mirroring is tried, and the best ones are looked at closely.

What a find is worth is in `pipeline.marking.watermark.chance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.marking.watermark.chance import FALSE_ALARM, MISREADING, chance, threshold, together
from pipeline.marking.watermark.code import CHIPS, READINGS, Payload, decode
from pipeline.marking.watermark.pattern import TILE, Layout, layout
from pipeline.marking.watermark.spectrum import COARSE, FINE, WORK, Spectrum, places, spectrum_of, whitened
from pipeline.types import FloatArray, ImageArray

Extent = Literal["coarse", "all"]
"""Of the template: what outlives nearly everything, or what a still carries as well."""
_SMALLEST_SCALE, _LARGEST_SCALE = 0.4, 2.2
"""How large the whole marked frame may be beside what is looked at: below 1 it is a part of it (a screenshot), above 1
it was cropped."""
_COARSE_STEP, _FINE_STEP, _STEPS = 0.006, 0.001, 3
"""Between scales that are tried (as logarithms): first all over, then around what looked best, so many to each side."""
_GRIDS: dict[Extent, tuple[int, int]] = {"coarse": (64, 128), "all": (64, 192)}
"""Places that are tried across a tile: at first, and in the end."""
_ROUNDS, _CANDIDATES = 3, 8
"""How often a search begins (whole, at every scale, mirrored), and how many of the template's best places are then
looked at more finely, and read."""
_APART = 0.01
"""Two scales nearer than this (as logarithms) show the same place."""
_RINGS = (0, 7, 10, 13, 16, 18, 20, 22, 24, 26, 28, 32)
"""Cycles a tile between which the mark is taken to have outlived the same."""
_FAINT, _SURE = 0.08, 0.9
_BEYOND_DOUBT = 1 - 1e-9
"""Confidence at which nothing better is looked for."""


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        found: whether there is a mark; wrong less often than once in a million unmarked files.
        payload: what it says, ``None`` where it could not be read.
        confidence: 0 to 1; 1 minus the bound on the probability that an unmarked file looks like this.
        template_score, data_score: normalised correlations.
        scale: side of the marked frame over that of the picture looked at.
        mirrored: whether the picture is the mark's mirror image.
    """

    found: bool
    payload: Payload | None
    confidence: float
    template_score: float
    data_score: float
    scale: float
    mirrored: bool


@dataclass(frozen=True)
class _Place:
    score: float
    extent: Extent
    scale: float
    mirrored: bool
    shift: tuple[float, float]
    spectrum: Spectrum

    def near(self, other: _Place) -> bool:
        apart = abs(math.log(self.scale / other.scale)) >= _APART
        return not apart and (self.mirrored, self.extent) == (other.mirrored, other.extent)


def scales() -> NDArray[np.float64]:
    """Every scale that is tried at first; 1 is exactly among them."""
    steps = math.ceil(math.log(_LARGEST_SCALE) / _COARSE_STEP)
    below = math.ceil(-math.log(_SMALLEST_SCALE) / _COARSE_STEP)
    return np.asarray(np.exp(np.arange(-below, steps + 1) * _COARSE_STEP))


_PLACES = 2 * len(scales()) * (2 * _STEPS + 1) * sum(side**2 for pair in _GRIDS.values() for side in pair)
"""As if every scale were tried as finely as the best ones are, which bounds what a search that chooses can find."""
TEMPLATE_BAR = threshold(_PLACES)


def template_chance(score: float) -> float:
    return chance(_PLACES, score)


def data_chance(score: float) -> float:
    return chance(_ROUNDS * _CANDIDATES * READINGS, score)


def working_size(width: int, height: int) -> tuple[int, int]:
    """The size that frames of this size are best handed over in: more would only be reduced."""
    factor = min(1.0, 2 * WORK / math.sqrt(width * height))
    return max(1, round(width * factor)), max(1, round(height * factor))


class Detector:
    """Gathers frames of one size and looks for the mark in all of them together."""

    def __init__(self) -> None:
        self._sum: FloatArray | None = None

    def add(self, luma: ImageArray) -> None:
        """One frame, ``(height, width)`` uint8. Frames of another size than the first are left out."""
        white = whitened(luma)
        if self._sum is None:
            self._sum = white
        elif self._sum.shape == white.shape:
            self._sum += white

    def find(self) -> Found:
        """Search everything that was added: first as if it were whole and of the mark's own shape, then at every scale,
        and mirrored last. The search ends where there is no doubt; the bounds are those of all of it."""
        found = Found(False, None, 0.0, 0.0, 0.0, 1.0, False)
        if self._sum is None:
            return found
        for tried, mirrored in ((np.ones(1), False), (scales(), False), (scales(), True)):
            now = self._judged(tried, mirrored)
            if now.payload is not None and now.confidence > _BEYOND_DOUBT:
                return now
            found = max(found, now, key=lambda one: (one.found, one.payload is not None, one.template_score))
        return found

    def _judged(self, tried: NDArray[np.float64], mirrored: bool) -> Found:
        """The best of what is found at some scales."""
        refined = [self._refined(place) for place in _top(self._places(tried, mirrored))]
        place, payload, score = max(((place, *_read(place)) for place in refined), key=_likelihood)
        alone, read = template_chance(place.score), data_chance(score) if payload is not None else 1.0
        least = min(alone, together(alone, read))
        found = least <= FALSE_ALARM / 2
        if not found or read > MISREADING:
            payload = None
        sure = 1.0 - min(1.0, 2 * least) if found else 0.0
        return Found(found, payload, sure, place.score, score, place.scale, place.mirrored)

    def _places(self, tried: NDArray[np.float64], mirrored: bool) -> Iterator[_Place]:
        """The best places at each scale."""
        assert self._sum is not None
        for scale in tried.tolist():
            spectrum = spectrum_of(self._sum, scale, COARSE, mirrored)
            for extent in get_args(Extent):
                yield _best(spectrum, scale, mirrored, extent, _GRIDS[extent][0])

    def _refined(self, place: _Place) -> _Place:
        """The best place at scales very near to that of `place`."""
        assert self._sum is not None
        near = place.scale * np.exp(np.arange(-_STEPS, _STEPS + 1) * _FINE_STEP)
        extent, mirrored = place.extent, place.mirrored
        found = (
            _best(spectrum_of(self._sum, scale, FINE, mirrored), scale, mirrored, extent, _GRIDS[extent][1])
            for scale in near.tolist()
        )
        return max(found, key=lambda one: one.score)


def _likelihood(read: tuple[_Place, Payload | None, float]) -> float:
    """How well a place is accounted for by the mark: by what could be read in it first, then by its template."""
    place, payload, score = read
    return place.score**2 + (score**2 if payload is not None else 0.0)


def _top(found: Iterator[_Place]) -> list[_Place]:
    """The best ones, each of them once."""
    chosen: list[_Place] = []
    for place in sorted(found, key=lambda one: one.score, reverse=True):
        if not any(place.near(other) for other in chosen):
            chosen.append(place)
        if len(chosen) == _CANDIDATES:
            break
    return chosen


@cache
def _cut() -> tuple[tuple[Layout, slice, slice], ...]:
    """Each band's layout, and where its template and its data are among `places`."""
    bands, cut, begin = (layout("coarse"), layout("fine")), [], 0
    for band in bands:
        middle, end = begin + len(band.template), begin + len(band.template) + len(band.data)
        cut.append((band, slice(begin, middle), slice(middle, end)))
        begin = end
    return tuple(cut)


def _best(spectrum: Spectrum, scale: float, mirrored: bool, extent: Extent, side: int) -> _Place:
    """Where in the tile the template fits best, of `side` by `side` places."""
    crossed, energy = np.zeros((side, side // 2 + 1), np.complex128), 0.0
    for band, template, _ in _cut()[: 1 if extent == "coarse" else 2]:
        known = spectrum[template]
        energy += float(np.vdot(known, known).real)
        rows, columns = band.template.T
        crossed[rows % side, columns] = known * (band.template_signs[:, 0] - 1j * band.template_signs[:, 1])
        # The frequencies with kx = 0 are stored once, and their conjugates are asked for as well.
        alone = rows[columns == 0]
        crossed[-alone % side, 0] = np.conj(crossed[alone % side, 0])
    surface = np.fft.irfft2(crossed, (side, side)) * (side * side / 2)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    score = float(surface[row, column]) / (math.sqrt(energy) + 1e-12)
    return _Place(score, extent, scale, mirrored, (row * TILE / side, column * TILE / side), spectrum)


def _read(place: _Place) -> tuple[Payload | None, float]:
    """The payload, if its checksum fits, and the normalised correlation of all that carries it."""
    moved = place.spectrum * np.exp(places() @ np.array(place.shift) * (2j * np.pi / TILE))
    values = np.stack([moved.real, moved.imag], 1)
    radii = np.hypot(*places().T)
    weights = _weights(values, radii)
    chips, energy = np.zeros(CHIPS), 0.0
    for band, _, data in _cut():
        heard = values[data] * band.data_signs * weights[data, None]
        energy += float(np.sum(heard * heard))
        np.add.at(chips, band.order, heard.ravel())
    payload, score = decode(chips)
    return payload, score * float(np.linalg.norm(chips)) / (math.sqrt(energy) + 1e-12)


def _weights(values: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each frequency tells, by how well the template came through at its radius: signal over noise, as for the
    best sum of what is heard several times (maximal ratio combining: Brennan, *Linear diversity combining techniques*,
    1959)."""
    weights = np.zeros(len(radii))
    rings = np.digitize(radii, _RINGS)
    for ring in np.unique(rings):
        good = all_of = 0.0
        count = 0
        for band, template, _ in _cut():
            fits = (values[template] * band.template_signs)[rings[template] == ring]
            good, all_of, count = good + float(fits.sum()), all_of + float(np.sum(fits * fits)), count + fits.size
        clear = min(max(good / math.sqrt(all_of * count + 1e-12), _FAINT), _SURE)
        weights[rings == ring] = clear / (1 - clear * clear)
    return weights
