"""Glasses on an unfolded face: whether there are any, and where their rims and reflections are.

Rims are thin lines, darker or lighter than the skin beside them, in a ring about the eyes. Lashes and wrinkles are that
too; but only glasses have a bridge across the nose root, where a bare face is smooth. So the bridge decides whether
there are glasses, and the lines then say where.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.maps import ramp
from pipeline.mesh.rims import rims
from pipeline.mesh.topology import topology
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.types import FloatArray, ImageArray

SIZE = 192
LINE = 7
"""Width of the widest line that counts, in texels of the atlas at `SIZE`."""
BRIDGE = (0.10, 0.165)
"""Contrast of the line across the nose root at which glasses begin to be, and are, believed in."""
CONTRAST = (0.30, 0.65)
"""The same for the rims, in parts of the bridge's contrast: they are of one piece with it, wrinkles are not."""
HINGE, INNER = (1.3, 1.75), 0.75
"""Where a thick upper rim reaches outwards to, as a brow does not, and inwards (eye corners lie at 1)."""
FAINT = (0.085, 0.15)
"""The same where glasses are to be removed: what is taken for a rim by mistake is filled in with skin."""
DARK = (0.38, 0.55)
"""How much darker than skin a thick rim is, and the shadow beside it; grey and fair brows are lighter."""
COOL = (0.25, 0.5)
"""How much bluer than skin the sky in a lens or on a rim is."""
GLARE = (0.35, 0.60)
"""How much lighter than skin a reflection on a lens is that hides it."""
NEAR_RIM = 4.0
"""How far from the middle of a rim its own edges and its shadow are seen, in texels."""


@dataclass(frozen=True, eq=False)
class Glasses:
    """Maps are ``(192, 192)`` float32 over the atlas.

    Attributes:
        rims: 1 on the rims, but for what lies on brows and eyes.
    """

    rims: FloatArray
    removal: _Removal

    @property
    def everything(self) -> FloatArray:
        """1 on rims, also over brows and lids, and on reflections beside the eyes."""
        return self.removal.maps[0]

    @property
    def lenses(self) -> FloatArray:
        """1 where something is seen through a lens, but for the eyes themselves."""
        return self.removal.maps[1]


def find_glasses(unfolded: ImageArray, light: FloatArray) -> Glasses | None:
    """The glasses on a face, or ``None`` where none are worn.

    Args:
        unfolded: ``(192, 192, 3)`` uint8 BGR, the face on the atlas.
        light: ``(96, 96, 3)`` float32 BGR, see `Skin.light`.
    """
    zones = _zones()
    eyes = unfolded[zones.window]
    shade = _shade(light)[zones.window]
    grey = cv2.cvtColor(eyes, cv2.COLOR_BGR2GRAY)
    luma = cv2.cvtColor(shade, cv2.COLOR_BGR2GRAY) + 8
    lines = _lines(grey) / luma
    crossing = _crossing(lines, zones.bridge)
    belief = float(ramp(crossing, *BRIDGE))
    if belief <= 0:
        return None
    smooth = cv2.GaussianBlur(lines, (0, 0), 0.8)
    found = ramp(smooth, *(part * float(crossing) for part in CONTRAST))
    rim = cv2.dilate(found, np.ones((3, 3), np.uint8)) * zones.ring
    rim = cv2.GaussianBlur(cv2.max(rim, _bar(grey, luma)) * np.float32(belief), (0, 0), 0.8)
    return Glasses(_whole(rim, zones.window), _Removal(unfolded, light, float(crossing), belief))


@dataclass(frozen=True, eq=False)
class _Removal:
    """What `Glasses.everything` is made of, if it is asked for."""

    unfolded: ImageArray
    light: FloatArray
    crossing: float
    belief: float

    @cached_property
    def maps(self) -> tuple[FloatArray, FloatArray]:
        """`Glasses.everything` and `Glasses.lenses`.

        The first are rims with all that is dark about them, the bridge, the hinges, and what shines in the lenses. What
        else is seen through a lens is the face's own: lids, bags and wrinkles.
        """
        shade = _shade(self.light)
        zones, three, five = _places(), np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)
        grey = cv2.cvtColor(self.unfolded, cv2.COLOR_BGR2GRAY)
        luma = cv2.cvtColor(shade, cv2.COLOR_BGR2GRAY) + 8
        lines = _lines(grey) / luma
        level = (cv2.GaussianBlur(grey, (0, 0), 0.7).astype(np.float32) + 8) / luma
        dark = ramp(1 - level, *DARK)
        closed = rims(np.minimum(cv2.max(lines / np.float32(self.crossing), dark), 1))
        glass, thin, near = _drawn(closed)
        bars = _of_one_piece(dark * (1 - zones.eyes) * zones.high, thin)
        found = cv2.dilate(ramp(lines, *FAINT), three) * cv2.max(near, zones.joints)
        shine = cv2.dilate(ramp(level - 1, *GLARE), three) * glass
        cool = cv2.dilate(ramp(_coolness(self.unfolded, shade), *COOL) * cv2.max(glass, near), five)
        worn = cv2.max(cv2.max(cv2.max(thin, found), cv2.dilate(bars, five)), cv2.max(shine, cool))
        free = (1 - zones.eyes) * np.float32(self.belief)
        return np.asarray(worn * free, np.float32), np.asarray(glass * free, np.float32)


def _drawn(closed: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``(192, 192)`` each: the lenses, their rims as thin lines, and what lies near these."""
    glass, line = np.zeros((SIZE, SIZE), np.uint8), np.zeros((SIZE, SIZE), np.uint8)
    corners = [np.round(rim).astype(np.int32) for rim in closed]
    cv2.fillPoly(glass, corners, 1)
    cv2.polylines(line, corners, True, 1, 3)
    distance = cv2.distanceTransform(1 - line, cv2.DIST_L2, 5)
    return glass.astype(np.float32), line.astype(np.float32), ramp(-distance, -NEAR_RIM, 1 - NEAR_RIM)


def _of_one_piece(dark: FloatArray, line: FloatArray) -> FloatArray:
    """What of `dark` is of one piece with the line: no brow, no hat, no lashes."""
    count, labels = cv2.connectedComponents((dark > 0.5).astype(np.uint8))
    held = _touched(labels, count, line > 0.5)
    held[0] = False
    return np.asarray(dark * held[labels], np.float32)


def _lines(grey: ImageArray) -> FloatArray:
    """Strength of thin dark lines, and of light ones a little less."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE, LINE))
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel).astype(np.float32)
    bright = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel).astype(np.float32)
    return cv2.max(dark, bright * np.float32(0.7))


def _shade(light: FloatArray) -> FloatArray:
    return cv2.resize(light, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)


def _whole(part: FloatArray, window: tuple[slice, slice]) -> FloatArray:
    result = np.zeros((SIZE, SIZE), np.float32)
    result[window] = part
    return result


@dataclass(frozen=True, eq=False)
class _Zones:
    """Maps over the window, the part of the atlas that glasses can reach."""

    window: tuple[slice, slice]
    ring: FloatArray
    bridge: FloatArray
    upper: FloatArray
    hinge: NDArray[np.bool_]
    middle: NDArray[np.bool_]
    left: NDArray[np.bool_]


@cache
def _zones() -> _Zones:
    """The ring about both eyes without brows and eyes; the nose root; where an upper rim is, its outer and inner end,
    and one half of the face."""
    mesh = topology()
    u, x, y = _axes()
    middle = mesh.uv[168]
    area = ((y > -0.42) & (y < 0.42) & (x < 1.75)).astype(np.float32)
    brows = ((y > -0.75) & (y < 0.42) & (x < 1.9) & ~(np.hypot((x - 0.62) / 0.42, y / 0.14) < 1)).astype(np.float32)
    features = cv2.resize(cv2.erode(mesh.features, np.ones((3, 3), np.uint8)), (SIZE, SIZE))
    eyes = np.hypot((x - 0.62) / 0.42, y / 0.14) < 1
    bridge = ((y > -0.22) & (y < 0.16) & (x < 0.16)).astype(np.float32)
    rows, columns = np.flatnonzero(brows.max(1)), np.flatnonzero(brows.max(0))
    window = slice(int(rows[0]) - 3, int(rows[-1]) + 4), slice(int(columns[0]) - 3, int(columns[-1]) + 4)
    ring = cv2.GaussianBlur(np.asarray(area * (features < 0.5), np.float32), (0, 0), 1.0)
    upper = ((y > -0.55) & (y < 0.1) & (x < HINGE[1]) & ~eyes).astype(np.float32)
    maps = (ring, bridge, upper)
    ends = ((x > HINGE[0]) & (x < HINGE[1]), x < INNER, u < middle[0])
    return _Zones(window, *(np.ascontiguousarray(zone[window]) for zone in (*maps, *ends)))


@dataclass(frozen=True, eq=False)
class _Places:
    """``(192, 192)`` float32: 1 in the eyes' openings; where bridge and hinges are; and above the folds beside the
    nose, where all that is dark and touches a rim is its own."""

    eyes: FloatArray
    joints: FloatArray
    high: FloatArray


@cache
def _places() -> _Places:
    _, x, y = _axes()
    eyes = np.zeros((SIZE, SIZE), np.uint8)
    for eye in (RIGHT_EYE, LEFT_EYE):
        cv2.fillPoly(eyes, [np.round(topology().uv[list(eye)] * SIZE - 0.5).astype(np.int32)], 1)
    bridge = (x < 0.2) & (y > -0.25) & (y < 0.16)
    hinges = (x > 1.2) & (x < 1.8) & (y > -0.4) & (y < 0.05)
    joints = cv2.GaussianBlur((bridge | hinges).astype(np.float32), (0, 0), 1.0)
    high = ((x < 1.8) & (y > -0.6) & (y < 0.25)).astype(np.float32)
    return _Places(cv2.GaussianBlur(eyes.astype(np.float32), (0, 0), 0.6), joints, high)


def _axes() -> tuple[NDArray[np.float64], ...]:
    """``(192, 192)`` each: across the atlas; from the middle line, eye corners at 1; down from the eyes, lip at 1."""
    mesh = topology()
    middle, outer, lip = mesh.uv[168], mesh.uv[263], mesh.uv[17]
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    return u, np.abs(u - middle[0]) / (outer[0] - middle[0]), (v - outer[1]) / (lip[1] - outer[1])


def _coolness(unfolded: ImageArray, shade: FloatArray) -> FloatArray:
    """How much more blue beside red there is than in skin, relatively."""
    colour = unfolded.astype(np.float32)
    own = (colour[..., 0] + 20) / (colour[..., 2] + 20)
    return np.asarray(own / ((shade[..., 0] + 20) / (shade[..., 2] + 20)) - 1, np.float32)


def _crossing(lines: FloatArray, bridge: FloatArray) -> np.floating:
    """Contrast of the line across the nose root: each column has to be crossed by one."""
    columns = np.flatnonzero(bridge.max(0) > 0.5)
    crossing = (lines * bridge)[:, columns].max(0)
    found: np.floating = np.sort(crossing)[int(0.3 * len(crossing))]
    return found


def _bar(grey: ImageArray, luma: FloatArray) -> FloatArray:
    """A thick dark upper rim: dark from above the eye out to the hinge, on both sides."""
    zones = _zones()
    dark = ramp(1 - (cv2.GaussianBlur(grey, (0, 0), 0.7).astype(np.float32) + 8) / luma, *DARK) * zones.upper
    count, labels = cv2.connectedComponents((dark > 0.5).astype(np.uint8))
    bars = _touched(labels, count, zones.hinge) & _touched(labels, count, zones.middle)
    bars[0] = False
    left = _touched(labels, count, zones.left)
    if not ((bars & left).any() and (bars & ~left).any()):
        return np.zeros_like(dark)
    return cv2.dilate(dark * bars[labels], np.ones((3, 3), np.uint8))


def _touched(labels: NDArray[np.int32], count: int, zone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the labels lie in a zone, at least in part."""
    return np.bincount(labels[zone], minlength=count) > 0
