"""A new face's mouth and skin: as wide and full as the person's, as open and as broadly smiling as the target's."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.engines.mesh.atlas import canonical_shape
from pipeline.engines.mesh.canonical import canonical
from pipeline.engines.mesh.likeness import move_towards
from pipeline.engines.mesh.mouth import fuller, sure_pursed, wider
from pipeline.engines.mesh.smile import smile
from pipeline.models.face_mesh import INNER_LIPS, OUTER_LIPS
from pipeline.types import FloatArray, SourcePhoto
from tests import faces


def _shape(name: str) -> FloatArray:
    return canonical_shape(faces.identity(name).photos[0])


def _moved(name: str, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The face of a portrait before and after, in the canonical frame."""
    face = faces.portrait_face(name)
    assert face.landmarks is not None and face.pose is not None
    after = move_towards(face.landmarks, face.pose, shape, 1.0)
    return canonical(face.landmarks, face.pose), canonical(after, face.pose)


def _width(shape: FloatArray) -> float:
    return float(np.linalg.norm(shape[61] - shape[291]))


def _fullness(shape: FloatArray) -> FloatArray:
    return np.array([shape[0, 1] - shape[13, 1], shape[14, 1] - shape[17, 1]])


@pytest.mark.parametrize("ratio", [0.88, 1.12])
def test_a_mouth_gets_most_of_the_way_to_the_persons_width(ratio: float) -> None:
    shape = _shape("hopper").copy()
    lips = [61, 291, 78, 308, 185, 409, 146, 375, 76, 306, 184, 408, 77, 307]
    shape[lips, 0] *= ratio
    before, after = _moved("hopper", shape)
    assert (_width(after) / _width(before) - 1) / (ratio - 1) == pytest.approx(0.75, abs=0.15)


def test_a_smile_on_the_photo_makes_nobodys_mouth_wider() -> None:
    """The astronaut laughs with a mouth that is wider than Hopper's, and would be narrower at rest."""
    shape = _shape("astronaut")
    before, after = _moved("hopper", shape)
    assert smile(shape) > 0.8 and _width(shape) > 1.1 * _width(before)
    assert _width(after) < 1.02 * _width(before)


def test_a_laugh_stays_one_on_somebody_with_a_narrow_mouth() -> None:
    before, after = _moved("astronaut", _shape("hopper"))
    assert smile(after) > 0.8 * smile(before)


@pytest.mark.parametrize("times", [0.75, 1.3])
def test_lips_get_fuller_or_thinner_and_are_as_far_open(times: float) -> None:
    shape = _shape("astronaut").copy()
    upper = [185, 40, 39, 37, 0, 267, 269, 270, 409], [191, 80, 81, 82, 13, 312, 311, 310, 415]
    lower = [146, 91, 181, 84, 17, 314, 405, 321, 375], [95, 88, 178, 87, 14, 317, 402, 318, 324]
    for outer, inner in (upper, lower):
        shape[outer, 1] = shape[inner, 1] + times * (shape[outer, 1] - shape[inner, 1])
    before, after = _moved("astronaut", shape)
    assert ((_fullness(after) / _fullness(before) - 1) / (times - 1)) == pytest.approx(0.5, abs=0.2)
    opening = [float(np.ptp(each[list(INNER_LIPS), 1])) for each in (before, after)]
    assert opening[1] == pytest.approx(opening[0], rel=0.06)


def test_a_mouth_that_is_open_on_the_photo_opens_nobodys() -> None:
    """Skin beside it goes where the photo has it, lips only as a whole."""
    image = faces.test_photo("yaoming")
    face = faces.faces(image)[0]
    assert face.embedding is not None
    shape = canonical_shape(SourcePhoto(image, face))
    before, after = _moved("hopper", shape)
    opening = [float(np.linalg.norm(each[13] - each[14])) for each in (shape, before, after)]
    assert opening[0] > 1.0 and abs(opening[2] - opening[1]) < 0.1


def test_skin_between_the_features_lies_where_the_person_has_it() -> None:
    shape = _shape("astronaut")
    before, after = _moved("hopper", shape)
    cheeks = [50, 280, 101, 330, 36, 266]
    apart = [np.linalg.norm((shape - each)[cheeks, :2], axis=1).mean() for each in (before, after)]
    assert apart[1] < 0.5 * apart[0]


def test_somebody_on_themselves_keeps_their_mouth() -> None:
    before, after = _moved("hopper", _shape("hopper"))
    assert np.abs(after - before).max() < 1e-3


def test_pursed_lips_stay_pursed() -> None:
    """Hopper says "oo" and gets her own face at rest: narrow and full as her lips are, that is expression."""
    rest = _shape("hopper")
    lips, outer = sorted({*OUTER_LIPS, *INNER_LIPS}), [each for each in OUTER_LIPS if each not in INNER_LIPS]
    own = rest.copy()
    own[lips, 0] *= 0.86
    own[outer, 1] += 0.9 * (own[outer, 1] - own[[13, 14], 1].mean())
    own[lips, 2] += 0.35
    assert sure_pursed(own) > 0.9 and sure_pursed(rest) == 0
    assert abs(wider(own, rest)[61, 0]) < 0.03 * _width(own)
    change = fuller(own, rest)[[0, 17], 1]
    assert (np.abs(change) < 0.12 * np.abs(_fullness(own))).all()
