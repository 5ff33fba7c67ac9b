"""What is painted belongs to whom it was painted on: in pictures and films with two people, however they are named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import Cast, Person, Recaster, Role
from pipeline.errors import InputError, OptionError, PersonUnknown
from pipeline.exclusions import Look, Paintings, everyones, settled
from pipeline.frame_recaster import recast_frame
from pipeline.marking import Marking
from pipeline.media import Picture
from pipeline.mesh.exclusion import painted_over
from pipeline.mesh.painted import write_exclusion
from pipeline.options import Options, Painting
from pipeline.types import Face, FloatArray, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks
from tests.pipeline_mesh.test_exclusion import decoded, over_frame, strokes

RATE = 20
LEFT, RIGHT = 0, 1
"""Hopper walks on the left of the film, the astronaut on the right."""


@cache
def film(count: int) -> tuple[ImageArray, ...]:
    """Both of them, walking. Not to be written into."""

    def hopper(i: int) -> FloatArray:
        return media.placed("hopper", (150 + 6 * i, 170), 110)

    def astronaut(i: int) -> FloatArray:
        return media.placed("astronaut", (480 - 5 * i, 190), 105)

    return tuple(media.scene(count, {"hopper": hopper, "astronaut": astronaut}).frames)


def pair(image: ImageArray) -> tuple[Face, Face]:
    """Whoever is on the left, and on the right."""
    one, other = sorted(faces.faces(image), key=lambda face: face.box.x0)
    return one, other


@cache
def walkers(index: int) -> tuple[Face, Face]:
    """The same in a frame of `film(14)`."""
    return pair(film(14)[index])


def person(number: int, name: str) -> Person:
    embedding = faces.portrait_face(name).embedding
    assert embedding is not None
    return Person(number, embedding, np.zeros((160, 160, 3), np.uint8), 0.0, 1.0, 10, 1.0)


def kept(before: ImageArray, after: ImageArray, face: Face, allowed: int = 4) -> bool:
    """Whether the dabs of `strokes` on a face are as they were; else much of them has to be another's."""
    inside = cv2.erode(strokes(before.shape, face), np.ones((7, 7), np.uint8)) > 250
    change = np.abs(before.astype(int) - after).max(2)[inside]
    most = np.percentile(change, 97)
    assert most <= allowed or most > 3 * allowed
    return bool(most <= allowed)


def both_ways(one: str = "astronaut", other: str = "hopper") -> Cast:
    """Person 1, Hopper, gets the astronaut's face, and person 2, the astronaut, Hopper's."""
    return Cast(
        roles=(Role(person(1, "hopper"), faces.identity(one)), Role(person(2, "astronaut"), faces.identity(other)))
    )


@pytest.fixture(scope="module")
def recaster() -> Recaster:
    return Recaster(marking=Marking(frozenset()))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_clip(tmp_path_factory.mktemp("film") / "clip.mp4", film(14), RATE)


@pytest.mark.parametrize("engine", ["mesh", "network", "hybrid"])
def test_in_a_picture(recaster: Recaster, tmp_path: Path, engine: str) -> None:
    image = film(1)[0]
    left, right = pair(image)
    options = Options(exclude=over_frame(strokes(image.shape, left)), keep_occluders=False)
    for cast in (Cast(everyone=faces.identity("astronaut")), both_ways()):
        if engine == "mesh":
            after = recaster.recast_frame(image, cast, options)
        else:
            after = by_network(tmp_path, image, cast, options, 1.0 if engine == "hybrid" else 0.0)
        assert kept(image, after, left)
        assert not kept(image, after, right)


def by_network(folder: Path, image: ImageArray, cast: Cast, options: Options, detail: float) -> ImageArray:
    from pipeline.casting import Casting

    engine = models.Shelf(folder).engine("inswapper_128", partial(networks.closed_form, form="constant"), "constant")
    found, size = faces.faces(image), (image.shape[1], image.shape[0])
    options, cast = settled(options, cast, lambda _: (found, size))
    options = Options(
        exclude=options.exclude, keep_occluders=False, match_light=0, keep_texture=False, expression=0,
        photo_detail=detail,
    )  # fmt: skip
    picture = Picture(image.copy())
    recast_frame(picture, Casting(cast, options).roles(found), Wardrobe(engine), options)
    return picture.image()


def test_faces_that_are_rendered_at_once_keep_their_own() -> None:
    image = film(1)[0]
    left, right = pair(image)
    masks = [write_exclusion(painted_over(strokes(image.shape, face), face)) for face in (left, right)]
    for painted in ((masks[0], ""), ("", masks[1]), tuple(masks)):
        picture = Picture(image.copy())
        roles = [
            FaceRole(face, faces.identity("astronaut"), mask)  # type: ignore[arg-type]
            for face, mask in zip((left, right), painted, strict=True)
        ]
        assert recast_frame(picture, roles, faces.wardrobe(), Options(keep_occluders=False)) == 2
        assert [kept(image, picture.image(), face) for face in (left, right)] == [bool(mask) for mask in painted]


@pytest.mark.parametrize("whose", ["", "1", "2", "everyone"])
@pytest.mark.parametrize("roles", [True, False])
def test_in_a_film(recaster: Recaster, clip: Path, tmp_path: Path, whose: str, roles: bool) -> None:
    """Painted over both of them in a later frame; who keeps it is who is named, or both."""
    painted = np.maximum.reduce([strokes(film(14)[10].shape, face) for face in walkers(10)])
    options = Options(
        exclude=over_frame(painted, whose), exclude_at=10 / RATE, keep_occluders=False, codec="lossless", smooth=0.3
    )
    cast = both_ways()
    if not roles:
        cast = Cast(everyone=faces.identity("astronaut"), others=tuple(role.person for role in cast.roles))
    recaster.recast(cast, clip, tmp_path / "result.mkv", options)
    before, after = decoded(clip), decoded(tmp_path / "result.mkv")
    for index in (1, 7, 13):
        left, right = walkers(index)
        assert kept(before[index], after[index], left) is (whose != "2"), index
        assert kept(before[index], after[index], right) is (whose != "1"), index


@pytest.mark.parametrize("who", [LEFT, RIGHT])
def test_who_is_nobody_whom_the_cast_knows_keeps_it_too(
    recaster: Recaster, clip: Path, tmp_path: Path, who: int
) -> None:
    """Everyone gets the face, nobody has a number: the film's faces are told by who was painted on."""
    options = Options(
        exclude=over_frame(strokes(film(14)[10].shape, walkers(10)[who])), exclude_at=10 / RATE,
        keep_occluders=False, codec="lossless", smooth=0.3,
    )  # fmt: skip
    recaster.recast(Cast(everyone=faces.identity("astronaut")), clip, tmp_path / "result.mkv", options)
    before, after = decoded(clip), decoded(tmp_path / "result.mkv")
    for index in (1, 7, 13):
        for side, face in enumerate(walkers(index)):
            assert kept(before[index], after[index], face) is (side == who), (index, side)


def look_at(frames: Sequence[ImageArray]) -> Look:
    def at(moment: float) -> tuple[tuple[Face, ...], tuple[int, int]]:
        frame = frames[round(moment * RATE)]
        return faces.faces(frame), (frame.shape[1], frame.shape[0])

    return at


def test_strokes_on_somebody_unknown_stay_theirs() -> None:
    """Painted on at two moments, before anybody has looked who is in the film, and again once somebody has."""
    frames = film(14)
    paintings = Paintings(look_at(frames), ())
    left, _ = walkers(0)
    assert paintings.paint(strokes(frames[0].shape, left), 0.0, erase=False)
    first = paintings.written()
    assert [painting.whose.startswith("0.0@") for painting in first] == [True]
    again = Paintings(look_at(frames), ())
    again.lay(Options(exclude=first))
    again.paint(strokes(frames[10].shape, walkers(10)[LEFT]), 10 / RATE, erase=False)
    assert [painting.whose for painting in again.written()] == [first[0].whose]
    known = Paintings(look_at(frames), (person(1, "hopper"), person(2, "astronaut")))
    known.lay(Options(exclude=again.written()))
    known.paint(strokes(frames[4].shape, walkers(4)[RIGHT]), 4 / RATE, erase=False)
    assert [painting.whose for painting in known.written()] == ["1", "2"]
    known.paint(strokes(frames[10].shape, walkers(10)[LEFT]), 10 / RATE, erase=True)
    known.paint(np.full(frames[0].shape[:2], 255, np.uint8), 10 / RATE, erase=True)
    assert known.written() == ()


def test_what_is_everyones_is_added_to_what_is_ones_own() -> None:
    image = film(1)[0]
    left, _ = pair(image)
    mine = write_exclusion(painted_over(strokes(image.shape, left), left))
    all_of_it = write_exclusion(np.full((192, 192), 255, np.uint8))
    options = Options(exclude=(Painting(mine, "1"), Painting(all_of_it)))
    laid, _ = settled(options, both_ways(), look_at([image]))
    assert {painting.whose for painting in laid.exclude} == {"1", "everyone"}
    assert len({painting.mask for painting in laid.exclude}) == 1
    assert settled(laid, both_ways(), look_at([image]))[0] == laid


def test_what_cannot_be_is_said(recaster: Recaster) -> None:
    image = film(1)[0]
    left, _ = pair(image)
    painted = strokes(image.shape, left)
    atlas = write_exclusion(painted_over(painted, left))

    def recast(*exclude: Painting) -> None:
        recaster.recast_frame(image, both_ways(), Options(exclude=exclude))

    with pytest.raises(PersonUnknown, match="person 7"):
        recast(Painting(atlas, "7"))
    with pytest.raises(OptionError, match="does not lie on the face that it is for: 2"):
        recast(*over_frame(painted, "2"))
    with pytest.raises(OptionError, match="none at that place"):
        recast(Painting(atlas, "0.0@0.99,0.99"))
    for whose in ("somebody", "1.5", "0@2,0", "@0.1,0.1", "1@0.1"):
        with pytest.raises(OptionError, match="says nobody"):
            recast(Painting(atlas, whose))


def test_a_camera_knows_no_persons(recaster: Recaster) -> None:
    atlas = write_exclusion(np.full((192, 192), 255, np.uint8))
    with recaster.live(faces.identity("hopper"), Options(exclude=(Painting(atlas),))) as session:
        frame = media.portrait("astronaut").copy()
        after = session.recast(frame.copy()).image
        assert np.median(np.abs(after.astype(int) - frame)) == 0
        for exclude in ((Painting(atlas, "1"),), over_frame(np.full((90, 90), 255, np.uint8))):
            with pytest.raises(InputError):
                session.change(Options(exclude=exclude))
    with pytest.raises(OptionError, match="told apart"):
        everyones(Options(exclude=(Painting(atlas, "1"),)))
