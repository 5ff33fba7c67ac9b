"""Who is in a target, and who is who in a frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pipeline.analysis import Assigner, FaceFinder, PeopleCollector, assign
from pipeline.analysis.assign import best_pairs
from pipeline.types import Face
from tests import media
from tests.frames import ArrayFrame
from tests.media import Clip


def collected(done) -> PeopleCollector:
    collector = PeopleCollector()
    for frame, faces in done:
        collector.add(frame, faces)
    return collector


@pytest.fixture(scope="module")
def film(track):
    """Three shots: both, the astronaut alone, Hopper again."""
    both = media.crossing(40)
    alone = media.scene(20, {"astronaut": lambda i: media.placed("astronaut", (200 + i, 190), 120)}, seed=4)
    again = media.scene(30, {"hopper": lambda i: media.placed("hopper", (400 - i, 170), 80, 20)}, seed=9)
    clip = Clip(both.frames + alone.frames + again.frames, both.places + alone.places + again.places)
    return track(clip)


def test_people_over_cuts(film, known: dict[str, Face]) -> None:
    first, second = collected(film).people()
    assert (first.number, second.number) == (1, 2)
    assert first.embedding @ known["hopper"].embedding > 0.9
    assert second.embedding @ known["astronaut"].embedding > 0.9
    assert first.frames == 70 and first.share == pytest.approx(70 / 90)
    assert 40 <= second.frames < 60
    assert (first.first_time, first.last_time) == (0, pytest.approx(89 / 30))
    assert second.last_time == pytest.approx(59 / 30)


def test_thumbnails_show_the_person(film, finder: FaceFinder) -> None:
    for person in collected(film).people():
        assert person.thumbnail.shape == (160, 160, 3) and person.thumbnail.dtype == np.uint8
        (face,) = finder.faces(ArrayFrame(person.thumbnail))
        assert face.embedding @ person.embedding > 0.6
        assert 50 < face.box.width < 130


def test_people_can_be_asked_for_twice(film) -> None:
    collector = collected(film)
    assert [p.frames for p in collector.people()] == [p.frames for p in collector.people()]
    assert PeopleCollector().people() == ()


def test_everybody_in_a_group_photo_is_somebody_else(finder: FaceFinder, group_photo) -> None:
    from dataclasses import replace

    frame = ArrayFrame(group_photo("t1.jpg"))
    faces = [replace(face, track=i) for i, face in enumerate(finder.faces(frame))]
    collector = PeopleCollector()
    collector.add(frame, faces)
    people = collector.people()
    assert len(people) == len(faces) == 6
    mapping = assign(faces, people)
    assert sorted(person.number for person in mapping.values()) == [1, 2, 3, 4, 5, 6]
    for i, person in mapping.items():
        assert faces[i].embedding @ person.embedding > 0.99


def test_a_long_target_keeps_few_summaries(known: dict[str, Face]) -> None:
    from dataclasses import replace

    collector, frame = PeopleCollector(), ArrayFrame(media.portrait("hopper"))
    for i in range(900):
        name = "hopper" if i // 3 % 2 else "astronaut"
        collector.add(frame, [replace(known[name], track=i // 3)])
    assert len(collector._summaries) < 200
    assert [person.frames for person in collector.people()] == [450, 450]


def test_assignment_is_exclusive_and_steady(film) -> None:
    people = collected(film).people()
    assigner = Assigner(people)
    by_track: dict[int, set[int]] = {}
    for _, faces in film:
        mapping = assigner.assign(faces)
        assert len(mapping) == len(faces) == len({person.number for person in mapping.values()})
        for i, person in mapping.items():
            by_track.setdefault(faces[i].track, set()).add(person.number)
    assert all(len(numbers) == 1 for numbers in by_track.values())


def test_a_stranger_is_nobody(known: dict[str, Face], film) -> None:
    people = [p for p in collected(film).people() if p.embedding @ known["hopper"].embedding > 0.9]
    assert assign([known["astronaut"]], people) == {}
    assert assign([known["astronaut"], known["hopper"]], people) == {1: people[0]}
    assert assign([known["hopper"]], []) == {}


def test_pairs_are_the_optimum() -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        rows, columns = random.integers(1, 5, 2)
        value = random.uniform(-0.2, 1, (rows, columns))
        total = sum(value[i, j] - 0.3 for i, j in best_pairs(value, 0.3))
        best = 0.0
        for choice in itertools.product(range(-1, columns), repeat=rows):
            taken = [j for j in choice if j >= 0]
            if len(set(taken)) == len(taken):
                best = max(best, sum(value[i, j] - 0.3 for i, j in enumerate(choice) if j >= 0))
        assert total == pytest.approx(best)
