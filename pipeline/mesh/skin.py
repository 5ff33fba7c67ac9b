"""Which parts of an unfolded face are bare, well seen skin, and under what light they are.

The light is taken to be what varies slowly over bare skin. First a smooth surface (a ridge-regularised quadratic in
atlas coordinates, fitted robustly to the logarithm of the colour) says what skin should look like at each place; then
what departs from it is told apart by where it is: dark at the rim is hair, dark on the cheek is shade.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.beard import Beard, beard_place
from pipeline.mesh.front import edge_map, find_front, front_of, logarithms, sharpened
from pipeline.mesh.maps import grey, ramp, thrice
from pipeline.mesh.relief import relief
from pipeline.mesh.shadows import FLOOR, with_edges
from pipeline.mesh.side_shade import find_side_shade, on_features
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

WIDE, NEAR = 0.16, 0.07
"""Blur radii (sigma) in parts of the atlas' side."""

STUBBLE = (0.05, 0.20)
"""How much darker a single place of a beard is that is hair rather than skin."""

SPECK = 0.3
"""How much of a place is covered that joins others to the outline."""
UNSEEN = 0.15
"""Cosine to the line of sight below which a place may as well lie outside."""

_SKIP = 11
"""Every eleventh texel is enough for a surface of six coefficients."""


@dataclass(frozen=True, eq=False)
class Skin:
    """What `read_skin` found; maps are ``(96, 96)`` over the atlas.

    Attributes:
        trust: float32, 1 on bare skin that is lit well enough, 0 on hair, beards, glasses, highlights and what is not
            seen.
        hair: float32, 1 where hair (or a hat) covers the rim of the face.
        front: float32, 1 where something is held before the face.
        dark: float32, 1 in shade so deep that nothing of the face is seen: what the target shows there stays.
        edge: ``(192, 192)`` float32, the same with its border on the picture's own edges; ``None`` where nothing is.
        light: ``(96, 96, 3)`` float32 BGR, the colour bare skin has or would have at each place.
        cast: the same with the edges of hard shadows, see `with_edges`.
        relief: ``(96, 96, 3)`` float32, how the face departs from `cast`, see `pipeline.mesh.relief`.
        beard: where one grows; ``None`` where none does. In `trust`, `light` and `cast` it is taken for shade, which
            looks natural on skin that has none.
        shade: ``(96, 96)`` float32, 1 where one side lies in such shade that the other one shows more; ``None`` where
            neither does, or nobody asks.
        ends: the two that it is the mean of, and how far it is from the first (0) to the last (1); ``None`` for what
            was read.
    """

    trust: FloatArray
    hair: FloatArray
    front: FloatArray
    dark: FloatArray
    edge: FloatArray | None
    light: FloatArray
    cast: FloatArray
    relief: FloatArray
    beard: Beard | None = None
    shade: FloatArray | None = None
    ends: tuple[Skin, Skin, float] | None = None
    _followed: dict[Hashable, tuple[object, FloatArray]] = field(default_factory=dict, init=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets of it: names may be of objects here."""
        return vars(self) | {"_followed": {}}

    def following(self, name: Hashable, tell: Callable[[Skin], FloatArray], of: object = None) -> FloatArray:
        """A map that follows from it, and changes as slowly as it does: told once of what was read, and the mean of two
        such maps of a mean.

        Args:
            name: of that map, the same for the same one.
            of: what it is told of besides, which the name may tell by identity.
        """
        known = self._followed.get(name)
        if known is None:
            if self.ends is None:
                told = tell(self)
            else:
                first, last, share = self.ends
                one, other = (end.following(name, tell, of) for end in (first, last))
                told = cv2.addWeighted(one, 1 - share, other, share, 0.0)
            known = self._followed[name] = of, told
        return known[1]

    def under_beard(self) -> Skin:
        """The same with light as it falls on skin under the beard: hair is dark by itself then."""
        if self.beard is None:
            return self
        light, cast = (cv2.multiply(each, self.beard.lift) for each in (self.light, self.cast))
        return replace(self, trust=self.trust * (1 - self.beard.hair), light=light, cast=cast, beard=None, ends=None)


def read_skin(unfolded: ImageArray, seen: FloatArray, *, cut: bool = False, chance: FloatArray | None = None) -> Skin:
    """Tell skin from what covers it.

    Args:
        unfolded: ``(192, 192, 3)`` uint8 BGR, a face on the atlas.
        seen: ``(96, 96)`` float32, how well each texel faces the camera, 0 to 1.
        cut: whether the border of the picture leaves too little of it to tell what is held before it.
        chance: ``(96, 96)`` float32, how likely something is, where that is known; see `front_chance`.
    """
    zones = topology()
    small = cv2.resize(unfolded, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    front = None
    if not cut:
        front = find_front(small, edge_map(unfolded), seen) if chance is None else front_of(chance)
    colour = small.astype(np.float32)
    logs = logarithms(small)
    open_skin = np.clip(seen * 2, 0, 1)
    if front is not None:
        open_skin = open_skin * (1 - cv2.dilate(front, np.ones((3, 3), np.uint8)))
    weight = zones.inner * open_skin
    if weight.sum() < 8:
        weight = zones.skin * open_skin + 1e-3
    expected = _expected(logs, weight, zones.skin * open_skin)

    depart, hue = _departure(logs, expected)
    shade = find_side_shade(cv2.subtract(logs, expected), open_skin)
    lit = 1.0 if shade is None else 1 - shade.alike
    foreign_hue = ramp(hue, 0.16, 0.34) * lit
    # Dark or of another hue at the rim is hair, about the mouth a beard; elsewhere it is shade, and shade is light too.
    open_ground = (1 - zones.rim) * (1 - zones.beard)
    deep = ramp(-depart, 1.4, 2.0) * zones.skin * open_ground
    deep = ramp(cv2.GaussianBlur(deep, (0, 0), 1.5), 0.35, 0.7)
    rim_dark = ramp(-depart, 0.24, 0.50) * zones.rim * lit
    glare = ramp(depart, 0.30, 0.60)
    rim_bright = ramp(depart, 0.45, 0.80) * zones.rim
    covered = cv2.max(cv2.max(rim_dark, rim_bright), foreign_hue * zones.rim) * (1 - zones.features)
    hair = _outwards(_across_features(_from_outside(covered, seen)))
    strange = cv2.max(foreign_hue, ramp(-depart, 0.45, 0.95) * lit) * (1 - open_ground)
    doubt = hair
    for other in (strange, glare, deep):
        doubt = cv2.max(doubt, other)
    edge = None
    if front is None:
        front = np.zeros_like(hair)
    else:
        # What it shades or reflects on is no measure of the light either.
        doubt = cv2.max(doubt, cv2.dilate(front, np.ones((5, 5), np.uint8)))
        edge = sharpened(front, unfolded)
    trust = zones.skin * ramp(seen, 0.08, 0.4) * (1 - doubt)
    light = _light(colour, trust, expected)
    beard = None
    where = beard_place(depart, seen)
    if where.max() > 0:
        # Without the beard skin is lighter than it seemed, and the beard darker.
        expected = _expected(logs, weight * (1 - where), zones.skin * open_skin * (1 - where))
        beard = _beard(where * ramp(-_departure(logs, expected)[0], *STUBBLE), colour, trust, light, expected)
    cast = with_edges(light, colour, trust)
    if shade is not None:
        cast = cv2.multiply(cast, on_features(shade, colour, cast, open_skin * (1 - hair)))
    side = None if shade is None else shade.alike
    return Skin(trust.astype(np.float32), hair, front, deep, edge, light, cast, relief(colour, cast), beard, side)


def _beard(hair: FloatArray, colour: FloatArray, trust: FloatArray, light: FloatArray, expected: FloatArray) -> Beard:
    """The beard whose hair is known, with the light as it is without it."""
    bare = _light(colour, (trust * (1 - hair)).astype(np.float32), expected)
    return Beard(np.asarray(hair, np.float32), cv2.divide(bare + FLOOR, light + FLOOR))


def _light(colour: FloatArray, trust: FloatArray, expected: FloatArray) -> FloatArray:
    """Normalised convolution (Knutsson & Westin 1993) of the trusted colour at two widths."""
    wide = spread_colour(colour, trust, WIDE * ZONES, (np.exp(expected) - FLOOR).astype(np.float32), 0.02)
    return spread_colour(colour, trust, NEAR * ZONES, wide, 0.12)


def spread_colour(
    colour: FloatArray, weight: FloatArray, sigma: float, fallback: FloatArray, pull: float
) -> FloatArray:
    """Colour at each place from the trusted ones around it; `fallback` where there are few. All ``(96, 96, ...)``."""
    # Blurred on a smaller grid: nothing finer is left anyway.
    step = next(step for step in (4, 2, 1) if sigma >= 2.5 * step or step == 1)
    blurred = []
    for values in (cv2.multiply(colour, thrice(weight)), weight):
        small = cv2.resize(values, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_CONSTANT)
        blurred.append(cv2.resize(small, (ZONES, ZONES), interpolation=cv2.INTER_LINEAR))
    total, mass = blurred
    filled: FloatArray = cv2.divide(cv2.scaleAdd(fallback, pull, total), thrice(mass + np.float32(pull)))
    return filled


@cache
def _basis() -> FloatArray:
    """``(128 * 128, 6)``: 1, x, y, x², xy, y² over the atlas, x and y from -1 to 1."""
    axis = np.linspace(-1, 1, ZONES, dtype=np.float32)
    x, y = (grid.ravel() for grid in np.meshgrid(axis, axis))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1)


def _expected(logs: FloatArray, first: FloatArray, bare: FloatArray) -> FloatArray:
    """``(96, 96, 3)``: what `logs` would be on bare skin, a surface fitted robustly.

    Args:
        first: weights of what is taken for bare skin at first.
        bare: of what may be; what lies far from the surface counts less the next time.
    """
    logs, first, bare = logs.reshape(-1, 1, 3)[::_SKIP], first.ravel()[::_SKIP], bare.ravel()[::_SKIP]
    solution = _surface(logs, first, ridge=0.5)
    for ridge in (0.08, 0.03):
        near = _likeness(logs, (_basis()[::_SKIP] @ solution)[:, None], dark=0.30, bright=0.30, hue=0.12)
        solution = _surface(logs, bare * (near[:, 0] + np.float32(1e-3)), ridge)
    result: FloatArray = (_basis() @ solution).reshape(ZONES, ZONES, 3)
    return result


def _surface(logs: FloatArray, weight: FloatArray, ridge: float) -> FloatArray:
    """``(6, 3)`` coefficients of a quadratic surface for each channel, a weighted ridge fit. Curvature is held back ten
    times as much as slope."""
    basis = _basis()[::_SKIP]
    weighted = basis * weight[:, None]
    mass = float(weight.sum()) + 1e-6
    penalty = np.diag(np.array([0, 1, 1, 10, 10, 10], np.float32) * ridge)
    solution = np.linalg.solve(weighted.T @ basis / mass + penalty + 1e-6 * np.eye(6, dtype=np.float32),
                               weighted.T @ logs[:, 0] / mass)  # fmt: skip
    return np.asarray(solution, np.float32)


def _likeness(logs: FloatArray, expected: FloatArray, dark: float, bright: float, hue: float) -> FloatArray:
    shade, tint = _departure(logs, expected)
    likeness: FloatArray = np.exp(-0.5 * ((shade / np.where(shade < 0, dark, bright)) ** 2 + (tint / hue) ** 2))
    return likeness


def _departure(logs: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much lighter (positive) than expected, and how much off in hue, both in logarithms."""
    difference = cv2.subtract(logs, expected)
    shade = grey(difference)
    blue, green, red = cv2.split(difference)
    hue = cv2.max(cv2.max(cv2.absdiff(blue, shade), cv2.absdiff(green, shade)), cv2.absdiff(red, shade))
    return shade, hue


def _from_outside(covered: FloatArray, seen: FloatArray) -> FloatArray:
    """`covered` without what reaches neither the outline nor what is not seen: hair hangs down from somewhere, a crease
    beside an eye does not."""
    outside = ((topology().face < 0.5) | (seen < UNSEEN)).astype(np.uint8)
    there = cv2.max(outside, (covered > SPECK).astype(np.uint8))
    _, labels = cv2.connectedComponents(there)
    hangs = (labels == labels[0, 0]).astype(np.float32)
    return cv2.multiply(covered, cv2.dilate(hangs, np.ones((3, 3), np.uint8)))


def _across_features(covered: FloatArray) -> FloatArray:
    """What covers the face both above and below the end of a brow covers the brow, too."""
    above, below = _rows()
    columns = np.arange(ZONES)
    return cv2.max(covered, cv2.min(covered[above, columns], covered[below, columns]))


@cache
def _rows() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """``(96, 96)`` each: the nearest rows above and below that are no feature."""
    row = np.arange(ZONES)[:, None]
    bare = topology().features < 0.5
    above = np.maximum.accumulate(np.where(bare, row, 0), axis=0)
    below = np.minimum.accumulate(np.where(bare, row, ZONES - 1)[::-1], axis=0)[::-1]
    return above, below


def _outwards(values: FloatArray) -> FloatArray:
    """Seen from the middle of the face, what lies behind hair is hair too: a running maximum along each ray."""
    centre = (ZONES / 2, float(topology().uv[168, 1] * ZONES))
    rays = cv2.warpPolar(values, (64, 180), centre, ZONES * 0.62, cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS)
    # Softened only then: before, a thin strip along the outline was lost.
    rays = cv2.GaussianBlur(cv2.blur(np.maximum.accumulate(rays, axis=1), (1, 9)), (5, 1), 0.9)
    spread: FloatArray = cv2.warpPolar(
        rays, (ZONES, ZONES), centre, ZONES * 0.62, cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP | cv2.WARP_FILL_OUTLIERS
    )
    return ramp(spread, 0.25, 0.75)
