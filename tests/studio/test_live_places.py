"""Who gets a place in the live view, on the real server, and when it is somebody else's."""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from studio.live.connection import IDLE
from studio.live.places import Full, Places, Yours
from studio.live.protocol import SOUND
from tests.studio.conftest import Server, eventually, launch, serving
from tests.studio.live_client import Visitor, address


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two places."""
    folder = tmp_path_factory.mktemp("places")
    with serving(folder, RECAST_LIVE_VISITORS="2", RECAST_LIVE_EACH_MINUTE="600") as server:
        yield server


def test_places_are_counted_and_given_back(home: Server) -> None:
    with Visitor(home) as one, Visitor(home) as other:
        one.word("welcome")
        other.word("welcome")
        with Visitor(home) as third:
            assert third.word("error")["code"] == "live_full"
            with pytest.raises(ConnectionClosed):
                third.word("welcome")

    def free() -> bool:
        with Visitor(home) as visitor:
            message = json.loads(visitor.socket.recv(timeout=30))
            return bool(message["type"] == "welcome")

    eventually(free)


@pytest.mark.slow
def test_who_sends_no_picture_leaves_their_place(home: Server) -> None:
    """Whether they send nothing, or the sound of a page that nobody looks at."""
    with Visitor(home) as silent, Visitor(home) as heard:
        for visitor in (silent, heard):
            visitor.word("welcome")
        begin, gone = time.monotonic(), set[str]()
        while len(gone) < 2 and time.monotonic() < begin + 2 * IDLE:
            for name, visitor in (("silent", silent), ("heard", heard)):
                if name in gone:
                    continue
                try:
                    if name == "heard":
                        visitor.socket.send(struct.pack("<BBHI", SOUND, 0, 0, 48_000) + bytes(19_200))
                    assert json.loads(visitor.socket.recv(timeout=0.1))["code"] == "live_idle"
                    gone.add(name)
                except TimeoutError:
                    continue
        assert gone == {"silent", "heard"}


def test_the_last_place_is_for_somebody_else() -> None:
    places = Places(2)
    places.take("one")
    with pytest.raises(Yours):
        places.take("one")
    places.take("other")
    with pytest.raises(Full):
        places.take("third")
    places.leave("one")
    places.take("third")
    # Of one place nobody can leave any; and where nobody is told from others, there are no others.
    Places(1).take("one")
    several = Places(2)
    several.take("")
    several.take("")


@pytest.mark.slow
def test_one_address_leaves_a_place_to_others(tmp_path: Path) -> None:
    server = launch(tmp_path, RECAST_ACCESS="public", RECAST_CONSENT="implied", RECAST_LIVE_VISITORS="2")
    try:
        with Visitor(server) as one, Visitor(server) as again:
            one.word("welcome")
            assert again.word("error")["code"] == "live_yours"
    finally:
        server.end()


@pytest.mark.slow
def test_it_asks_for_a_key_where_the_studio_does_and_not_too_often(tmp_path: Path) -> None:
    server = launch(tmp_path, RECAST_ACCESS="keys", RECAST_DATA=str(tmp_path), RECAST_LIVE_EACH_MINUTE="2")
    try:
        key = next(found.group() for line in server.log if (found := re.search(r"recast_[0-9a-f]{8}_\S{43}", line)))
        with pytest.raises(InvalidStatus) as refused:
            connect(address(server))
        assert refused.value.response.status_code == 403
        for _ in range(2):
            with connect(address(server), additional_headers={"Authorization": f"Bearer {key}"}):
                pass
        with pytest.raises(InvalidStatus):
            connect(address(server), additional_headers={"Authorization": f"Bearer {key}"})
    finally:
        server.end()


@pytest.mark.slow
def test_the_live_view_can_be_turned_off(tmp_path: Path) -> None:
    server = launch(tmp_path, RECAST_LIVE_VISITORS="0")
    try:
        with Visitor(server) as visitor:
            assert visitor.word("error")["code"] == "live_off"
    finally:
        server.end()
