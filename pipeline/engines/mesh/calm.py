"""Skin of the photo brought to what skin may look like under somebody else's light.

A photo's own contrast (hard light, strong colours, red lids, a film's palette) looks natural in the photo and like a
bruise elsewhere. What departs from the skin's mean over a few millimetres is therefore held within bounds, lightness
and hue apart, and so is what is finer, within wider ones. What is no skin keeps its lightness (brows, lips, beards;
lids nearly all of it), and its hue within bounds of its own. What is darker may be as much deeper in hue as skin is.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.engines.mesh.brows import hairiness, strands
from pipeline.engines.mesh.lip_red import living
from pipeline.engines.mesh.nose import lopsided, underside
from pipeline.engines.mesh.speckles import without_speckles
from pipeline.engines.mesh.zones import Zones, zones_of
from pipeline.mesh.hue import FLOOR, deepened, measured_depth, own_hue
from pipeline.mesh.maps import grey
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import FloatArray, ImageArray

SIGMA = 1.3
"""Of the blur that parts the coarse from the fine, in texels of the 96 map."""

DARKER, LIGHTER = 0.56, 0.22
"""How far what is coarse on skin may depart in lightness, in logarithms: shade is more usual than shine."""
SIDE, GLEAM = 0.12, 0.15
"""How far it may be darker at the sides of the face, where it turns away and hair is near, and lighter: cheeks keep no
grey rim and no pale one, which a head turned the other way shows at full breadth, and chins no dark underside."""
FOREHEAD = 0.1
"""How far it may be lighter on a forehead, which shines above the brows: elsewhere those were pale bars."""
SOCKET = 0.7
"""How far it may be darker on lids, which else were bruised."""
RIDGED = 0.06
"""How far it may be darker on a brow's ridge without hair."""
SHEEN = 0.14
"""How far it may be lighter where brows are."""
DEEP_LID = 0.6
"""How dark skin between an eye and its brow is that has the deepest hue: what is darker keeps it, while hair has its
own."""
LIP = 0.03
"""How much darker than skin lips are by themselves."""
GLOSS, SHINE = 0.05, 0.12
DULL = 0.06
"""How much lighter than that lips may be, coarsely, and how much lighter than skin all together. Beyond it they shine,
and what shines by so much more has half its hue from the light."""
LINE, SPARKLE = 0.22, 0.22
"""How far a fine line, and a fine highlight, may depart from the skin beside it in lightness."""
GLITTER = 0.20
"""How far a fine highlight may on lids, which are stretched when the target's eyes are wider."""
FOLD, RIDGE, NOSTRIL, PARTING = 0.40, 0.30, 0.9, 0.5
"""How far skin may depart in lightness, coarse and fine together, and how much darker a nostril may be, and what parts
them. Held apart from each other only, a soft broad fold became a thin one as if drawn with a pen."""
RIM = 0.05
"""How much lighter than skin, and than what is about it, anything beside the hair of brows may be."""
MOUSTACHE = 1.1
"""How much darker than skin hair beside the upper lip may be: a black one in shade hid how far a mouth is open."""
UNDER = 0.11
"""How much darker a chin's underside may be, which is cut off where the face ends: a dark tuft was left of it."""
CONTRAST, FINE_CONTRAST = 0.09, 0.065
"""How much bare skin differs in lightness from itself (deviation, in logarithms), what is coarse and what is fine. Hard
light on old skin makes more; under soft light that were scratches."""

TINT, ANY_TINT, BROWS_TINT, LIPS_TINT = 0.02, 0.028, 0.13, 0.22
"""How far skin, what is neither skin nor hair nor lips, brows, and lips may depart in hue."""
FAIR = 0.4
"""How dark brows are that have a hue of their own; of half as dark ones only the skin's is left."""
NATURAL, UNPAINTED = 0.10, 0.02
"""The same without make-up, for lips and for what is neither skin nor lips."""
FINE_TINT = 0.022
"""The same for what is finer, on lips, too: files keep hue in blocks, and a line of lilac between lips is none."""
OF_HAIR = 0.5
"""How much of the hue that skin of its darkness has a beard lacks: what is dark about it is hair."""
SPREAD, FINE_SPREAD = 0.012, 0.006
"""How much bare skin differs in hue from itself (deviation, in logarithms), what is coarse and what is fine."""
STEEP = 8
"""How abruptly what is held together meets its bound: what is within keeps all its depth, which a face is known by."""

STRIP = 32768
"""Texels that are calculated at once: what is made of them stays in a processor's cache."""

PAINTED = (0.34, 0.48)
"""Departure in hue at which something begins to be, and is, no trick of the light but paint or a mark: it is kept."""
DEEPEST = 2.5
"""How many times as deep as the skin's own a hue may be and still count as the skin's."""


def calmed(
    picture: ImageArray, tone: FloatArray, deep: FloatArray, *, makeup: bool = True, glasses: bool = False
) -> ImageArray:
    """`picture` with the coarse contrast of its skin held back.

    Args:
        picture: ``(n, n, 3)`` uint8 BGR, an evenly lit face on the atlas.
        tone: ``(3,)`` float32 BGR, the mean colour of its skin.
        deep: ``(3,)`` float32, the depth of hue of its shade, see `shade_of`.
        makeup: whether paint is kept; else lips, lids and cheeks become as pale as bare ones.
        glasses: whether it wears some, whose rims lie on its lids.
    """
    size = picture.shape[0]
    logs = cv2.log(picture.astype(np.float32) + np.float32(FLOOR)) - np.log(tone + np.float32(FLOOR))
    # Coarse parts are changed on a small grid: nothing finer is left in them anyway.
    small = cv2.resize(logs, (2 * ZONES, 2 * ZONES), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(small, (0, 0), 2 * SIGMA)
    hairy, shade = hairiness(small.mean(-1)), grey(coarse)
    zones = zones_of(coarse.mean(-1), hairy, glasses=glasses)
    change = _coarse_change(coarse, zones.sized(2 * ZONES), deep, makeup=makeup)
    if makeup:
        change *= 1 - _painted(small, tone)
    change = cv2.resize(change.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    coarse = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    spots = without_speckles(grey(logs), zones.skin, zones.hairless)[..., None]
    sized, fine = zones.sized(size), logs - coarse
    for rows in _strips(size):
        fine[rows] += spots[rows] + deepened(spots[rows], deep)
    evenness = _evenness(fine, sized, deep)
    more = None if glasses else hairy * strands(grey(fine), shade)[..., None]
    result = np.empty_like(picture)
    for rows in _strips(size):
        level, part = grey(coarse[rows] + change[rows])[..., None], sized.rows(rows)
        added = spots[rows] if more is None else spots[rows] + more[rows]
        departure = change[rows] + added + deepened(spots[rows], deep)
        if more is not None:
            departure += deepened(more[rows], deep)
        departure += _fine_change(fine[rows], part, deep, evenness)
        departure += _together(grey(logs[rows] + departure)[..., None], part, deep)
        departure += _rims(grey(logs[rows] + departure)[..., None], level, part)
        lit = (picture[rows].astype(np.float32) + np.float32(FLOOR)) * cv2.exp(departure) - np.float32(FLOOR)
        result[rows] = np.clip(lit + np.float32(0.5), 0, 255)
    return result


def _strips(size: int) -> list[slice]:
    """Rows to be calculated at once: of a large atlas whole maps would go through memory at each step of arithmetic."""
    count = max(1, STRIP // size)
    return [slice(start, start + count) for start in range(0, size, count)]


def shade_of(picture: ImageArray, tone: FloatArray) -> FloatArray:
    """``(3,)`` float32, how the hue of this face goes with its darkness, see `measured_depth`."""
    small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32)
    mesh = topology()
    logs = np.log(small + FLOOR) - np.log(tone + FLOOR)
    return measured_depth(logs, np.maximum(mesh.skin, np.maximum(mesh.lids, mesh.brows)), tone)


def _coarse_change(coarse: FloatArray, zones: Zones, deep: FloatArray, *, makeup: bool) -> FloatArray:
    shown = coarse.mean(-1, keepdims=True)
    shade = shown + lopsided(shown, zones.bearded)
    even = _even(shade, zones.skin, CONTRAST)
    darker, lighter = (most + (side - most) * zones.sides for most, side in ((DARKER, SIDE), (LIGHTER, GLEAM)))
    lighter += np.minimum(FOREHEAD - lighter, 0) * zones.forehead
    held = shade + (np.where(shade < 0, _held(even, darker), _held(even, lighter)) - shade) * zones.skin
    # What is light among brows is skin, whatever hair is beside it.
    brow = np.where(shade < 0, (_held(shade, RIDGED) - shade) * (1 - zones.hairy), _held(shade, SHEEN) - shade)
    held += brow * zones.brows
    held += np.where(shade < 0, _cut(shade, SOCKET) - shade, 0) * zones.lids * (1 - zones.skin)
    held += underside(shade, zones.beneath) * (1 - zones.skin)
    gloss = np.where(shade > -LIP, shade + LIP - _cut(shade + LIP, GLOSS), 0) * zones.lips
    held -= gloss
    # Paint is dark without being in shade.
    shaded = 1.0 if makeup else 1 - zones.lips
    tint = _even(coarse - shown - _hue(shown, zones, deep) * shaded, zones.skin, SPREAD)
    # Between fair hairs skin shines through: paler than skin in shade they were green on somebody pink.
    tint -= tint * zones.brows * np.clip(2 + 2 * held / FAIR, 0, 1)
    # Dark hair and pupils have a strong hue in logarithms and none to the eye.
    other, hair, lip = (ANY_TINT, BROWS_TINT, LIPS_TINT) if makeup else (UNPAINTED, UNPAINTED, NATURAL)
    bound = TINT + (other - TINT + (hair - other) * zones.brows * (1 - zones.upper)) * (1 - zones.skin)
    bound += (lip / (1 + (gloss / DULL) ** 2) - bound) * zones.lips
    tint = living(_held(tint, bound), shade, zones.lips)
    return np.asarray(held + _hue(held, zones, deep) * shaded + tint - coarse, np.float32)


def _hue(shade: FloatArray, zones: Zones, deep: FloatArray) -> FloatArray:
    """``(n, n, 3)``: the hue that shade has, see `deepened`; on an upper lid, which has no hair, however dark it is;
    in a beard less of it."""
    hue = deepened(shade, deep)
    hairless = np.maximum(zones.upper, zones.nostrils)
    hue = hue + (deep * np.maximum(shade, -DEEP_LID) - hue) * hairless
    return np.asarray(hue * (1 - OF_HAIR * zones.bearded), np.float32)


def _evenness(fine: FloatArray, zones: Zones, deep: FloatArray) -> tuple[np.float32, np.float32]:
    """How much of its fine lightness and of its fine hue is left to bare skin, see `_share`."""
    sums = np.zeros(3)
    for rows in _strips(fine.shape[0]):
        part, luma = zones.rows(rows), grey(fine[rows])[..., None]
        tint = _fine_tint(fine[rows], luma, part, deep)
        sums += [(part.skin * luma * luma).sum(), (part.skin * tint * tint).sum() / 3, part.skin.sum()]
    lightness, hue = np.sqrt(sums[:2] / (sums[2] + 1e-6))
    return _share(float(lightness), FINE_CONTRAST), _share(float(hue), FINE_SPREAD)


def _fine_tint(fine: FloatArray, luma: FloatArray, zones: Zones, deep: FloatArray) -> FloatArray:
    return np.asarray(fine - luma - deepened(luma, deep) * (1 - OF_HAIR * zones.bearded), np.float32)


def _fine_change(
    fine: FloatArray, zones: Zones, deep: FloatArray, evenness: tuple[np.float32, np.float32]
) -> FloatArray:
    luma = grey(fine)[..., None]
    even = luma * evenness[0]
    held = luma + (np.where(luma < 0, _cut(even, LINE), _cut(even, SPARKLE)) - luma) * zones.skin
    lids = np.maximum(zones.lids * (1 - zones.skin), zones.upper)
    held += np.where(luma > 0, _cut(luma, GLITTER) - luma, 0) * lids
    tint = _held(_fine_tint(fine, luma, zones, deep) * evenness[1], FINE_TINT)
    return np.asarray(held + deepened(held, deep) * (1 - OF_HAIR * zones.bearded) + tint - fine, np.float32)


def _together(shade: FloatArray, zones: Zones, deep: FloatArray) -> FloatArray:
    """The change that leaves nothing on skin darker than a fold is under soft light, nor lighter than its ridge."""
    ridge, fold = _cut(shade, RIDGE, STEEP), _cut(shade, FOLD, STEEP)
    fold = fold + (_held(fold, UNDER) - fold) * zones.chin
    change = (np.where(shade < 0, fold, ridge) - shade) * zones.skin
    bright = (ridge - shade) * zones.lids + (_cut(shade, SHINE, STEEP) - shade) * (zones.lips + zones.nostrils)
    deepest = NOSTRIL + (PARTING - NOSTRIL) * zones.parting
    other = np.where(shade < 0, (_cut(shade, deepest, STEEP) - shade) * zones.nostrils, bright)
    change += other * (1 - zones.skin)
    hair = zones.bearded * (1 - zones.skin) * (1 - zones.nostrils)
    change += np.where(shade < 0, _cut(shade, MOUSTACHE, STEEP) - shade, 0) * hair
    return np.asarray(change + deepened(change, deep), np.float32)


def _rims(shade: FloatArray, level: FloatArray, zones: Zones) -> FloatArray:
    """The change that takes away the bright rims that sharpening drew about the hair of brows: what is lighter than
    skin, and than what is about it, which is `level`."""
    over = np.maximum(shade - np.maximum(level, 0), 0)
    return np.asarray((_cut(over, RIM, STEEP) - over) * zones.beside * np.float32(zones.hairy), np.float32)


def _even(values: FloatArray, skin: FloatArray, most: float) -> FloatArray:
    """`values` weaker where they differ more on bare skin than `most` (deviation): shine, and what a camera's
    sharpening and a file's compression made of it, is not the face's."""
    deviation = float(np.sqrt((skin * values * values).sum() / (values.shape[-1] * skin.sum() + 1e-6)))
    return np.asarray(values * _share(deviation, most), np.float32)


def _share(deviation: float, most: float) -> np.float32:
    return np.float32(min(1.0, most / max(deviation, 1e-6)))


def _painted(logs: FloatArray, tone: FloatArray) -> FloatArray:
    """``(n, n, 1)`` float32, 1 on what has a hue of its own: not the skin's, paler as shine is or deeper as shade."""
    own = own_hue(tone)
    near = cv2.GaussianBlur(logs, (0, 0), 0.8)
    hue = near - near.mean(-1, keepdims=True) + own
    deep = np.clip(hue @ own / max(float(own @ own), 1e-6), 0, DEEPEST)[..., None]
    t = _between(np.abs(hue - deep * own).max(-1), *PAINTED)
    return cv2.GaussianBlur(cv2.dilate(t, np.ones((3, 3), np.uint8)), (0, 0), 1.0)[..., None]


def _between(values: FloatArray, low: float, high: float) -> FloatArray:
    return np.clip((values - low) / (high - low), 0, 1).astype(np.float32)


def _held(values: FloatArray, bound: float | FloatArray) -> FloatArray:
    """Softly within plus and minus `bound`."""
    return np.asarray(values / np.sqrt(1 + (values / bound) ** 2), np.float32)


def _cut(values: FloatArray, bound: float | FloatArray, power: int = 4) -> FloatArray:
    """As `_held`, but what is well within the bound stays as it is, the more so the higher the power (4 or 8)."""
    high = np.asarray(values / bound, np.float32)
    for _ in range(power.bit_length() - 1):
        high *= high
    high += 1
    # Roots of roots take a tenth of the time of a power.
    for _ in range(power.bit_length() - 1):
        np.sqrt(high, out=high)
    return np.asarray(values / high, np.float32)
