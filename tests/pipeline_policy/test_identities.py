"""The list of identities: kept encrypted, matched on real faces, and looked at on every way to a changed face."""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import Cast, Recaster
from pipeline.errors import IdentityRefused, InputError, OptionError, PolicyUnusable
from pipeline.policy import Listings, Policy
from pipeline.policy.identities import ListUnreadable
from tests import media

SECRET = bytes(range(32))


@pytest.fixture(scope="module")
def plain() -> Recaster:
    return Recaster()


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    return Listings(tmp_path / "identities", lambda: SECRET)


def embedding(recaster: Recaster, name: str) -> np.ndarray:
    return recaster.identify([media.portrait(name)]).embedding


def test_the_file_tells_nobody_who_is_on_it(plain: Recaster, listings: Listings) -> None:
    known = embedding(plain, "hopper")
    added = listings.add("Grace Hopper", [known])
    raw = listings.path.read_bytes()
    assert b"Hopper" not in raw and known.astype("<f4").tobytes()[:16] not in raw
    assert stat.S_IMODE(listings.path.stat().st_mode) == 0o600
    [again] = Listings(listings.path, lambda: SECRET).all()
    assert (again.id, again.name, again.listing) == (added.id, "Grace Hopper", "blocked")
    assert np.array_equal(again.embeddings[0], known)
    with pytest.raises(ListUnreadable, match="carries out nothing"):
        Listings(listings.path, lambda: bytes(32)).all()
    listings.path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(ListUnreadable):
        listings.all()


def test_what_another_process_changes_is_seen_at_once(plain: Recaster, listings: Listings) -> None:
    other = Listings(listings.path, lambda: SECRET)
    assert other.all() == ()
    listings.add("one", [embedding(plain, "hopper")])
    assert [one.name for one in other.all()] == ["one"]
    with pytest.raises(InputError, match="already"):
        other.add("one", [embedding(plain, "astronaut")])
    assert other.remove("one").name == "one" and listings.all() == ()
    with pytest.raises(InputError, match="no identity"):
        other.remove("one")
    with pytest.raises(InputError, match="name"):
        other.add(" ", [embedding(plain, "hopper")])


def blocking(listings: Listings, plain: Recaster, name: str) -> Recaster:
    listings.add(name, [embedding(plain, name)])
    return Recaster(policy=Policy(listings))


def test_a_blocked_face_is_no_source(plain: Recaster, listings: Listings, tmp_path: Path) -> None:
    recaster = blocking(listings, plain, "hopper")
    # Another size, mirrored, and compressed: it is the face that is known, not the file.
    photo = cv2.resize(media.portrait("hopper")[:, ::-1], None, fx=0.7, fy=0.7)
    with pytest.raises(IdentityRefused, match="as a source") as refused:
        recaster.identify([photo])
    assert refused.value.exit_code == 4
    # Nor where somebody made the identity elsewhere: the frame itself is not changed.
    cast, target = Cast(everyone=plain.identify([photo])), media.portrait_file("astronaut", tmp_path)
    with pytest.raises(IdentityRefused):
        recaster.recast(cast, target, tmp_path / "result.png")
    with pytest.raises(IdentityRefused):
        recaster.recast_frame(media.portrait("astronaut"), cast)
    with pytest.raises(IdentityRefused):
        assert cast.everyone is not None
        recaster.live(cast.everyone)
    assert not (tmp_path / "result.png").exists()


def test_a_blocked_face_is_no_target(plain: Recaster, listings: Listings, tmp_path: Path) -> None:
    recaster = blocking(listings, plain, "hopper")
    cast = Cast(everyone=recaster.identify([media.portrait("astronaut")]))
    picture = media.portrait_file("hopper", tmp_path)
    clip = tmp_path / "clip.mp4"
    media.write_clip(clip, media.camera(10).frames)
    for target, result in ((picture, "a.png"), (clip, "b.mp4")):
        with pytest.raises(IdentityRefused, match="in the target"):
            recaster.recast(cast, target, tmp_path / result)
        assert not (tmp_path / result).exists()
    with pytest.raises(IdentityRefused):
        recaster.recast_frame(media.portrait("hopper"), cast)
    assert cast.everyone is not None
    with recaster.live(cast.everyone) as session:
        camera = media.webcam(2).frames
        before = camera[0].copy()
        with pytest.raises(IdentityRefused):
            session.recast(camera[0], 0.0)
        assert np.array_equal(camera[0], before)
        listings.remove("hopper")
        assert session.recast(camera[1], 2.0).changed == 1


def test_others_are_as_free_as_before(plain: Recaster, listings: Listings, tmp_path: Path) -> None:
    recaster = blocking(listings, plain, "hopper")
    face = recaster.identify([media.portrait("astronaut")])
    report = recaster.recast(Cast(everyone=face), media.portrait_file("astronaut", tmp_path), tmp_path / "result.png")
    assert report.changed == 1


def test_where_only_listed_faces_are_allowed(plain: Recaster, listings: Listings) -> None:
    recaster = Recaster(policy=Policy(listings, only_listed=True))
    with pytest.raises(IdentityRefused, match="has listed"):
        recaster.identify([media.portrait("astronaut")])
    listings.add("Eileen", [embedding(plain, "astronaut")], "allowed")
    assert recaster.identify([media.portrait("astronaut")[:, ::-1].copy()])
    with pytest.raises(IdentityRefused, match="has listed"):
        recaster.identify([media.portrait("hopper")])
    # A second photo of somebody else does not slip in with the first.
    with pytest.raises(IdentityRefused, match="has listed"):
        recaster.identify([media.portrait("astronaut"), media.portrait("hopper")])


def test_a_list_that_cannot_be_read_lets_nobody_through(listings: Listings) -> None:
    listings.path.write_bytes(b"something else")
    with pytest.raises(PolicyUnusable):
        Recaster(policy=Policy(listings)).identify([media.portrait("astronaut")])


def test_settings(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="RECAST_SOURCES"):
        Policy.from_environment(tmp_path, lambda: SECRET, {"RECAST_SOURCES": "some"})
    assert not Policy.from_environment(tmp_path, lambda: SECRET, {}).looks_at_content
