"""One face in one crop: the way from its pixels to the atlas and back."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.mesh.facing import facing
from pipeline.mesh.look_up import Axes, Map, continue_on, look_up, past_the_border, rescaled
from pipeline.mesh.overlap import COARSE, draw_finely, overlaps
from pipeline.mesh.raster import rasterise
from pipeline.mesh.spread import spread_apart
from pipeline.mesh.topology import ZONES, topology, with_margin
from pipeline.models.face_mesh import LEFT_EYE, OUTER_LIPS, RIGHT_EYE, VERTICES
from pipeline.types import Crop, FloatArray, ImageArray

GRID = 96
"""Longer side of the coarse map on which the mesh is drawn; it is smooth, so it is enlarged without loss."""
MIDDLE = 320
"""Longer side of middling maps: as fine as what is measured on the atlas, whatever the size of the crop."""

CUT = 0.75
"""Share of a half of a face beyond the picture, from which on the other half, mirrored, does not make up for it: a nose
is lit from one side, and two halves that do not fit look like something held before it."""


class FaceView:
    """Maps between a crop and the atlas. Made once for a face in a frame, shared by engine and compositor.

    *Coarse* maps cover the crop with at most `GRID` pixels a side, *middling* ones with at most `MIDDLE`.

    Attributes:
        crop: what it was made of.
        own: ``(504, 3)`` float32, the target's mesh with its margin in crop pixels.
        points, landmarks: the same, and its ``(478, 3)`` landmarks, where the new face goes.
        moved: whether that is elsewhere.
        grid, middle: ``(width, height)`` of coarse and of middling maps.
        atlas_at: two ``(h, w)`` float32 coarse maps of atlas coordinates in the unit square.
        seen: ``(h, w)`` float32 coarse map, 1 where the face itself (not its margin) is seen.
    """

    def __init__(self, crop: Crop, landmarks: FloatArray | None = None) -> None:
        """
        Args:
            landmarks: ``(478, 3)``, where the new face goes, if its features are moved; the crop's own when ``None``.
        """
        self.crop = crop
        self.own = with_margin(crop.landmarks)
        self.moved = landmarks is not None and landmarks is not crop.landmarks
        self.landmarks = crop.landmarks if landmarks is None else landmarks
        self.points = with_margin(self.landmarks) if self.moved else self.own
        height, width = crop.image.shape[:2]
        shrink = min(1.0, GRID / max(width, height))
        self.size = (width, height)
        self.grid = (max(8, round(width * shrink)), max(8, round(height * shrink)))
        shrink = min(1.0, MIDDLE / max(width, height))
        self.middle = (max(8, round(width * shrink)), max(8, round(height * shrink)))
        self._fine: tuple[int, Axes] | None = None
        self.atlas_at, self.seen, self._own_at = self._draw()

    def unfold(self, image: ImageArray, size: int = ZONES) -> ImageArray:
        """A picture of the crop's size, with the face where the crop shows it, laid out on a `size` × `size` atlas."""
        x, y = self._laid_out[1:] if size == ZONES else spread_apart(self.own[:, :2], size)
        # Shrinking first, as far as the atlas is coarser than the picture, keeps noise out of what is measured.
        factor = max(1.0, float(np.ptp(self.own[:VERTICES, 0])) / (0.6 * size))
        if factor > 1.3:
            width, height = self.size
            small, whole = (max(1, round(width / factor)), max(1, round(height / factor))), self.size
            if factor >= 2:
                # By a whole number it is three times as quick.
                step = min(int(factor), width, height)
                small = (width // step, height // step)
                whole = (small[0] * step, small[1] * step)
            image = np.asarray(cv2.resize(image[: whole[1], : whole[0]], small, interpolation=cv2.INTER_AREA), np.uint8)
            x, y = rescaled(x, whole[0], small[0]), rescaled(y, whole[1], small[1])
        return look_up(image, x, y)

    def through(self) -> ImageArray:
        """The crop with the target's own features moved along to where the new face has them."""
        if not self.moved:
            return self.crop.image
        x, y = (self.enlarge(axis) for axis in self._own_at)
        moved = self.crop.image.copy()
        part = self._features()
        moved[part] = look_up(self.crop.image, x[part], y[part])
        return moved

    def _features(self) -> tuple[slice, slice]:
        """Rows and columns that eyes, mouth and the glasses about them lie in."""
        points = self.landmarks[list(RIGHT_EYE + LEFT_EYE + OUTER_LIPS), :2]
        low, high = points.min(0), points.max(0)
        reach = 0.35 * float((high - low).max())
        x0, y0 = np.maximum(np.floor(low - reach), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(high + reach) + 1, self.size).astype(int)
        return slice(int(y0), max(int(y1), int(y0) + 1)), slice(int(x0), max(int(x1), int(x0) + 1))

    @cached_property
    def still(self) -> FaceView:
        """The same with the new face's features where the target's are: for what lies before both."""
        return FaceView(self.crop) if self.moved else self

    @cached_property
    def unfolded(self) -> ImageArray:
        """``(192, 192, 3)`` uint8: the crop's own face on the atlas; what of it lies beyond the picture is mirrored."""
        return self._mirrored(self.unfold(self.crop.image, 2 * ZONES))

    @cached_property
    def small(self) -> ImageArray:
        """The same, ``(96, 96, 3)``."""
        return self._mirrored(self.unfold(self.crop.image))

    @cached_property
    def facing(self) -> FloatArray:
        """``(96, 96)`` float32 over the atlas: cosine between the surface and the line of sight, 0 where turned away or
        outside of the picture."""
        return np.maximum(self._laid_out[0], 0) * self._inside

    @cached_property
    def cut(self) -> bool:
        """Whether one half of it lies so far beyond the picture that the other one does not make up for it."""
        face = topology().face
        beyond = (face * ~self._inside).sum(0).reshape(2, -1).sum(1)
        return float(beyond.max()) > CUT * float(face.sum()) / 2

    @cached_property
    def _inside(self) -> NDArray[np.bool_]:
        """``(96, 96)`` over the atlas, which of it the picture holds."""
        _, x, y = self._laid_out
        width, height = self.size
        return np.asarray((x > -1) & (x < width) & (y > -1) & (y < height))

    def _mirrored(self, atlas: ImageArray) -> ImageArray:
        """An atlas with its other half where one lies beyond the picture: of a border that goes on, a streak is left,
        which looks like something held before the face."""
        lacking = ~self._inside & self._inside[:, ::-1] & (topology().face > 0)
        if not lacking.any():
            return atlas
        mask = cv2.resize(lacking.astype(np.uint8), atlas.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        return np.where(mask[..., None] > 0, atlas[:, ::-1], atlas)

    @cached_property
    def _laid_out(self) -> Axes:
        """``(96, 96)`` float32 each over the atlas: the cosine, and where in the crop each place is."""
        return spread_apart(np.column_stack([facing(self.own), self.own[:, :2]]), ZONES)

    def fold(self, atlas: FloatArray) -> FloatArray:
        """A map over the atlas, seen in the crop: a coarse map."""
        x, y = (axis * np.float32(atlas.shape[0]) - np.float32(0.5) for axis in self.atlas_at)
        return look_up(atlas, x, y)

    def fold_on(self, atlas: FloatArray) -> FloatArray:
        """As `fold`, but the face goes on past its border, see `past_the_border`."""
        x, y = (axis * np.float32(atlas.shape[0]) - np.float32(0.5) for axis in self._face_at)
        return look_up(atlas, x, y)

    @cached_property
    def _face_at(self) -> Axes:
        """`atlas_at`, on the face and past its border."""
        return past_the_border(self.atlas_at, self.seen)

    def enlarge(self, coarse: FloatArray) -> FloatArray:
        """A coarse or middling map at the crop's full size."""
        return cv2.resize(coarse, self.size, interpolation=cv2.INTER_LINEAR)

    def around(self, coarse: FloatArray) -> tuple[slice, slice]:
        """Rows and columns of the crop outside of which a coarse map is 0 when enlarged. It is not 0 all over."""
        sides = []
        for axis, length in ((1, self.size[1]), (0, self.size[0])):
            places = np.flatnonzero(coarse.max(axis))
            scale = length / coarse.shape[1 - axis]
            low, high = math.floor((places[0] - 1) * scale), math.ceil((places[-1] + 2) * scale)
            sides.append(slice(max(0, low), min(length, high)))
        return sides[0], sides[1]

    def to_middle(self, values: FloatArray) -> FloatArray:
        """A coarse map, or one of the crop's size, as a middling one."""
        return cv2.resize(values, self.middle, interpolation=cv2.INTER_LINEAR)

    def where(self, part: tuple[slice, slice], size: int) -> tuple[slice, slice]:
        """Rows and columns of the crop in which a part of a `size` × `size` atlas, given as its rows and columns, has
        its vertices."""
        rows, columns = part
        within = _vertices_in((rows.start, rows.stop), (columns.start, columns.stop), size)
        if len(within) == 0:
            return slice(0, 0), slice(0, 0)
        points = self.points[:, :2].take(within, 0)
        x0, y0 = np.clip(np.floor(points.min(0)), 0, self.size).astype(int)
        x1, y1 = np.clip(np.ceil(points.max(0)) + 1, 0, self.size).astype(int)
        return slice(int(y0), int(y1)), slice(int(x0), int(x1))

    def fold_middle(self, atlas: FloatArray) -> FloatArray:
        """As `fold`, a middling map: for borders that lie on the picture's edges."""
        x, y = (self.to_middle(axis * np.float32(atlas.shape[0]) - np.float32(0.5)) for axis in self.atlas_at)
        return look_up(atlas, x, y)

    def fold_fine(self, atlas: Map, part: tuple[slice, slice] | None = None) -> Map:
        """As `fold`, at the crop's full size: for what is finer than the coarse map. Of a part of it, if one is given,
        as rows and columns. Colours may be fourfold, see `look_up`."""
        return look_up(atlas, *self._texels(atlas.shape[0], part))

    def _texels(self, size: int, part: tuple[slice, slice] | None) -> Axes:
        """Where every pixel of the crop, or of a part of it, lies on a `size` × `size` atlas, in its texels."""
        if self._fine is None:
            self._fine = size, tuple(self._enlarged(axis, size, number) for number, axis in enumerate(self._face_at))
        known, axes = self._fine
        if part is not None:
            axes = tuple(axis[part] for axis in axes)
        factor = np.float32(size / known)
        return axes if size == known else tuple(axis * factor + (factor - 1) / 2 for axis in axes)

    def _enlarged(self, axis: FloatArray, size: int, number: int) -> FloatArray:
        """One of the two axes, at the crop's full size, in texels."""
        whole = self.enlarge(axis * np.float32(size) - np.float32(0.5))
        if self._overlap is not None:
            part, *axes, there = self._overlap
            np.copyto(whole[part], axes[number] * np.float32(size) - np.float32(0.5), where=there)
        return whole

    @cached_property
    def _overlap(self) -> tuple[tuple[slice, slice], FloatArray, FloatArray, NDArray[np.bool_]] | None:
        """Rows and columns of a large crop in which one part of the face lies before another, where they are on the
        atlas, more finely than the coarse map says, and which pixels that is known of."""
        (width, height), (columns, rows) = self.size, self.grid
        if width / columns <= COARSE:
            return None
        part = overlaps(self.atlas_at, self.seen)
        if part is None:
            return None
        scale = width / columns, height / rows
        return draw_finely(self.points[:, :2], self._triangles(), topology().uv, part, scale)

    def _triangles(self) -> NDArray[np.int32]:
        """All triangles, the one in front last."""
        mesh = topology()
        faces = mesh.triangles[mesh.margins :]
        depths = self.points[:, 2].take(faces.T)
        far_first = np.argsort(-(depths[0] + depths[1] + depths[2]))
        return np.concatenate([mesh.triangles[: mesh.margins], faces[far_first]])

    def _draw(self) -> tuple[Axes, FloatArray, Axes]:
        mesh = topology()
        placed = rescaled(self.points[:, :2], np.array(self.size), np.array(self.grid))
        inside = (np.arange(len(self.points)) < VERTICES).astype(np.float32)[:, None]
        values = [mesh.uv, inside, self.own[:, :2]] if self.moved else [mesh.uv, inside]
        drawn, covered = rasterise(placed, self._triangles(), np.hstack(values), self.grid)
        u, v, face, *own = drawn
        # Between an outline vertex (1) and a margin vertex (0) lies the margin.
        seen = (covered & (face > 0.99)).astype(np.float32)
        continue_on((u, v, *own), covered)
        return (u, v), seen, tuple(own)


@lru_cache(maxsize=64)
def _vertices_in(rows: tuple[int, int], columns: tuple[int, int], size: int) -> NDArray[np.intp]:
    """Those that lie in a part of a `size` × `size` atlas. From frame to frame it is mostly the same part."""
    u, v = topology().uv.T * size
    return np.flatnonzero((u > columns[0]) & (u < columns[1]) & (v > rows[0]) & (v < rows[1]))
