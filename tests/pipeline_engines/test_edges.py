"""Where the new face ends."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.analysis.landmarks import face_from_landmarks
from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.engine import MeshEngine
from pipeline.engines.mesh.fade import fade, fade_depth
from pipeline.engines.mesh.likeness import move_towards
from pipeline.mesh import FaceView, topology
from pipeline.mesh.raster import rasterise
from pipeline.models.face_mesh import LEFT_BROW, RIGHT_BROW
from pipeline.options import Options
from pipeline.types import Crop, Face
from tests import faces, media


def test_a_slanted_edge_of_the_new_face_has_no_steps() -> None:
    """A pixel of the coarse map is ten of the frame's in a close-up: beside a brow its steps would show."""
    rows, columns = np.mgrid[0:96, 0:78]
    depth = fade_depth((columns < 30 + 0.2 * rows).astype(np.uint8))
    edge = []
    for row in depth[10:-10]:
        last = int(np.flatnonzero(row > 0)[-1])
        edge.append(last + row[last] / (row[last] - row[last + 1]))
    line = np.polyval(np.polyfit(np.arange(len(edge)), edge, 1), np.arange(len(edge)))
    assert np.abs(edge - line).max() < 0.2


def test_a_face_that_the_picture_cuts_off_is_new_up_to_its_border() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    assert face.landmarks is not None and face.pose is not None
    x, y = np.round(face.landmarks[1, :2]).astype(int)
    cut, shift = np.ascontiguousarray(image[:, x:]), np.array([x, 0, 0], np.float32)
    view = FaceView(Crop(cut, face.landmarks - shift, np.eye(2, 3, dtype=np.float32), face.pose))
    coverage = MeshEngine().draw(view, build_atlas(faces.identity("astronaut")), Options(likeness=0)).coverage
    assert view.enlarge(coverage)[y - 20 : y + 40, :6].min() > 0.9


@pytest.mark.parametrize("name", ["hopper", "astronaut"])
@pytest.mark.parametrize("beyond", [0.5, 0.7])
def test_an_eye_that_is_left_at_the_border_is_the_new_face_s(name: str, beyond: float) -> None:
    """What the border cuts off is no reason to take what is left for something held before the face."""
    image, face = media.portrait(name), faces.portrait_face(name)
    source = faces.identity("astronaut" if name == "hopper" else "hopper")
    assert face.landmarks is not None
    whole = faces.recast(image, source, Options(), face)
    for left in (False, True):
        x = int(face.box.x0 + (beyond if left else 1 - beyond) * face.box.width)
        part = slice(x, None) if left else slice(0, x)
        shifted = face_from_landmarks(face.landmarks - np.array([x * left, 0, 0], np.float32), 1.0)
        result = faces.recast(np.ascontiguousarray(image[:, part]), source, Options(), shifted)
        plain = np.abs(whole[:, part].astype(int) - image[:, part]).mean(-1) > 6
        assert (np.abs(result.astype(int) - image[:, part]).mean(-1)[plain] < 1).mean() < 0.005
        assert np.abs(result.astype(int) - whole[:, part]).mean(-1)[plain].mean() < 7


def test_skin_does_not_end_at_the_hair_as_if_it_were_a_wig() -> None:
    """The shade that a fringe casts on the forehead stays: the step there is hardly steeper than the target's."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    result = faces.recast(image, faces.identity("hopper"), Options(likeness=0.0), face)
    left, right = (int(face.landmarks[brow, 0]) for brow in (105, 334))
    top, low = int(face.landmarks[10, 1]) - 8, int(face.landmarks[[105, 334], 1].min()) - 4
    before, after = (
        cv2.GaussianBlur(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY)[top:low, left:right].astype(np.float32), (0, 0), 0.8)
        for each in (image, result)
    )
    steps = [float(np.diff(each, axis=0).max(0).mean()) for each in (before, after)]
    assert steps[1] < 1.22 * steps[0]


@pytest.mark.parametrize("yaw", [-40, -20, 0, 20, 40])
def test_the_masks_border_does_not_cross_a_brow(yaw: float) -> None:
    """A turned head's far brow reaches the silhouette, and there the new face does, too."""
    view = _turned_view(faces.portrait_face("hopper"), yaw)
    engine = MeshEngine()
    rendering = engine.draw(view, engine.prepare(faces.identity("astronaut")), Options(likeness=0.0))
    coverage = view.enlarge(rendering.coverage)
    for brow in (LEFT_BROW, RIGHT_BROW):
        zone = np.zeros(coverage.shape, np.uint8)
        cv2.fillConvexPoly(zone, cv2.convexHull(np.round(view.landmarks[list(brow), :2]).astype(np.int32)), 1)
        assert coverage[zone > 0].mean() > 0.95
        assert (coverage[zone > 0] < 0.5).mean() < 0.05


@pytest.mark.parametrize("yaw", [-25, 0, 25])
def test_lashes_beside_the_far_eye_are_covered_up_to_the_silhouette(yaw: float) -> None:
    """There they reach it, and where the new face fades out they would be left as specks. Ahead it fades softly."""
    view = _turned_view(faces.portrait_face("hopper"), yaw)
    corner = 263 if yaw < 0 else 33
    row = round(float(view.landmarks[corner, 1]) * view.grid[1] / view.size[1])
    across, shown = np.flatnonzero(view.seen[row]), fade(view)[row]
    edge = shown[across[-2:]] if yaw < 0 else shown[across[:2]]
    assert (edge.mean() > 0.5) == (yaw != 0)


@pytest.mark.parametrize("yaw", [-45, 0, 45])
def test_a_face_goes_on_past_its_border(yaw: float) -> None:
    """Behind the silhouette of a turned head lies what it hides, which would end a brow in steps and a rim of skin."""
    view = _turned_view(faces.portrait_face("astronaut"), yaw)
    # How far in a place lies: on the outline nothing.
    depth = cv2.distanceTransform((topology().face > 0).astype(np.uint8), cv2.DIST_L2, 5)
    near = (cv2.dilate(view.seen, np.ones((3, 3), np.uint8)) > 0) & (view.seen == 0)
    beside = cv2.dilate(view.fold(depth) * view.seen, np.ones((5, 5), np.uint8))
    on, behind = (np.abs(each - beside)[near] for each in (view.fold_on(depth), view.fold(depth)))
    assert np.quantile(on, 0.9) < 3
    assert on.mean() < behind.mean()
    assert (view.fold_on(depth) == view.fold(depth))[cv2.erode(view.seen, np.ones((3, 3), np.uint8)) > 0].all()


@pytest.mark.parametrize(("target", "source"), [("hopper", "astronaut"), ("astronaut", "hopper")])
def test_the_far_end_of_a_turned_heads_brow_stays_where_it_is(target: str, source: str) -> None:
    """It lies at the silhouette, and beyond that is the target's hair."""
    shape = build_atlas(faces.identity(source)).shape
    ways = {}
    for yaw in (0, 50, -50):
        view = _turned_view(faces.portrait_face(target), yaw)
        pose = face_from_landmarks(view.landmarks, 1.0).pose
        assert pose is not None
        moved = move_towards(view.landmarks, pose, shape, 1.0) - view.landmarks
        ways[yaw] = [float(np.linalg.norm(moved[end])) for end in (RIGHT_BROW[0], LEFT_BROW[0])]
    for side in (0, 1):
        assert min(ways[yaw][side] for yaw in (50, -50)) < 0.35 * ways[0][side]


def test_the_far_side_of_a_large_turned_nose_has_no_stairs() -> None:
    """On a close-up, a nose lies before its cheek along the line that every single pixel of it would be drawn by."""
    face = faces.portrait_face("hopper")
    assert face.landmarks is not None
    turned = _turned_view(face_from_landmarks(face.landmarks * np.float32(1.6), 1.0), 30)
    exact, there = rasterise(turned.points[:, :2], turned._triangles(), topology().uv, turned.size)
    ramp = np.tile((np.arange(512, dtype=np.float32) + 0.5) / 512, (512, 1))
    nose = turned.landmarks[[1, 4, 5, 48, 64, 102, 129, 195, 278, 294, 331, 358], :2]
    (x0, y0), (x1, y1) = np.round([nose.min(0), nose.max(0)]).astype(int)
    part = slice(y0 - 10, y1 + 10), slice(x0 - 10, x1 + 10)
    assert there[part].all()
    off = np.abs(turned.fold_fine(ramp) - exact[0])[part]
    # Pixels that lie elsewhere on the face: the stairs of the coarse map leave seven a row.
    assert (off > 0.015).sum() < 2.5 * (y1 - y0)


def _turned_view(face: Face, yaw: float) -> FaceView:
    """The face's mesh turned about the vertical by `yaw` degrees, on an empty crop three times as large."""
    assert face.landmarks is not None and face.pose is not None and face.points is not None
    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    points = (face.landmarks - face.landmarks[:468].mean(0)) @ turn.T * 3
    points[:, :2] -= points[:, :2].min(0) - 40
    width, height = (int(v) + 40 for v in points[:, :2].max(0))
    crop = Crop(
        np.full((height, width, 3), 128, np.uint8), points, np.eye(2, 3, dtype=np.float32), face.pose, face.points
    )
    return FaceView(crop)
