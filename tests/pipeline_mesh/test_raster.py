"""Drawing a mesh."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.mesh import rasterise, topology
from pipeline.mesh.spread import spread
from pipeline.mesh.topology import ZONES, texels

SQUARE = np.array([[2, 2], [30, 2], [30, 30], [2, 30]], np.float32)
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_values_are_linear_between_vertices_and_exact_at_pixel_centres() -> None:
    values = SQUARE @ np.array([[2.0], [0.5]], np.float32) + 1
    drawn, covered = rasterise(SQUARE, HALVES, values, (40, 36))
    y, x = np.nonzero(covered)
    assert x.min() == 2 and x.max() == 30 and y.min() == 2 and y.max() == 30
    assert np.count_nonzero(covered) == 29 * 29
    np.testing.assert_allclose(drawn[0, y, x], 2 * x + 0.5 * y + 1, atol=1e-3)


def test_triangles_turned_away_are_not_drawn() -> None:
    _, covered = rasterise(SQUARE, HALVES[:, [0, 2, 1]], np.ones((4, 1), np.float32), (40, 36))
    assert not covered.any()


def test_the_later_triangle_lies_in_front() -> None:
    points = np.concatenate([SQUARE, SQUARE])
    triangles = np.concatenate([HALVES, HALVES + 4])
    values = np.repeat(np.array([[1], [2]], np.float32), 4, axis=0)
    drawn, covered = rasterise(points, triangles, values, (40, 36))
    assert (drawn[0, covered] == 2).all()


def test_a_mesh_partly_outside_the_picture_is_clipped() -> None:
    drawn, covered = rasterise(SQUARE - 20, HALVES, np.ones((4, 1), np.float32), (16, 12))
    assert covered[:11, :11].all() and not covered[11:].any() and not covered[:, 11:].any()
    assert drawn.shape == (1, 12, 16)


def test_the_atlas_has_no_holes_and_its_mirror_is_an_involution() -> None:
    mesh = topology()
    assert (mesh.mirror[mesh.mirror] == np.arange(len(mesh.mirror))).all()
    _, _, covered = texels(ZONES)
    inside = cv2.erode(mesh.face, np.ones((3, 3), np.uint8)) > 0
    assert covered[inside].all()


def test_zones_tell_skin_from_features() -> None:
    mesh = topology()
    assert not (mesh.skin * mesh.features).any()
    for zone in (mesh.skin, mesh.rim, mesh.beard, mesh.inner):
        assert zone.min() >= 0 and zone.max() <= 1 and not (zone * (1 - mesh.face) > 0.01).any()
        assert (np.abs(zone - zone[:, ::-1]) > 0.35).mean() < 0.03


def test_spreading_the_atlas_coordinates_gives_them_back() -> None:
    mesh = topology()
    for size in (96, 192, 512):
        place = spread(mesh.uv, size)
        axis = (np.arange(size) + 0.5) / size
        inside = cv2.resize(cv2.erode(mesh.face, np.ones((9, 9), np.uint8)), (size, size)) > 0.99
        assert np.abs(place[..., 0] - axis)[inside].max() < 0.003
        assert np.abs(place[..., 1] - axis[:, None])[inside].max() < 0.003
