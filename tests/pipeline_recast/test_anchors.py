"""Frames between two whose faces were read: a calm face is not read again, and nothing is shown late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline import Cast, Options, Recaster
from pipeline.anchors import TRAIL, Anchor
from pipeline.frame_recaster import recast_frame
from pipeline.marking import Marking
from pipeline.mesh.reading import Exact, Mean
from pipeline.places import places
from pipeline.rows import EVERY, WIDE, Found, along, anchored, rows
from pipeline.types import Face, FloatArray, ImageArray
from pipeline.wardrobe import FaceRole
from tests import faces, media
from tests.frames import ArrayFrame

NAME, SOURCE = "hopper", "astronaut"
"""Of whom the first one wears glasses."""
BARE = "astronaut"
OPTIONS = Options()


def found_in(images: Sequence[ImageArray], first: int = 0, name: str = NAME) -> list[Found]:
    """Frames of a film in which the face keeps its place."""
    face = faces.portrait_face(name)
    roles = [FaceRole(face, faces.identity(SOURCE))]
    return [Found(ArrayFrame(image, first + n), roles, True, ()) for n, image in enumerate(images)]


def film(images: Sequence[ImageArray], name: str = NAME) -> list[ImageArray]:
    result = []
    for each in anchored(found_in(images, name=name), faces.wardrobe(), OPTIONS):
        assert recast_frame(each.frame, each.roles, faces.wardrobe(), OPTIONS, each.beside) == 1
        result.append(each.frame.image())
    return result


def alone(image: ImageArray, name: str = NAME) -> ImageArray:
    """One frame, all of it read."""
    (each,) = found_in([image], name=name)
    assert recast_frame(each.frame, each.roles, faces.wardrobe(), OPTIONS) == 1
    return each.frame.image()


def grainy(image: ImageArray, seed: int, gain: float = 1.0) -> ImageArray:
    grain = np.random.default_rng(seed).normal(0, 1.5, (*image.shape[:2], 1))
    return np.clip(image * gain + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("first", "count"), [(0, 9), (3, 15), (6, 1), (5, 2), (0, 17)])
def test_anchors_are_counted_from_the_targets_beginning(first: int, count: int) -> None:
    """And the first and the last frame are ones."""
    images = [media.portrait(NAME)] * count
    end = first + count - 1
    narrow, wide = ({first, *(n for n in range(first, end + 1) if n % step == 0), end} for step in (EVERY, WIDE))
    found = list(anchored(found_in(images, first), faces.wardrobe(), OPTIONS))
    assert [each.frame.index for each in found] == list(range(first, end + 1))
    own = {each.frame.index: each.beside.own for each in found if each.beside is not None}
    for each in found:
        assert each.beside is not None
        index = each.frame.index
        assert (each.beside.own is not None) == (index in narrow)
        spans = [(max(n for n in some if n <= index), min(n for n in some if n >= index)) for some in (wide, narrow)]
        for span, (before, after) in zip(each.beside.spans, dict.fromkeys(spans), strict=True):
            assert (span.before, span.after) == (own[before], own[after])
            assert span.share == (index - before) / max(after - before, 1)


def kinds(images: Sequence[ImageArray], name: str = NAME) -> list[type]:
    """How the face of each frame is read."""
    result: list[type] = []
    for each in anchored(found_in(images, name=name), faces.wardrobe(), OPTIONS):
        (place,) = places(each.roles, faces.wardrobe(), OPTIONS)
        assert each.beside is not None
        look = each.beside.seen(each.frame, place)
        assert look is not None
        result.append(type(look[1]))
    return result


def test_a_calm_face_is_not_read_between_anchors_and_looks_the_same() -> None:
    images = [grainy(media.portrait(NAME), n, 1 - 0.01 * n) for n in range(EVERY + 1)]
    assert kinds(images) == [Exact, *[Mean] * (EVERY - 1), Exact]
    for image, result in zip(images, film(images), strict=True):
        off = np.abs(result.astype(int) - alone(image))
        # A rim lies where several frames have it: a texel beside where a grainy one alone does.
        assert off.mean() < 0.1 and cv2.blur(off.astype(np.float32), (7, 7)).max() < 10


@pytest.mark.parametrize("name", [NAME, BARE])
def test_a_face_that_is_calm_for_long_is_read_at_every_other_anchor(name: str) -> None:
    images = [media.portrait(name)] * (WIDE + 1)
    assert kinds(images, name) == [Exact, *[Mean] * (WIDE - 1), Exact]


def test_glasses_are_looked_for_at_each_anchor() -> None:
    """By what lids look like rims are told, and eyes shut and open again in between."""
    images = [grainy(media.portrait(NAME), n) for n in range(WIDE + 1)]
    first, before, halfway, last = (rims_of(images, n) for n in (0, EVERY - 1, EVERY, WIDE))
    own, mean = rims_of([images[EVERY]], 0), (first + last) / 2
    assert np.abs(halfway - mean).mean() > 0.3 * np.abs(own - mean).mean(), "grain makes it another line each time"
    assert np.allclose(before, first + (halfway - first) * (1 - 1 / EVERY), atol=1e-5)


def test_rims_keep_their_place_where_a_frame_alone_would_have_them_elsewhere() -> None:
    """Grain, a brow's edge, a lid: in each frame another line is the strongest."""
    count = (TRAIL + 4) * EVERY
    images = [grainy(media.portrait(NAME), n) for n in range(count)]
    at = range(TRAIL * EVERY, count, EVERY)
    steady, single = [rims_of(images, n) for n in at], [rims_of([images[n]], 0) for n in at]
    restless = [np.mean([np.abs(b - a).mean() for a, b in pairwise(one)]) for one in (steady, single)]
    assert restless[0] < 0.8 * restless[1]


def test_glasses_stay_on_where_one_frame_does_not_show_their_bridge() -> None:
    images = [media.portrait(NAME).copy() for _ in range(4 * WIDE + 1)]
    landmarks = faces.portrait_face(NAME).landmarks
    assert landmarks is not None
    (x, y), wide = landmarks[168, :2], int(np.ptp(landmarks[[33, 263], 0]) * 0.13)
    place = slice(int(y) - wide, int(y) + wide), slice(int(x) - wide, int(x) + wide)
    at = TRAIL * EVERY
    images[at][place] = cv2.blur(images[at][place], (2 * wide, 2 * wide))
    rims = [rims_of(images, n) for n in (EVERY, at, at + EVERY)]
    assert rims[1].sum() > 0.8 * rims[0].sum()
    assert rims[2].sum() > 0.8 * rims[0].sum()


def test_glasses_stay_on_behind_a_hand_that_hides_their_bridge() -> None:
    """Where that is hidden a frame alone cannot tell, and a new brow covered the rims."""
    calm = media.portrait(NAME)
    landmarks = faces.portrait_face(NAME).landmarks
    assert landmarks is not None
    (x, y), wide = landmarks[168, :2], int(np.ptp(landmarks[[33, 263], 0]) * 0.2)
    held = calm.copy()
    held[int(y) - wide :, int(x) - wide : int(x) + wide] = calm[300, 256]
    hidden = range(TRAIL * EVERY, (TRAIL + 3) * EVERY)
    images = [held if n in hidden else calm for n in range((TRAIL + 5) * EVERY)]
    before, behind, between = (rims_of(images, n) for n in (EVERY, hidden[EVERY], hidden[EVERY + 2]))
    rim = before > 0.5
    assert behind[rim].mean() > 0.5
    assert between[rim].mean() > 0.5


def rims_of(images: Sequence[ImageArray], number: int) -> FloatArray:
    """The rims of glasses in one frame of a film, 0 where none are worn."""
    each = list(anchored(found_in(images), faces.wardrobe(), OPTIONS))[number]
    (place,) = places(each.roles, faces.wardrobe(), OPTIONS)
    assert each.beside is not None
    look = each.beside.seen(each.frame, place)
    assert look is not None
    rims = look[1].rims
    return np.zeros((192, 192), np.float32) if rims is None else rims


@pytest.mark.parametrize("name", [NAME, BARE])
def test_whichever_frame_comes_first_the_film_is_the_same(name: str) -> None:
    """An anchor that was changed before it is read still tells what it showed."""
    calm = media.portrait(name)
    images = [grainy(calm, n) for n in range(WIDE + 1)]
    images[EVERY + 1] = (calm * 0.7).astype(np.uint8)
    films = []
    for order in (range(WIDE + 1), range(WIDE, -1, -1), (EVERY, 2, EVERY + 1, 0, WIDE, 1, 3, 6, 7)):
        found = list(anchored(found_in(images, name=name), faces.wardrobe(), OPTIONS))
        for n in order:
            assert recast_frame(found[n].frame, found[n].roles, faces.wardrobe(), OPTIONS, found[n].beside) == 1
        films.append([each.frame.image() for each in found])
    assert all(np.array_equal(one, other) for each in films[1:] for one, other in zip(films[0], each, strict=True))


def hand(image: ImageArray) -> ImageArray:
    landmarks = faces.portrait_face(BARE).landmarks
    assert landmarks is not None
    return media.fingers(image, landmarks)[0]


def card(image: ImageArray) -> ImageArray:
    """Of the colour of fair skin, over one cheek."""
    landmarks = faces.portrait_face(BARE).landmarks
    assert landmarks is not None
    x, y = (int(value) for value in np.round(landmarks[425, :2]))
    return np.asarray(cv2.rectangle(image.copy(), (x - 7, y - 12), (x + 40, y + 12), (120, 150, 205), -1))


def shadow(image: ImageArray) -> ImageArray:
    """Over half of the face."""
    landmarks = faces.portrait_face(BARE).landmarks
    assert landmarks is not None
    dark = image.copy()
    dark[:, : int(landmarks[4, 0])] //= 2
    return dark


@pytest.mark.parametrize("comes", [hand, card, shadow])
@pytest.mark.parametrize("at", [[2], [3, 4], [1, 2, 3, 4]], ids=str)
def test_what_comes_before_a_face_between_anchors_is_seen_at_once(
    comes: Callable[[ImageArray], ImageArray], at: list[int]
) -> None:
    """Not later, and not half: just as if all of the frame had been read."""
    calm = media.portrait(BARE)
    images = [comes(calm) if n in at else calm for n in range(EVERY + 1)]
    results = film(images, BARE)
    for n in at:
        assert np.array_equal(results[n], alone(images[n], BARE))


def test_a_face_that_turns_up_between_anchors_is_read() -> None:
    """Of another track nothing is known, wherever it is."""
    image = media.portrait(NAME)
    found = found_in([image] * (EVERY + 1))
    (role,) = found[0].roles
    stranger = role._replace(face=Face(**{**vars(role.face), "track": 7}))
    found[2] = Found(found[2].frame, [stranger], True, ())
    for each in anchored(found, faces.wardrobe(), OPTIONS):
        (place,) = places(each.roles, faces.wardrobe(), OPTIONS)
        assert each.beside is not None
        look = each.beside.seen(each.frame, place)
        assert look is not None
        assert isinstance(look[1], Exact) == (each.frame.index in (0, 2, EVERY))


def test_the_result_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    clip = media.write_clip(tmp_path / "clip.mkv", media.camera(22).frames, 25)
    pictures = []
    for threads in (1, 4):
        recaster = Recaster(threads=threads, marking=Marking(frozenset()))
        cast = Cast(everyone=recaster.identify([media.portrait(SOURCE)]))
        output = tmp_path / f"{threads}.mkv"
        recaster.recast(cast, clip, output, Options(codec="lossless"))
        with av.open(str(output)) as container:
            pictures.append([frame.to_ndarray() for frame in container.decode(video=0)])
    assert len(pictures[0]) == 22
    assert all(np.array_equal(one, other) for one, other in zip(*pictures, strict=True))


@pytest.mark.parametrize("first", range(13))
def test_a_trail_gives_the_anchors_of_the_rows_before(first: int) -> None:
    """Wherever a film begins, and however far it has come."""

    def told(known: dict[int, Anchor]) -> dict[int, tuple[float, ...]]:
        spans = {n: anchor.around for n, anchor in known.items()}
        return {n: (span.before.index, span.after.index, span.share) if span else (n,) for n, span in spans.items()}

    known: dict[int, Anchor] = {}
    images = [media.portrait(NAME)] * 75
    for row in rows(found_in(images, first)):
        again = along(row, None, faces.wardrobe(), OPTIONS)[1]
        known = along(row, known, faces.wardrobe(), OPTIONS)[1]
        assert told(again) == told(known)
    assert len(known) == TRAIL + 1
