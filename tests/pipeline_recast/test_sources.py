"""Several photos of one person, among them one of somebody else; and photos of several people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import Cast, Recaster
from pipeline.analysis import best_seen, from_left
from pipeline.analysis.choice import LEAST
from pipeline.errors import FaceUnknown
from pipeline.fingerprint import cast_digest
from pipeline.marking import Marking
from pipeline.media import Picture, write_picture
from pipeline.sources import MIXED, doubts, told
from pipeline.types import Face, ImageArray
from tests import faces, media
from tests.pipeline_media.make import display_p3


def test_photos_of_somebody_else_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    recaster = Recaster(marking=Marking(frozenset()))
    own = media.portrait("astronaut")
    photos = [own, np.asarray(np.clip(own * 0.8, 0, 255), np.uint8), np.ascontiguousarray(own[:, ::-1])]
    clean = recaster.identify(photos)
    mixed = recaster.identify([photos[0], media.portrait("hopper"), *photos[1:], faces.test_photo("yaoming")])
    assert (clean.left_out, mixed.left_out) == (0, 2) and len(mixed.photos) == 3
    assert np.allclose(clean.embedding, mixed.embedding, atol=1e-5)
    # Of two nobody can tell which is the wrong one.
    both = recaster.identify([own, media.portrait("hopper")])
    assert both.left_out == 0 and len(both.photos) == 2
    assert told(Cast(everyone=both)) == doubts(Cast(everyone=both)) == (MIXED,)
    assert doubts(Cast(everyone=recaster.identify(photos[1:]))) == doubts(Cast(everyone=clean)) == ()

    target = tmp_path / "target.png"
    cv2.imwrite(str(target), media.portrait("hopper"))
    reports = [recaster.recast(Cast(everyone=who), target, tmp_path / "result.png") for who in (mixed, clean)]
    wanted = "2 of 5 source photos seem to show somebody else and were not used."
    assert reports[0].notes[0] == wanted and wanted not in reports[1].notes


@pytest.mark.parametrize("deep", [False, True])
def test_a_photo_of_another_profile_has_the_skin_that_it_shows(tmp_path: Path, deep: bool) -> None:
    """Telephones save in Display P3, in which the same samples are a stronger colour."""
    recaster = Recaster(marking=Marking(frozenset()))
    photo = media.portrait("astronaut")
    native = np.asarray(photo.astype(np.uint16) * 257 if deep else photo)
    write_picture(tmp_path / "own.png", Picture(native, icc=display_p3()))
    identity = recaster.identify([tmp_path / "own.png"])
    seen, faces_in, _ = recaster.examine(tmp_path / "own.png")
    assert np.array_equal(identity.photos[0].image, seen) and len(faces_in) == 1
    box = identity.photos[0].face.box
    cheeks = (slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1)))
    shown, stored = (image[cheeks].reshape(-1, 3).mean(0) for image in (seen, photo))
    assert shown[2] - shown[0] > stored[2] - stored[0] + 10


def company() -> tuple[ImageArray, Face, Face]:
    """A man in half profile on the left, larger than the woman beside him, who looks at the camera; and both faces."""
    photo = faces.test_photo("gdp")
    aside = max(faces.faces(photo), key=lambda face: abs(_yaw(face)))
    x0, y0, x1, y1 = (int(edge) for edge in (lambda box: (box.x0, box.y0, box.x1, box.y1))(aside.box.scaled(2.0)))
    man = cv2.resize(photo[max(y0, 0) : y1, max(x0, 0) : x1], (300, 300), interpolation=cv2.INTER_CUBIC)
    woman = media.portrait("astronaut")[:420, 60:400]
    picture = np.full((420, 640, 3), 90, np.uint8)
    picture[60:360, :300] = man
    picture[:, 300:] = woman
    left, right = from_left(faces.faces(picture))
    return picture, left, right


def _yaw(face: Face) -> float:
    assert face.landmarks is not None
    left, right, nose = face.landmarks[[33, 263, 1], 0]
    return float((nose - left) / (right - left) - 0.5)


def test_of_several_faces_the_one_that_is_seen_best_is_taken() -> None:
    picture, man, woman = company()
    assert man.box.area > 1.5 * woman.box.area and best_seen((man, woman)) is woman
    recaster = Recaster(marking=Marking(frozenset()))
    face = recaster.identify([picture]).photos[0].face
    assert face.box.iou(woman.box) > 0.9
    assert LEAST < 0.2, "a face that is turned away is still taken where the other one is tiny"


def test_another_face_can_be_chosen_and_it_is_said_whose_was_taken(tmp_path: Path) -> None:
    picture, man, woman = company()
    recaster = Recaster(marking=Marking(frozenset()))
    for number, wanted in ((1, man), (2, woman), (0, woman)):
        assert recaster.identify([picture], [number]).photos[0].face.box.iou(wanted.box) > 0.9
    with pytest.raises(FaceUnknown, match="no face number 3: the source photo shows 2 faces"):
        recaster.identify([picture], [3])
    with pytest.raises(FaceUnknown, match="no face number 2: source photo 2 shows one face"):
        recaster.identify([picture, media.portrait("astronaut")], [0, 2])

    # What was finished with one of them is of no use for the other.
    digests = {cast_digest(Cast(everyone=recaster.identify([picture], [number]))) for number in (1, 2, 0)}
    assert len(digests) == 2

    target, result = tmp_path / "target.png", tmp_path / "result.png"
    cv2.imwrite(str(target), media.portrait("hopper"))
    said = recaster.recast(Cast(everyone=recaster.identify([picture])), target, result).notes
    assert (
        "The source photo: There are 2 people in this photo. Number 2 from the left is used; you can choose another."
        in said
    )
    said = recaster.recast(Cast(everyone=recaster.identify([picture], [1])), target, result).notes
    assert any("turned far to the side. A photo from the front" in note for note in said)
    assert not any("2 people" in note for note in said)


def test_of_several_photos_only_what_none_makes_up_for_is_said(tmp_path: Path) -> None:
    own = media.portrait("astronaut")
    small = np.asarray(cv2.resize(own, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    recaster = Recaster(marking=Marking(frozenset()))
    target, result = tmp_path / "target.png", tmp_path / "result.png"
    cv2.imwrite(str(target), media.portrait("hopper"))
    alone, both = (
        recaster.recast(Cast(everyone=recaster.identify(photos)), target, result).notes
        for photos in ([small], [small, own])
    )
    assert any(note.startswith("The source photo: The face is only") for note in alone)
    assert not any("The face is only" in note for note in both)


def test_shut_eyes_and_a_cut_face_are_said() -> None:
    picture, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    below = int(face.landmarks[17, 1])
    shut = media.grimace(picture, face.landmarks, 0.0, 1.0)
    recaster = Recaster(marking=Marking(frozenset()))
    said = [
        {advice.code for advice in recaster.identify([photo]).photos[0].advice}
        for photo in (picture, shut, np.ascontiguousarray(picture[:below]))
    ]
    assert not said[0] and said[1] == {"shut"} and "cut" in said[2]
