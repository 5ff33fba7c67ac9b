"""What is read on an unfolded face whose rim is dark: hair, or the side that no light reaches."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from pipeline.analysis import FaceFinder
from pipeline.mesh import FaceView, topology
from pipeline.mesh.skin import Skin, read_skin
from pipeline.models.face_mesh import LEFT_BROW, OUTER_LIPS
from pipeline.types import Crop, FloatArray
from tests import faces
from tests.frames import ArrayFrame


@cache
def _view() -> FaceView:
    image = faces.test_photo("yaoming")
    face = FaceFinder().faces(ArrayFrame(image))[0]
    assert face.landmarks is not None and face.pose is not None and face.points is not None
    return FaceView(Crop(image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose, face.points))


def _darkened(light: FloatArray) -> Skin:
    """Read with `light` ``(192, 192)`` laid over the face."""
    view = _view()
    return read_skin((view.unfolded * light[..., None]).astype(np.uint8), view.facing)


def _on_brow_end(hair: FloatArray) -> float:
    """The mean over the outer end of the left brow, which is on the right of the atlas."""
    points = np.round(topology().uv[list(LEFT_BROW)] * 96).astype(np.int32)
    outermost = points[points[:, 0].argmax()]
    return float(hair[outermost[1] - 1 : outermost[1] + 2, outermost[0] - 1 : outermost[0] + 2].mean())


def test_what_covers_the_temple_above_and_below_covers_the_end_of_the_brow() -> None:
    """Else a patch of the new face, as bright as the forehead, shows in the middle of it."""
    light = np.ones((192, 192), np.float32)
    light[:, int(topology().uv[263, 0] * 192) - 2 :] = 0.3
    assert _on_brow_end(_darkened(cv2.GaussianBlur(light, (0, 0), 2.5)).hair) > 0.8


def test_a_fringe_above_the_brow_leaves_the_brow() -> None:
    light = np.ones((192, 192), np.float32)
    light[: int(topology().uv[list(LEFT_BROW), 1].min() * 192) - 6] = 0.3
    assert _on_brow_end(_darkened(cv2.GaussianBlur(light, (0, 0), 2.5)).hair) < 0.2


def test_a_crease_below_the_brow_is_no_hair() -> None:
    """Else the brow under a fringe ended as if cut off."""
    light = np.ones((192, 192), np.float32)
    points = np.round(topology().uv[list(LEFT_BROW)] * 192).astype(int)
    x, y = points[points[:, 0].argmax()]
    light[: points[:, 1].min() + 2] = 0.3
    light[y + 8 : y + 16, x - 8 : x + 2] = 0.3
    assert _on_brow_end(_darkened(cv2.GaussianBlur(light, (0, 0), 1.0)).hair) < 0.3


def test_a_thin_strip_of_hair_along_the_temple_is_hair() -> None:
    """Else it lay on the new face as two brown patches."""
    light = np.ones((192, 192), np.float32)
    face = topology().face
    light[cv2.erode(cv2.resize(face, (192, 192)), np.ones((5, 5), np.uint8)) < 0.5] = 0.3
    hair = _darkened(cv2.GaussianBlur(light, (0, 0), 1.0)).hair
    strip = (face > 0.5) & (cv2.erode(face, np.ones((3, 3), np.uint8)) < 0.5)
    assert hair[20:34, 60:][strip[20:34, 60:]].mean() > 0.9


def test_the_edge_of_a_hard_shadow_is_in_the_light() -> None:
    """Else a blurred shadow lies beside the target's own."""
    shadow = np.ones((192, 192), np.float32)
    shadow[:, :68] = 0.55
    skin = _darkened(cv2.GaussianBlur(shadow, (0, 0), 1.0))
    smooth, cast = (
        np.abs(np.diff(np.log(light[52:56].mean((0, 2)))))[30:38].max() for light in (skin.light, skin.cast)
    )
    assert cast > 2.5 * smooth


def test_evenly_lit_skin_has_no_edges_in_its_light() -> None:
    """What is fine on the face (pores, wrinkles) is no light."""
    skin = _darkened(np.ones((192, 192), np.float32))
    bare = skin.trust > 0.9
    assert np.abs(skin.cast - skin.light)[bare].mean() < 5


def _stubble(*, both: bool) -> FloatArray:
    """``(192, 192)``: a face with a dark beard, or with one side of it in shade."""
    dark = cv2.resize(topology().beard, (192, 192), interpolation=cv2.INTER_LINEAR)
    cv2.fillConvexPoly(dark, np.round(topology().uv[list(OUTER_LIPS)] * 192).astype(np.int32), 0.0)
    if not both:
        dark[:, 96:] = 0
    return 1 - 0.45 * cv2.GaussianBlur(dark, (0, 0), 1.5)


def test_a_beard_is_no_shade_on_the_skin_beneath_it() -> None:
    """Else lips and chin of who has one are as pale as chalk once the shade is taken off."""
    bare, bearded = _darkened(np.ones((192, 192), np.float32)), _darkened(_stubble(both=True))
    lips = topology().lips > 0.5
    assert bare.beard is None or bare.beard.hair.max() < 0.1
    assert bearded.beard is not None and bearded.beard.hair[topology().beard > 0.9].mean() > 0.4
    dark, lit, wanted = (skin.light[lips].mean() for skin in (bearded, bearded.under_beard(), bare))
    assert dark < 0.85 * wanted
    assert 0.86 * wanted < lit < 1.05 * wanted


def test_the_dark_underside_of_a_chin_is_no_beard() -> None:
    """A beard begins beside the mouth."""
    light = _stubble(both=True)
    light[: round(float(topology().uv[152, 1]) * 192) - 14] = 1
    skin = _darkened(light)
    assert skin.beard is None or skin.beard.hair.max() < 0.1


def test_shade_on_one_side_of_the_mouth_is_no_beard() -> None:
    skin = _darkened(_stubble(both=False))
    assert skin.beard is None or skin.beard.hair[:, :40].mean() < 0.02


def _half_in_shade() -> FloatArray:
    light = np.ones((192, 192), np.float32)
    light[:, 96:] = 0.4
    return cv2.GaussianBlur(light, (0, 0), 3.0)


def test_the_cheek_of_a_side_in_shade_is_no_hair() -> None:
    bare, shaded = _darkened(np.ones((192, 192), np.float32)), _darkened(_half_in_shade())
    cheek = (slice(50, 66), slice(62, 72))
    assert bare.trust[cheek].mean() > 0.8
    assert bare.shade is None and shaded.shade is not None
    assert shaded.shade[:, 50:].mean() > 10 * shaded.shade[:, :46].mean()
    assert shaded.hair[cheek].max() < 0.2
    assert shaded.trust[cheek].mean() > 0.7
    assert shaded.cast[cheek].mean() < 0.5 * bare.cast[cheek].mean()


def test_brow_and_lips_of_a_side_in_shade_are_in_shade() -> None:
    """Else they shine out of it on the new face."""
    bare, shaded = _darkened(np.ones((192, 192), np.float32)), _darkened(_half_in_shade())
    points = np.round(topology().uv[list(LEFT_BROW)] * 96).astype(int)
    share = shaded.cast[points[:, 1], points[:, 0]].mean() / bare.cast[points[:, 1], points[:, 0]].mean()
    assert 0.3 < share < 0.52


def _fold(*, both: bool) -> FloatArray:
    """``(192, 192)``: a dark band with hard edges down one cheek, or down both, as a deep fold is."""
    dark = np.ones((192, 192), np.float32)
    dark[92:116, 58:72] = 0.6
    if both:
        dark = np.minimum(dark, dark[:, ::-1])
    return cv2.GaussianBlur(dark, (0, 0), 1.0)


def test_an_edge_that_is_alike_on_both_sides_is_relief_and_no_shadow() -> None:
    """Else the new face has the folds and sockets of the old one."""
    band = (slice(48, 56), slice(30, 35))
    one, both = (
        np.log(skin.light[band] / skin.cast[band]).mean()
        for skin in (_darkened(_fold(both=False)), _darkened(_fold(both=True)))
    )
    assert one > 0.1
    assert both < 0.45 * one


def test_the_shadow_of_a_hat_lies_on_both_sides_of_the_forehead() -> None:
    """There is no relief there that it might be."""
    edge = int(topology().uv[[*LEFT_BROW], 1].min() * 192) - 18
    light = np.ones((192, 192), np.float32)
    light[edge - 24 : edge] = 0.6
    skin = _darkened(cv2.GaussianBlur(light, (0, 0), 1.0))
    rows = slice(edge // 2 - 5, edge // 2 + 5)
    smooth, cast = (np.diff(np.log(each[rows, 40:56].mean((1, 2)))).max() for each in (skin.light, skin.cast))
    assert cast > 1.5 * smooth
