"""Glasses on an unfolded face: whether there are any, and where their rims and reflections are.

Rims are thin lines, darker or lighter than the skin beside them, in a ring about the eyes. Lashes and wrinkles are that
too; but only glasses have a bridge across the nose root, where a bare face is smooth. So the bridge decides whether
there are glasses, and the lines then say where.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.mesh.topology import topology
from pipeline.types import FloatArray, ImageArray

SIZE = 192
LINE = 7
"""Width of the widest line that counts, in texels of the atlas at `SIZE`."""
BRIDGE = (0.10, 0.20)
"""Contrast of the line across the nose root at which glasses begin to be, and are, believed in."""
CONTRAST = (0.045, 0.11)
"""The same for the lines themselves."""
FAINT = (0.06, 0.14)
"""The same where glasses are to be removed: what is taken for a rim by mistake is filled in with skin."""
COOL = (0.25, 0.5)
"""How much bluer than skin the sky in a lens or on a rim is."""
GLARE = (0.16, 0.30)
"""How much lighter than skin a reflection on a lens is."""


@dataclass(frozen=True, eq=False)
class Glasses:
    """Maps are ``(192, 192)`` float32 over the atlas.

    Attributes:
        rims: 1 on the rims, but for what lies on brows and eyes.
        everything: 1 on rims, also over the brows, and on reflections beside the eyes.
    """

    rims: FloatArray
    everything: FloatArray


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
    belief = _believed(lines, zones.bridge)
    if belief <= 0:
        return None
    smooth = cv2.GaussianBlur(lines, (0, 0), 0.8)
    found = _ramp(smooth, *CONTRAST) * np.float32(belief)
    rims = cv2.GaussianBlur(cv2.dilate(found, np.ones((3, 3), np.uint8)) * zones.ring, (0, 0), 0.8)
    glare = _ramp((grey.astype(np.float32) + 8) / luma - 1, *GLARE) * np.float32(belief)
    faint = _ramp(smooth, *FAINT) * np.float32(belief)
    cool = _ramp(_coolness(eyes, shade), *COOL) * np.float32(belief) * zones.brows
    everything = cv2.dilate(cv2.max(faint, glare), np.ones((3, 3), np.uint8)) * zones.around
    everything = cv2.max(everything, cv2.dilate(cool, np.ones((5, 5), np.uint8)))
    return Glasses(_whole(rims, zones.window), _whole(everything, zones.window))


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
    around: FloatArray
    brows: FloatArray
    bridge: FloatArray


@cache
def _zones() -> _Zones:
    """The ring about both eyes without brows and eyes; the same without the eyes only; and the nose root."""
    mesh = topology()
    middle, outer, lip = mesh.uv[168], mesh.uv[263], mesh.uv[17]
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    x, y = np.abs(u - middle[0]) / (outer[0] - middle[0]), (v - outer[1]) / (lip[1] - outer[1])
    area = ((y > -0.42) & (y < 0.42) & (x < 1.75)).astype(np.float32)
    wide = ((y > -0.5) & (y < 0.42) & (x < 1.8)).astype(np.float32)
    brows = ((y > -0.75) & (y < 0.42) & (x < 1.9) & ~(np.hypot((x - 0.62) / 0.42, y / 0.14) < 1)).astype(np.float32)
    features = cv2.resize(cv2.erode(mesh.features, np.ones((3, 3), np.uint8)), (SIZE, SIZE))
    eyes = np.hypot((x - 0.62) / 0.42, y / 0.14) < 1
    bridge = ((y > -0.22) & (y < 0.16) & (x < 0.16)).astype(np.float32)
    rows, columns = np.flatnonzero(brows.max(1)), np.flatnonzero(brows.max(0))
    window = slice(int(rows[0]) - 3, int(rows[-1]) + 4), slice(int(columns[0]) - 3, int(columns[-1]) + 4)
    soft = [cv2.GaussianBlur(zone.astype(np.float32), (0, 0), 1.0) for zone in (area * (features < 0.5), wide * ~eyes)]
    return _Zones(window, *(np.ascontiguousarray(zone[window]) for zone in (*soft, brows, bridge)))


def _coolness(unfolded: ImageArray, shade: FloatArray) -> FloatArray:
    """How much more blue beside red there is than in skin, relatively."""
    colour = unfolded.astype(np.float32)
    own = (colour[..., 0] + 20) / (colour[..., 2] + 20)
    return np.asarray(own / ((shade[..., 0] + 20) / (shade[..., 2] + 20)) - 1, np.float32)


def _believed(lines: FloatArray, bridge: FloatArray) -> float:
    """How sure the line across the nose root is: each column has to be crossed by one."""
    columns = np.flatnonzero(bridge.max(0) > 0.5)
    crossing = (lines * bridge)[:, columns].max(0)
    return float(_ramp(np.sort(crossing)[int(0.3 * len(crossing))], *BRIDGE))


def _ramp(values: FloatArray | np.floating, low: float, high: float) -> FloatArray:
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
