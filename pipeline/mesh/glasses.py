"""Glasses on an unfolded face: whether there are any, and where their rims and reflections are.

Rims are thin lines, darker or lighter than the skin beside them, in a ring about the eyes. Lashes and wrinkles are that
too; but only glasses have a bridge across the nose root, where a bare face is smooth. So the bridge decides whether
there are glasses, and the lines then say where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.lenses import Lenses, around, lenses
from pipeline.mesh.maps import ramp
from pipeline.mesh.rims import along_rays, closed
from pipeline.mesh.seats import LINE, SIZE, seats
from pipeline.mesh.unlike import REACH, unlike_skin
from pipeline.types import FloatArray, ImageArray

BRIDGE = (0.10, 0.165)
"""Contrast of the line across the nose root at which glasses begin to be, and are, believed in."""
USUAL, TRUSTED = 0.18, 0.25
"""What a bridge is taken to have where a hand or the picture's border hides it, as less than so much of it is bare."""
WHOLE = (0.18, 0.28)
"""Strength of the line, in parts of a bridge's, that the better rim has nearly all along, at which glasses begin to be,
and are, believed in without a bridge. Bare faces: up to 0.15; thin metal: 0.26 to 0.47."""
CONTRAST = (0.30, 0.65)
"""The same for the rims, in parts of the bridge's contrast: they are of one piece with it, wrinkles are not."""
FAINT = (0.085, 0.15)
"""The same where glasses are to be removed: what is taken for a rim by mistake is filled in with skin."""
DARK = (0.38, 0.55)
"""How much darker than skin a thick rim is, and the shadow beside it; grey and fair brows are lighter."""
COOL = (0.25, 0.5)
"""How much bluer than skin the sky in a lens or on a rim is."""
GLARE = (0.35, 0.60)
"""How much lighter than skin a reflection on a lens is that hides it."""
SLIM = 2.3
"""What brings a line one texel wide back to its strength after the blur that makes it smooth."""
FOREIGN = (0.20, 0.40)
"""How unlike skin (in logarithms) something is that begins to be, and is, a rim."""
ABOVE = (9.0, 5.0)
"""How far above the line across the nose root nothing is its bridge, and everything that is found is, in texels."""
RIM_EDGE = 0.6
"""Blur radius (sigma), in texels, of the border of a rim."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What one frame tells the next ones of its glasses.

    Attributes:
        crossing, hidden: see `Glasses`.
        rays: see `along_rays`.
    """

    crossing: float
    hidden: bool
    rays: FloatArray


@dataclass(frozen=True, eq=False)
class Glasses:
    """Glasses that are believed to be on a face. Maps are ``(192, 192)`` float32 over the atlas, each made when it is
    first asked for.

    Attributes:
        unfolded: ``(192, 192, 3)`` uint8 BGR, the face on the atlas.
        shade: the same of what its skin would be under its light.
        crossing: contrast of the line across the nose root, or what it usually is.
        hidden: whether that line cannot be seen: the rims decide then.
        rays: what is seen along rays from the eyes, see `along_rays`, where that is known from more than this picture.
    """

    unfolded: ImageArray
    shade: FloatArray
    crossing: float
    hidden: bool
    rays: FloatArray | None = None

    @cached_property
    def belief(self) -> float:
        """0 where none are worn, to 1."""
        return float(ramp(self._whole, *WHOLE) if self.hidden else ramp(np.float32(self.crossing), *BRIDGE))

    @cached_property
    def trace(self) -> Trace:
        lines = self._lines / np.float32(self.crossing)
        return Trace(self.crossing, self.hidden, along_rays(np.minimum(cv2.max(lines, self._dark), 1)))

    def after(self, traces: Sequence[Trace]) -> Glasses:
        """The same in a film of which some frames before are known. Glasses do not change from frame to frame, but what
        is seen of thin ones does: before a brow that is raised, one of its edges is as good a line."""
        traces = (self.trace, *traces)
        seen = [trace.crossing for trace in traces if not trace.hidden]
        rays = sum((trace.rays for trace in traces), np.zeros_like(self.trace.rays)) / np.float32(len(traces))
        return replace(self, crossing=float(np.mean(seen or self.crossing)), hidden=not seen, rays=rays)

    @cached_property
    def rims(self) -> FloatArray:
        """1 on the rims themselves. What is taken for one by mistake shows the target's own skin."""
        three, closed, brows = np.ones((3, 3), np.uint8), self._closed, 1 - seats().brows
        bounds = tuple(part * self.crossing for part in CONTRAST)
        found = cv2.dilate(ramp(cv2.GaussianBlur(self._lines, (0, 0), 0.8), *bounds), three)
        # Wrinkles and shade beside a rim are as strong lines, but skin by their colour.
        foreign = ramp(self._unlike(found), *FOREIGN)
        joints = found * self._joints
        bars = cv2.dilate(self._bars, three) * foreign
        # Beside a brow every hair is a line.
        line = cv2.max(found * foreign * closed.beside, closed.sure) * brows
        rim = cv2.max(cv2.max(line, joints), bars) * self._free
        # On a brow nothing but the rim itself: what is beside it there is the target's brow, a second one.
        slim = np.minimum(cv2.GaussianBlur(closed.slim, (0, 0), 0.8) * np.float32(SLIM), 1)
        return np.asarray(cv2.max(cv2.GaussianBlur(rim, (0, 0), RIM_EDGE), slim * self._free), np.float32)

    @property
    def _joints(self) -> FloatArray:
        """Where bridge and hinges are: across the nose root no farther up than the bridge, as a frown's lines are."""
        places = seats()
        crossed = (self._lines * places.bridge)[places.nose]
        # Each column tells, softly: of two lines that are alike grain makes now one the stronger and now the other.
        weight = (crossed / (crossed.max(0) + np.float32(1e-3))) ** 4
        rows = np.arange(SIZE, dtype=np.float32)[:, None]
        row = float((weight * rows[places.nose[0]]).sum() / max(float(weight.sum()), 1e-3))
        joints = places.joints.copy()
        joints[:, places.nose[1]] *= ramp(rows - row, -ABOVE[0], -ABOVE[1])
        return joints

    def _unlike(self, found: FloatArray) -> FloatArray:
        """How unlike skin everything is that may be a rim, told by what lies beside the lines that were found, rims and
        eyes."""
        three, places, closed = np.ones((3, 3), np.uint8), seats(), self._closed
        lines = cv2.max(found * cv2.max(closed.near, places.joints), closed.thin)
        bars = cv2.dilate(self._bars, three)
        bare = places.tells * (1 - cv2.dilate(cv2.max(lines, bars), three))
        unlike = np.zeros_like(bare)
        part = around(cv2.max(closed.beside, bars), REACH)
        unlike[part] = unlike_skin(self.unfolded[part], self.shade[part], bare[part])
        return unlike

    @cached_property
    def everything(self) -> FloatArray:
        """1 on rims with all that is dark about them, the bridge, the hinges, and what shines in the lenses. What else
        is seen through a lens is the face's own: lids, bags and wrinkles."""
        three, five, closed = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8), self._closed
        found = cv2.dilate(ramp(self._lines, *FAINT), three) * cv2.max(closed.near, seats().joints)
        shine = cv2.dilate(ramp(self._level - 1, *GLARE), three) * closed.glass
        coolness = _coolness(self.unfolded, self.shade)
        cool = cv2.dilate(ramp(coolness, *COOL) * cv2.max(closed.glass, closed.near), five)
        worn = cv2.max(cv2.max(cv2.max(closed.thin, found), cv2.dilate(self._bars, five)), cv2.max(shine, cool))
        return np.asarray(worn * self._free, np.float32)

    @property
    def lenses(self) -> FloatArray:
        """1 where something is seen through a lens, but for the eyes themselves."""
        return np.asarray(self._closed.glass * self._free, np.float32)

    @cached_property
    def _grey(self) -> ImageArray:
        return np.asarray(cv2.cvtColor(self.unfolded, cv2.COLOR_BGR2GRAY), np.uint8)

    @cached_property
    def _luma(self) -> FloatArray:
        return _luma(self.shade)

    @cached_property
    def _lines(self) -> FloatArray:
        return np.asarray(_lines(self._grey) / self._luma, np.float32)

    @cached_property
    def _level(self) -> FloatArray:
        """How light it is, in parts of what skin is."""
        return np.asarray((cv2.GaussianBlur(self._grey, (0, 0), 0.7).astype(np.float32) + 8) / self._luma, np.float32)

    @cached_property
    def _dark(self) -> FloatArray:
        return ramp(1 - self._level, *DARK)

    @property
    def _whole(self) -> np.float32:
        """How much of a line the better rim has nearly all along."""
        return np.float32(max(np.quantile(rim[:, 2], 0.3) for rim in self._paths))

    @cached_property
    def _paths(self) -> tuple[FloatArray, ...]:
        return closed(self.trace.rays if self.rays is None else self.rays, SIZE)

    @cached_property
    def _closed(self) -> Lenses:
        return lenses(self._paths)

    @cached_property
    def _bars(self) -> FloatArray:
        """Thick dark rims."""
        return _of_one_piece(self._dark * (1 - seats().eyes) * seats().high, self._closed.thin)

    @property
    def _free(self) -> FloatArray:
        """How much it counts, besides eyes."""
        return np.asarray((1 - seats().eyes) * np.float32(self.belief), np.float32)


def find_glasses(unfolded: ImageArray, light: FloatArray, trust: FloatArray | None = None) -> Glasses | None:
    """The glasses on a face, or ``None`` where none are worn. See `look_for`."""
    worn = look_for(unfolded, light, trust)
    return worn if worn.belief > 0 else None


def look_for(unfolded: ImageArray, light: FloatArray, trust: FloatArray | None = None) -> Glasses:
    """What may be glasses on a face.

    Args:
        unfolded: ``(192, 192, 3)`` uint8 BGR, the face on the atlas.
        light: ``(96, 96, 3)`` float32 BGR, see `Skin.light`.
        trust: ``(96, 96)`` float32, see `Skin.trust`: where it says that the bridge is hidden, the rims decide.
    """
    shade = np.asarray(cv2.resize(light, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), np.float32)
    hidden = trust is not None and _hidden(trust)
    return Glasses(unfolded, shade, USUAL if hidden else _across(unfolded, shade), hidden)


def _across(unfolded: ImageArray, shade: FloatArray) -> float:
    """Contrast of the line across the nose root."""
    nose = seats().nose
    grey = np.asarray(cv2.cvtColor(unfolded[nose], cv2.COLOR_BGR2GRAY), np.uint8)
    return float(_crossing(_lines(grey) / _luma(shade[nose]), seats().bridge[nose]))


def _hidden(trust: FloatArray) -> bool:
    """Whether the bridge is."""
    half = cv2.resize(seats().bridge, trust.shape[::-1], interpolation=cv2.INTER_AREA)
    return float((trust * half).sum() / half.sum()) < TRUSTED


def _of_one_piece(dark: FloatArray, line: FloatArray) -> FloatArray:
    """What of `dark` is of one piece with the line: no brow, no hat, no lashes."""
    count, labels = cv2.connectedComponents((dark > 0.5).astype(np.uint8))
    held = _touched(labels, count, line > 0.5)
    held[0] = False
    return np.asarray(dark * held.take(labels), np.float32)


def _lines(grey: ImageArray) -> FloatArray:
    """Strength of thin dark lines, and of light ones a little less."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE, LINE))
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel).astype(np.float32)
    bright = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel).astype(np.float32)
    return cv2.max(dark, bright * np.float32(0.7))


def _luma(shade: FloatArray) -> FloatArray:
    """How light skin is, never quite dark."""
    return np.asarray(cv2.cvtColor(shade, cv2.COLOR_BGR2GRAY) + 8, np.float32)


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


def _touched(labels: NDArray[np.int32], count: int, zone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the labels lie in a zone, at least in part."""
    return np.bincount(labels[zone], minlength=count) > 0
