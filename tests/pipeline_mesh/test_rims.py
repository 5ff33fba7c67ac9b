"""The rims of lenses as closed lines, on portraits that wear them and on one that gets them drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.mesh import FaceView, topology
from pipeline.mesh.glasses import find_glasses
from pipeline.mesh.reading import read
from pipeline.mesh.rims import rims
from pipeline.mesh.seats import SIZE
from pipeline.mesh.skin import read_skin
from pipeline.models.face_mesh import LEFT_EYE, RIGHT_EYE
from pipeline.types import Crop, FloatArray, ImageArray
from tests import faces, media


def _view(name: str) -> FaceView:
    face = faces.portrait_face(name)
    assert face.landmarks is not None and face.pose is not None
    return FaceView(Crop(media.portrait(name), face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))


def _darkness(unfolded: ImageArray) -> FloatArray:
    grey = cv2.cvtColor(unfolded, cv2.COLOR_BGR2GRAY)
    lines = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return np.minimum(lines.astype(np.float32) / 30, 1)


def test_thin_rims_with_gaps_are_found_as_a_whole() -> None:
    """Drawn on the astronaut's face, whose own lids and brows are stronger lines than thin metal is."""
    unfolded = _view("astronaut").unfolded.copy()
    drawn = []
    for eye in (RIGHT_EYE, LEFT_EYE):
        corners = topology().uv[list(eye)] * SIZE - 0.5
        middle, width = (corners.min(0) + corners.max(0)) / 2 + [0, 3], np.ptp(corners[:, 0])
        axes = (0.9 * width, 0.72 * width)
        for start in range(0, 360, 40):
            box = (tuple(middle), tuple(2 * axis for axis in axes), 0.0)
            points = cv2.ellipse2Poly(tuple(np.round(middle).astype(int)), tuple(np.round(axes).astype(int)),
                                      0, start, start + 32, 4)  # fmt: skip
            cv2.polylines(unfolded, [points], False, (70, 80, 95), 1, cv2.LINE_AA)
        drawn.append((middle, axes, box))
    for line, (middle, axes, _) in zip(rims(_darkness(unfolded)), drawn, strict=True):
        away = np.abs(np.hypot(*((line[:, :2] - middle) / axes).T) - 1) * min(axes)
        assert np.median(away) < 1.0
        assert np.quantile(away, 0.9) < 3.0


def test_what_is_seen_through_the_lenses_is_no_part_of_the_glasses() -> None:
    """Grace Hopper's bags and wrinkles below the eyes are as strong lines as her translucent lower rims."""
    view = _view("hopper")
    worn = find_glasses(view.unfolded, read_skin(view.unfolded, view.facing).light)
    assert worn is not None
    at = (topology().uv * SIZE).astype(int)
    bags = [worn.everything[v, u] for u, v in at[[23, 22, 110, 253, 252, 339]]]
    assert max(bags) < 0.3
    assert np.mean([worn.everything[v, u] for u, v in at[[6, 168, 52, 282, 124, 353]]]) > 0.8, "bridge and upper rims"
    folds = [worn.everything[v, u] for u, v in at[[203, 423, 206, 426]]]
    assert max(folds) < 0.1, "the folds beside the nose touch the rims and are no part of them"


def test_target_rims_are_kept_whole_and_nothing_that_is_seen_through_the_lenses() -> None:
    """Her lower rims are as light as the skin; the bags and wrinkles beside them must become the new face's."""
    view = _view("hopper")
    worn = find_glasses(view.unfolded, read_skin(view.unfolded, view.facing).light)
    assert worn is not None
    at = (topology().uv * SIZE).astype(int)
    assert max(worn.rims[v, u] for u, v in at[[23, 22, 110, 253, 252, 339]]) < 0.3
    assert min(worn.rims[v, u] for u, v in at[[6, 168]]) > 0.8, "the bridge"
    for eye in (RIGHT_EYE, LEFT_EYE):
        u, v = np.round((topology().uv[list(eye)] * SIZE).mean(0)).astype(int)
        below = worn.rims[v : v + 40, u - 4 : u + 5].max(0)
        assert below.min() > 0.8, "a rim goes round below each eye"


def test_what_lies_beside_a_rim_becomes_the_new_faces() -> None:
    """Along Grace Hopper's lower rims there are wrinkles and shade as strong as lines, and over her bridge a frown:
    much of her cheeks and her nose root was left with them."""
    view = _view("hopper")
    worn = find_glasses(view.unfolded, read_skin(view.unfolded, view.facing).light)
    assert worn is not None
    for eye in (RIGHT_EYE, LEFT_EYE):
        u, v = np.round((topology().uv[list(eye)] * SIZE).mean(0)).astype(int)
        assert worn.rims[v : v + 40, u - 4 : u + 5].sum(0).mean() < 5, "texels of a rim"
    u, v = (topology().uv[8] * SIZE).astype(int)
    assert worn.rims[v, u] < 0.1, "between the brows"


def test_a_bare_face_wears_no_rims() -> None:
    view = _view("astronaut")
    assert find_glasses(view.unfolded, read_skin(view.unfolded, view.facing).light) is None


def test_a_thin_rim_takes_little_of_the_brow_that_it_crosses() -> None:
    """Beside the metal itself the target's brow would be left on the new one's. Drawn, with a bridge, on the
    astronaut's face, high enough to run through her brows."""
    unfolded, metal = _view("astronaut").unfolded.copy(), np.zeros((SIZE, SIZE), np.uint8)
    for eye in (RIGHT_EYE, LEFT_EYE):
        corners = topology().uv[list(eye)] * SIZE - 0.5
        middle, width = (corners.min(0) + corners.max(0)) / 2 + [0, 2], np.ptp(corners[:, 0])
        axes = (round(0.9 * width), round(0.85 * width))
        cv2.ellipse(metal, tuple(int(v) for v in middle.round()), axes, 0, 0, 360, 255, 1, cv2.LINE_AA)
    u, v = np.round(topology().uv[168] * SIZE).astype(int)
    cv2.line(metal, (u - 9, v), (u + 9, v), 255, 2)
    share = (metal / 255)[..., None] * 0.8
    worn_face = (unfolded * (1 - share) + np.array([60, 60, 70]) * share).astype(np.uint8)
    view = _view("astronaut")
    worn = find_glasses(worn_face, read_skin(worn_face, view.facing).light)
    assert worn is not None
    brows = cv2.resize(topology().brows, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) > 0.5
    brows[:, u - 14 : u + 15] = False
    on_metal = worn.rims[(metal > 200) & brows]
    assert np.quantile(on_metal, 0.25) > 0.5, "the rim is seen all along"
    assert (worn.rims > 0.5)[brows].sum() < 2.1 * (metal > 120)[brows].sum()


@pytest.mark.parametrize(("name", "worn"), [("hopper", True), ("astronaut", False)])
@pytest.mark.parametrize("how", ["a hand", "the picture's border"])
def test_glasses_are_still_there_when_something_hides_their_bridge(name: str, worn: bool, how: str) -> None:
    """And a bare face is given none."""
    face, image = faces.portrait_face(name), media.portrait(name).copy()
    assert face.landmarks is not None and face.pose is not None
    x, y = np.round(face.landmarks[168, :2]).astype(int)
    width, shift = round(face.box.width), 0
    if how == "a hand":
        cv2.ellipse(image, (int(x), int(y)), (width // 7, width // 2), 0, 0, 360, (70, 90, 130), -1, cv2.LINE_AA)
    else:
        shift = int(x + 0.08 * width)
        image = np.ascontiguousarray(image[:, shift:])
    landmarks = face.landmarks - np.array([shift, 0, 0], np.float32)
    reading = read(FaceView(Crop(image, landmarks, np.eye(2, 3, dtype=np.float32), face.pose)))
    assert (reading.rims is not None) == worn
    if reading.rims is not None:
        u, v = np.round((topology().uv[list(LEFT_EYE)] * SIZE).mean(0)).astype(int)
        assert reading.rims[v : v + 40, u - 4 : u + 5].max(0).min() > 0.8, "a rim goes round below the eye that is seen"
