"""A photo of a turned head: what its far half does not show comes from the near one."""

import cv2
import numpy as np

from pipeline.engines.mesh.atlas import build_atlas, canonical_shape
from pipeline.engines.mesh.halves import alike, both_halves
from pipeline.engines.mesh.looks import Carried
from pipeline.mesh import FaceView
from pipeline.mesh.topology import ZONES, topology
from pipeline.types import Crop, Face, Identity, ImageArray, SourcePhoto
from tests import faces, media


def turned() -> SourcePhoto:
    """A man whose head is turned by some 40 degrees, to the right of the picture."""
    photo = faces.test_photo("gdp")
    return SourcePhoto(photo, max(faces.faces(photo), key=_turn))


def _turn(face: Face) -> float:
    assert face.landmarks is not None
    left, right, nose = face.landmarks[[33, 263, 1], 0]
    return abs(float((nose - left) / (right - left)) - 0.5)


def view_of(photo: SourcePhoto) -> FaceView:
    face = photo.face
    assert face.landmarks is not None and face.pose is not None
    return FaceView(Crop(photo.image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))


def alike_on_both_sides(picture: ImageArray) -> float:
    """How well the halves of a face on the atlas correlate."""
    grey = cv2.cvtColor(cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    inside = cv2.erode(topology().face, np.ones((9, 9), np.uint8))[:, : ZONES // 2] > 0.5
    return float(np.corrcoef(grey[:, : ZONES // 2][inside], grey[:, ::-1][:, : ZONES // 2][inside])[0, 1])


def test_a_face_from_the_front_stays_as_it_is() -> None:
    view = view_of(faces.identity("astronaut").photos[0])
    picture = view.unfold(view.crop.image, 256)
    halves = both_halves(picture, view)
    assert halves.picture is picture and halves.small is view.unfolded and halves.own.min() == 1 == halves.own.max()
    assert halves.turned == 0


def test_the_far_half_is_no_smear_but_as_the_near_one() -> None:
    view = view_of(turned())
    halves = both_halves(view.unfolded, view)
    assert alike_on_both_sides(view.unfolded) < 0.5, "the photo itself is to be smeared there"
    assert alike_on_both_sides(halves.small) > 0.85
    assert halves.own[:, : ZONES // 2 - 6].min() > 0.99, "the near half is the photo's own"


def test_what_is_behind_a_turned_head_is_not_on_its_nose() -> None:
    photo = turned()
    points = view_of(photo).own[:468, :2]
    face = np.zeros(photo.image.shape[:2], np.uint8)
    for triangle in topology().triangles[topology().margins :]:
        cv2.fillConvexPoly(face, np.round(points[triangle]).astype(np.int32), 1)
    # As where the mesh reaches a little beyond the face.
    inside = cv2.distanceTransform(face, cv2.DIST_L2, 5) > 0.03 * np.ptp(points[:, 1])
    beyond = ~inside & (np.arange(photo.image.shape[1]) > points[168, 0])[None]
    image = np.where(beyond[..., None], np.array([0, 255, 0], np.uint8), photo.image)
    view = view_of(SourcePhoto(image, photo.face))
    middle = np.s_[80:150, ZONES - 6 : ZONES + 6]
    green = [
        float((small[middle][..., 1].astype(int) - small[middle][..., 2] > 60).mean())
        for small in (view.unfolded, both_halves(view.unfolded, view).small)
    ]
    assert green[0] > 0.03 and green[1] < green[0] / 4


def test_a_mole_is_not_doubled() -> None:
    photo = turned()
    image, points = photo.image.copy(), photo.face.landmarks
    assert points is not None and photo.face.embedding is not None
    x, y = np.round(points[205, :2]).astype(int)
    cv2.circle(image, (int(x), int(y)), 1, tuple(0.4 * image[y, x].astype(float)), -1)
    picture = build_atlas(Identity((SourcePhoto(image, photo.face),), photo.face.embedding)).levels[0]
    grey = cv2.cvtColor(cv2.resize(picture, (2 * ZONES, 2 * ZONES), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    darker = cv2.medianBlur(grey, 13).astype(int) - grey
    depth = []
    for place in (205, 425):
        u, v = np.round(topology().uv[place] * 2 * ZONES).astype(int)
        depth.append(darker[v - 4 : v + 5, u - 4 : u + 5].max())
    assert depth[0] > 20 and depth[1] < depth[0] / 3


def test_of_two_photos_the_one_from_the_front_gives_the_front() -> None:
    front, side = faces.identity("astronaut").photos[0], turned()
    embedding = front.face.embedding
    assert embedding is not None
    both, one, other = (
        cv2.resize(build_atlas(Identity(photos, embedding)).levels[0], (ZONES, ZONES), interpolation=cv2.INTER_AREA)
        for photos in ((front, side), (front,), (side,))
    )
    nose = np.s_[42:62, 42:54]
    likeness = [np.corrcoef(both[nose].ravel(), each[nose].ravel())[0, 1] for each in (one, other)]
    assert likeness[0] > 0.85 and likeness[0] > likeness[1] + 0.03


def test_a_beard_and_both_brows_come_over_from_a_turned_head() -> None:
    photo = turned()
    assert photo.face.embedding is not None
    picture = build_atlas(Identity((photo,), photo.face.embedding)).looks.levels(Carried())[0]
    small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA).astype(np.float32).mean(-1)
    for place in (105, 61):
        u, v = (topology().uv[place] * ZONES).astype(int)
        there, other = small[v - 2 : v + 3, u - 2 : u + 3], small[v - 2 : v + 3, ::-1][:, u - 2 : u + 3]
        assert abs(there.mean() - other.mean()) < 12


def test_the_result_is_like_the_person() -> None:
    photo = turned()
    assert photo.face.embedding is not None
    target = media.portrait("hopper")
    result = faces.recast(target, Identity((photo,), photo.face.embedding))
    one, other = faces.arcface_raw(photo.image, photo.face), faces.arcface_raw(result, faces.faces(result)[0])
    assert float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)) > 0.3


def test_shapes_from_the_front_count_more_and_a_turned_one_is_even() -> None:
    front = canonical_shape(faces.identity("astronaut").photos[0])
    side = canonical_shape(turned())
    assert np.allclose(alike([front], [0.0]), front, atol=1e-5)
    even = alike([side], [1.0])
    mirror = topology().mirror[:468]
    assert np.allclose(even[mirror] * [-1, 1, 1], even, atol=1e-4)
    both = alike([front, side], [0.0, 1.0])
    assert np.linalg.norm(both - front) < np.linalg.norm(both - even) / 3


def test_strokes_on_one_half_of_a_forehead_are_not_on_the_other_one_under_a_fringe() -> None:
    """Two pale squiggles, mirrored, below the hair of who has none there."""
    image = faces.test_photo("yaoming").copy()
    face = faces.faces(image)[0]
    assert face.landmarks is not None and face.embedding is not None
    points = np.round(face.landmarks[:, :2]).astype(np.int32)
    cv2.fillPoly(image, [points[[54, 103, 67, 109, 10, 151, 108, 69, 104, 68]]], (22, 26, 30))
    x, y = points[[337, 338]].mean(0)
    cv2.line(image, (int(x) - 3, int(y)), (int(x) + 3, int(y)), (215, 220, 225), 2, cv2.LINE_AA)
    level = build_atlas(Identity((SourcePhoto(image, face),), face.embedding)).levels[0].astype(np.float32).mean(-1)
    fine = level - cv2.GaussianBlur(level, (0, 0), 6)
    u, v = (topology().uv[[337, 338]].mean(0) * level.shape[0]).astype(int)
    there, lent = (part[v - 3 : v + 4, u - 4 : u + 5].max() for part in (fine, fine[:, ::-1]))
    assert there > 12
    assert lent < 0.5 * there
