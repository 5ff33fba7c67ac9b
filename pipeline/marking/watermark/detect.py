"""Finding the mark and reading it.

**False alarms.** The mark's signs are random and fixed before any picture is seen. For whatever picture carries no
mark, the normalised correlation with them therefore exceeds *t* with a probability below ``exp(-t**2 / 2)`` (Hoeffding,
*Probability inequalities for sums of bounded random variables*, 1963), with no assumption about pictures. Over all
scales, places and mirrorings that are tried, and over all payloads that can be read, these probabilities add up at
most.

That bounds the chance of what the template shows, and of what the data show where the template was placed. Their signs
are independent, so the two chances are as well, and their product is at most *x* with a probability below
``x * (1 - log(x))`` (Fisher, *Statistical methods for research workers*, 4th edition, 1932, section 21.1): neither
needs to be beyond doubt where both together are. A mark is found where the template alone, or both together, are less
likely than half of one in a million.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.marking.watermark.code import READINGS, Payload, decode
from pipeline.marking.watermark.pattern import HIGH, TILE, TILES, layout
from pipeline.types import FloatArray, ImageArray

_WORK = 512
"""Side in which pictures are gathered before the search."""
_SMALLEST_SCALE, _LARGEST_SCALE = 0.4, 2.2
"""How large the whole marked frame may be beside what is looked at: below 1 it is a part of it (a screenshot), above 1
it was cropped."""
_COARSE_STEP, _FINE_STEP, _STEPS = 0.008, 0.001, 4
"""Between scales that are tried (as logarithms): first all over, then around what looked best, so many to each side."""
_FINE = 2
"""Places that are tried for each sample of the tile, in the end."""
_CANDIDATES = 5
"""Of the template's best places, how many are looked at more finely, and read."""
_DEVIATION, _CLIP, _LOUD = 2.0, 3.0, 2.5
_WIDE = 8.0
FALSE_ALARM = 1e-6
MISREADING = 1e-4
"""A payload counts as read where noise would be read as anything at all less often than this."""

Spectrum = NDArray[np.complex128]


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
    scale: float
    mirrored: bool
    shift: tuple[float, float]
    spectrum: Spectrum


def threshold(hypotheses: float, probability: float = FALSE_ALARM / 2) -> float:
    """The normalised correlation that none of so many hypotheses exceeds by chance, but with `probability`."""
    return math.sqrt(2 * math.log(hypotheses / probability))


def scales() -> NDArray[np.float64]:
    """Every scale that is tried at first; 1 is exactly among them."""
    steps = math.ceil(math.log(_LARGEST_SCALE) / _COARSE_STEP)
    below = math.ceil(-math.log(_SMALLEST_SCALE) / _COARSE_STEP)
    return np.asarray(np.exp(np.arange(-below, steps + 1) * _COARSE_STEP))


_PLACES = 2 * len(scales()) * (2 * _STEPS + 1) * (TILE * _FINE) ** 2
"""As if every scale were tried as finely as the best ones are, which bounds what a search that chooses can find."""
TEMPLATE_BAR = threshold(_PLACES)


def chance(hypotheses: float, score: float) -> float:
    """Bound on the probability that one of so many hypotheses correlates so well with what carries no mark."""
    return min(1.0, hypotheses * math.exp(-(max(0.0, score) ** 2) / 2))


def template_chance(score: float) -> float:
    return chance(_PLACES, score)


def data_chance(score: float) -> float:
    return chance(_CANDIDATES * READINGS, score)


def together(one: float, other: float) -> float:
    """Probability that the product of two independent chances is so small."""
    product = max(one * other, 1e-300)
    return min(1.0, product * (1 - math.log(product)))


def working_size(width: int, height: int) -> tuple[int, int]:
    """The size that frames of this size are best handed over in: more would only be reduced."""
    factor = min(1.0, 2 * _WORK / math.sqrt(width * height))
    return max(1, round(width * factor)), max(1, round(height * factor))


class Detector:
    """Gathers frames of one size and looks for the mark in all of them together."""

    def __init__(self) -> None:
        self._sum: FloatArray | None = None
        self._count = 0

    def add(self, luma: ImageArray) -> None:
        """One frame, ``(height, width)`` uint8. Frames of another size than the first are left out."""
        whitened = _whitened(luma)
        if self._sum is None:
            self._sum = whitened
        elif self._sum.shape == whitened.shape:
            self._sum += whitened
        self._count += 1

    def find(self) -> Found:
        """Search everything that was added."""
        if self._sum is None:
            return Found(False, None, 0.0, 0.0, 0.0, 1.0, False)
        places = [self._refined(place) for place in _top(self._places())]
        place, payload, score = max(((place, *decode(_chips(place))) for place in places), key=_likelihood)
        alone, read = template_chance(place.score), data_chance(score) if payload is not None else 1.0
        least = min(alone, together(alone, read))
        found = least <= FALSE_ALARM / 2
        if not found or read > MISREADING:
            payload = None
        sure = 1.0 - min(1.0, 2 * least) if found else 0.0
        return Found(found, payload, sure, place.score, score, place.scale, place.mirrored)

    def _places(self) -> Iterator[_Place]:
        """The best place at each scale, upright and mirrored."""
        assert self._sum is not None
        for scale in scales():
            spectrum = _spectrum(self._sum, float(scale))
            for mirrored in (False, True):
                yield _best(spectrum[1 if mirrored else 0], float(scale), mirrored, 1)

    def _refined(self, place: _Place) -> _Place:
        """The best place at scales very near to that of `place`."""
        assert self._sum is not None
        near = place.scale * np.exp(np.arange(-_STEPS, _STEPS + 1) * _FINE_STEP)
        found = (
            _best(_spectrum(self._sum, float(scale))[place.mirrored], float(scale), place.mirrored, _FINE)
            for scale in near
        )
        return max(found, key=lambda one: one.score)


def _likelihood(read: tuple[_Place, Payload | None, float]) -> float:
    """How well a place is accounted for by the mark: by what could be read in it first, then by its template."""
    place, payload, score = read
    return place.score**2 + (score**2 if payload is not None else 0.0)


def _top(places: Iterator[_Place]) -> list[_Place]:
    return sorted(places, key=lambda place: place.score, reverse=True)[:_CANDIDATES]


def _whitened(luma: ImageArray) -> FloatArray:
    """The frame at `_WORK`, its fine structure over how much of it there is around: busy places count no more than flat
    ones, as the mark is no more than a little stronger there."""
    height, width = luma.shape
    factor = _WORK / math.sqrt(width * height)
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR).astype(np.float32)
    fine = small - cv2.GaussianBlur(small, (0, 0), _WIDE)
    around = cv2.sqrt(cv2.GaussianBlur(cv2.multiply(fine, fine), (0, 0), _WIDE))
    return np.asarray(np.clip(fine / (around + _DEVIATION), -_CLIP, _CLIP), np.float32)


def _spectrum(whitened: FloatArray, scale: float) -> tuple[Spectrum, Spectrum]:
    """Spectra of the picture laid over itself tile by tile, as it is and mirrored; each frequency is brought to the
    strength that its neighbours have."""
    height, width = whitened.shape
    factor = TILE * TILES / (math.sqrt(width * height) * scale)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(whitened, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    padded = np.pad(small, ((0, -size[1] % TILE), (0, -size[0] % TILE)))
    laid = padded.reshape(padded.shape[0] // TILE, TILE, -1, TILE).sum((0, 2))
    half = np.fft.fft2(laid)
    return _even(half), _even(np.roll(half[:, ::-1], 1, 1))


def _even(spectrum: Spectrum) -> Spectrum:
    where = layout()
    places = np.concatenate([where.template, where.data])
    picked = spectrum[places[:, 0] % TILE, places[:, 1]]
    radius = np.log(np.hypot(places[:, 0], places[:, 1]))
    slope = np.polynomial.polynomial.polyfit(radius, np.log(np.abs(picked) + 1e-9), 1)
    picked = picked * np.exp(-np.polynomial.polynomial.polyval(radius, slope))
    return np.asarray(picked / np.maximum(1.0, np.abs(picked) / _LOUD))


def _best(picked: Spectrum, scale: float, mirrored: bool, fine: int) -> _Place:
    """Where in the tile the template fits best, looked for `fine` times in each sample."""
    where = layout()
    known = picked[: len(where.template)]
    side = TILE * fine
    crossed = np.zeros((side, side // 2 + 1), np.complex128)
    conjugate = where.template_signs[:, 0] - 1j * where.template_signs[:, 1]
    crossed[where.template[:, 0] % side, where.template[:, 1]] = known * conjugate
    # The frequencies with kx = 0 are stored once, and their conjugates are asked for as well.
    alone = where.template[where.template[:, 1] == 0]
    crossed[-alone[:, 0] % side, 0] = np.conj(crossed[alone[:, 0] % side, 0])
    surface = np.fft.irfft2(crossed, (side, side)) * (side * side / 2)
    score = surface / (np.linalg.norm(known) + 1e-12)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    return _Place(float(score.max()), scale, mirrored, (row / fine, column / fine), picked)


def _chips(place: _Place) -> NDArray[np.float64]:
    """The data's chips, moved to where the template was found."""
    where = layout()
    turn = where.data @ np.array(place.shift) * (2j * np.pi / TILE)
    moved = place.spectrum[len(where.template) :] * np.exp(turn)
    values = (np.stack([moved.real, moved.imag], 1) * where.data_signs).ravel()
    chips = np.empty_like(values)
    chips[where.order] = values
    return chips


assert HIGH <= TILE / 2
