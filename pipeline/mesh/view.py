"""One face in one crop: the way from its pixels to the atlas and back."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from pipeline.mesh.raster import rasterise
from pipeline.mesh.topology import ZONES, texels, topology, with_margin
from pipeline.models.face_mesh import VERTICES
from pipeline.types import Crop, FloatArray, ImageArray

GRID = 144
"""Longer side of the coarse map on which the mesh is drawn; it is smooth, so it is enlarged without loss."""


class FaceView:
    """Maps between a crop and the atlas. Made once for a face in a frame, shared by engine and compositor.

    *Coarse* maps cover the crop with at most `GRID` pixels a side.

    Attributes:
        crop: what it was made of.
        points: ``(504, 3)`` float32, the mesh with its margin in crop pixels.
        grid: ``(width, height)`` of coarse maps.
        atlas_at: ``(h, w, 2)`` float32 coarse map of atlas coordinates in the unit square.
        seen: ``(h, w)`` float32 coarse map, 1 where the face itself (not its margin) is seen.
    """

    def __init__(self, crop: Crop, landmarks: FloatArray | None = None) -> None:
        self.crop = crop
        self.points = with_margin(crop.landmarks if landmarks is None else landmarks)
        height, width = crop.image.shape[:2]
        shrink = min(1.0, GRID / max(width, height))
        self.size = (width, height)
        self.grid = (max(8, round(width * shrink)), max(8, round(height * shrink)))
        self.atlas_at, self.seen = self._draw()

    def unfold(self, image: ImageArray, size: int = ZONES) -> ImageArray:
        """A picture of the crop's size laid out on a `size` × `size` atlas."""
        corner, weight, _ = texels(size)
        points = self.points[:, :2].copy()
        picture = image
        # Shrinking first, as far as the atlas is coarser than the picture, keeps noise out of what is measured.
        factor = max(1.0, float(np.ptp(points[:VERTICES, 0])) / (0.6 * size))
        if factor > 1.3:
            small = (max(1, round(image.shape[1] / factor)), max(1, round(image.shape[0] / factor)))
            picture = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
            points = (points + 0.5) * (np.array(small, np.float32) / self.size) - 0.5
        place = np.einsum("hwkd,hwk->hwd", points[corner], weight).astype(np.float32)
        return cv2.remap(picture, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    @cached_property
    def facing(self) -> FloatArray:
        """``(128, 128)`` float32 over the atlas: cosine between the surface and the line of sight, 0 where turned away."""
        corner, weight, covered = texels(ZONES)
        return np.maximum((facing(self.points)[corner] * weight).sum(-1) * covered, 0).astype(np.float32)

    def fold(self, atlas: FloatArray) -> FloatArray:
        """A map over the atlas, seen in the crop: a coarse map."""
        place = self.atlas_at * np.float32(atlas.shape[0]) - 0.5
        return cv2.remap(atlas, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def enlarge(self, coarse: FloatArray) -> FloatArray:
        """A coarse map at the crop's full size."""
        return cv2.resize(coarse, self.size, interpolation=cv2.INTER_LINEAR)

    def _draw(self) -> tuple[FloatArray, FloatArray]:
        mesh = topology()
        factor = np.array(self.grid, np.float32) / np.array(self.size, np.float32)
        placed = (self.points[:, :2] + 0.5) * factor - 0.5
        faces = mesh.triangles[mesh.margins :]
        far_first = np.argsort(-self.points[faces, 2].sum(1))
        triangles = np.concatenate([mesh.triangles[: mesh.margins], faces[far_first]])
        inside = (np.arange(len(self.points)) < VERTICES).astype(np.float32)[:, None]
        drawn, covered = rasterise(placed, triangles, np.hstack([mesh.uv, inside]), self.grid)
        # Between an outline vertex (1) and a margin vertex (0) lies the margin.
        seen = (covered & (drawn[..., 2] > 0.99)).astype(np.float32)
        return _continue(drawn[..., :2], covered.astype(np.float32)), seen


def facing(points: FloatArray) -> FloatArray:
    """``(504,)`` float32 cosine between each vertex' normal and the line of sight, negative on the far side.

    Args:
        points: ``(504, 3)`` mesh with margin, depth growing away from the camera.
    """
    mesh = topology()
    corners = points[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(points), 3), np.float32)
    for corner in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(mesh.triangles[:, corner], normals[:, axis], len(points))
    cosine: FloatArray = total[:, 2] / (np.linalg.norm(total, axis=1) + 1e-6)
    return cosine


def _continue(values: FloatArray, known: FloatArray) -> FloatArray:
    """Continue a map a few pixels beyond its border, so that enlarging it does not mix in emptiness."""
    for _ in range(2):
        weight = cv2.blur(known, (3, 3))
        near = cv2.blur(values * known[..., None], (3, 3)) / np.maximum(weight, 1e-6)[..., None]
        values = np.where((known > 0)[..., None], values, near)
        known = (weight > 1e-3).astype(np.float32)
    return np.ascontiguousarray(values)
