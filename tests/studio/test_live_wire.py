"""The live view's WebSocket on the real server, spoken by a program."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import av
import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from pipeline.marking.manifest import DIGITAL_SOURCE_TYPE
from studio.jobs.store import Store
from studio.live.protocol import SOUND, BadMessage, read_binary, sound_rate
from tests import media
from tests.conftest import Material
from tests.studio.conftest import Server, eventually, launch, serving
from tests.studio.live_client import FRAME, OWNER, PHOTO, Visitor, address, jpeg


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two live places and short recordings."""
    with serving(
        tmp_path_factory.mktemp("live"), RECAST_LIVE_VISITORS="2", RECAST_LIVE_EACH_MINUTE="600",
        RECAST_LIVE_RECORD_SECONDS="4", RECAST_METRICS_TOKEN="counting",
    ) as server:  # fmt: skip
        yield server


@pytest.fixture(scope="module")
def camera() -> list[bytes]:
    return [jpeg(image) for image in media.webcam(24).frames]


def test_frames_come_back_recast(house: Server, material: Material, camera: list[bytes]) -> None:
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        for sent in camera[:5]:
            asked = visitor.show(FRAME, sent)
            number, faces, image = visitor.answer()
            before = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_COLOR)
            changed = np.abs(image.astype(int) - before).mean(2)
            assert (number, faces) == (asked, 1)
            assert changed[:, :120].mean() < 4 < changed[170:330, 240:400].mean()


def test_the_newest_frame_wins(house: Server, material: Material, camera: list[bytes]) -> None:
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        asked = [visitor.show(FRAME, data) for data in camera]
        answered = []
        while not answered or answered[-1] != asked[-1]:
            answered.append(visitor.answer()[0])
    assert answered == sorted(answered)
    assert len(answered) < len(asked) / 2, "frames that were old already were worked on"


def test_options_that_are_refused_leave_those_before(house: Server, material: Material, camera: list[bytes]) -> None:
    painted = base64.b64encode(cv2.imencode(".png", np.zeros((64, 64), np.uint8))[1]).decode()
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        for refused in ({"engine": "inswapper_128"}, {"exclude": painted}, {"likeness": 7}):
            visitor.say("options", options=refused)
            visitor.word("error")
        # Another photo begins with the options that are set.
        visitor.show(PHOTO, material.eileen.read_bytes())
        visitor.say("face")
        visitor.word("ready")
        visitor.show(FRAME, camera[0])
        assert visitor.answer()[1] == 1


def test_a_photo_without_a_face_is_told_and_the_next_one_works(
    house: Server, material: Material, camera: list[bytes]
) -> None:
    with Visitor(house) as visitor:
        visitor.word("welcome")
        visitor.show(FRAME, camera[0])
        assert visitor.word("error")["code"] == "no_identity"
        for photo, code in ((material.empty.read_bytes(), "no_face_in_source"), (b"no picture", "unsupported_media")):
            visitor.show(PHOTO, photo)
            visitor.say("face")
            assert visitor.word("error")["code"] == code
        visitor.show(PHOTO, material.eileen.read_bytes())
        visitor.say("face")
        visitor.word("ready")
        visitor.show(FRAME, b"\xff\xd8 no JPEG either")
        assert visitor.word("error")["code"] == "bad_frame"
        visitor.say("options", options={"likeness": 2})
        assert visitor.word("error")["code"] == "bad_option"
        visitor.show(FRAME, camera[0])
        assert visitor.answer()[1] == 1


def _header_says(width: int, height: int) -> bytes:
    """A small JPEG whose header claims to be large."""
    data = bytearray(jpeg(np.zeros((64, 64, 3), np.uint8)))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def test_what_would_cost_too_much_is_not_decoded(house: Server, material: Material) -> None:
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        visitor.show(FRAME, _header_says(65_000, 65_000))
        assert visitor.word("error")["code"] == "bad_frame"
        visitor.show(FRAME, bytes(5 << 20))
        assert visitor.word("error")["code"] == "bad_message"
        with pytest.raises(ConnectionClosed):
            visitor.word("ready")


def test_faces_are_not_hoarded(house: Server, material: Material) -> None:
    """Who asks for face after face, and does not wait for any, would have the server keep photos by the gigabyte."""
    photo = material.eileen.read_bytes()
    with Visitor(house) as visitor, contextlib.suppress(ConnectionClosed):
        visitor.word("welcome")
        for _ in range(8):
            for _ in range(6):
                visitor.show(PHOTO, photo)
            visitor.say("face")
        until = time.monotonic() + 60
        while (answer := json.loads(visitor.socket.recv(timeout=60)))["type"] == "ready":
            assert time.monotonic() < until
        assert answer["code"] == "bad_message" and "too many photos" in answer["sentence"]


@pytest.mark.parametrize(("rate", "size"), [(0, 200), (1_000, 200), (4_000_000, 200), (48_000, 201), (48_000, 1 << 17)])
def test_sound_that_is_none_is_refused(rate: int, size: int) -> None:
    with pytest.raises(BadMessage):
        read_binary(struct.pack("<BBHI", SOUND, 0, 0, rate) + bytes(size))


@pytest.mark.parametrize("rate", [-1, 4, "48000", 1e9, None])
def test_a_rate_of_sound_that_is_none_is_refused(rate: object) -> None:
    with pytest.raises(BadMessage):
        sound_rate({"type": "record", "sound": rate})


@pytest.mark.parametrize("message", ["{", '"hello"', '{"type": 3}', '{"type": "dance"}', b"", b"\x07" + bytes(20)])
def test_another_language_ends_the_conversation(house: Server, message: str | bytes) -> None:
    with connect(address(house)) as socket:
        socket.send(message)
        try:
            assert json.loads(socket.recv(timeout=30))["code"] == "bad_message"
        except ConnectionClosed:
            return
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)


def test_other_pages_may_not_open_it(house: Server) -> None:
    for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:1"):
        with pytest.raises(InvalidStatus) as refused:
            connect(address(house), additional_headers={"Origin": origin})
        assert refused.value.response.status_code == 403
    own = house.url.rstrip("/")
    with connect(address(house), additional_headers={"Origin": own}):
        pass


def _status(server: Server, job: str) -> dict[str, Any]:
    request = Request(f"{server.url}/status/{job}", headers={"X-Recast-Token": OWNER})
    with urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def test_a_recording_is_marked_and_is_the_visitors_job(
    house: Server, material: Material, camera: list[bytes], tmp_path: Path
) -> None:
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        visitor.say("record")
        visitor.word("recording")
        for data in camera[:4]:
            visitor.show(FRAME, data)
            visitor.answer()
        visitor.say("stop")
        done = visitor.word("recorded")
    found = _status(house, done["job"])
    assert (found["kind"], found["state"], found["report"]["frames"]) == ("live", "done", 4)
    request = Request(f"{house.url}/download/{done['job']}", headers={"X-Recast-Token": OWNER})
    with urlopen(request, timeout=60) as answer:
        (tmp_path / "live.mp4").write_bytes(answer.read())
    with av.open(str(tmp_path / "live.mp4")) as file:
        assert file.metadata["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
        assert sum(1 for _ in file.decode(video=0)) == 4


def test_a_recording_ends_by_itself_and_is_kept_when_its_visitor_leaves(
    house: Server, material: Material, camera: list[bytes]
) -> None:
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        visitor.say("record")
        visitor.word("recording")
        begin = time.monotonic()
        done = None
        while done is None and time.monotonic() < begin + 60:
            visitor.show(FRAME, camera[visitor.number % 24])
            message = visitor.socket.recv(timeout=30)
            done = json.loads(message) if isinstance(message, str) else None
        assert done is not None and done["type"] == "recorded" and 4 <= done["seconds"] < 8
        visitor.say("record")
        visitor.word("recording")
        visitor.show(FRAME, camera[0])
        visitor.answer()
    database = house.data / "jobs.sqlite3"
    ask = "SELECT state FROM jobs WHERE kind = 'live' ORDER BY created DESC LIMIT 1"
    command = [
        sys.executable,
        "-c",
        f"import sqlite3; print(sqlite3.connect({str(database)!r}).execute({ask!r}).fetchone()[0])",
    ]
    eventually(lambda: subprocess.check_output(command, text=True, timeout=240).strip() == "done")


def test_a_recording_of_sound_alone_ends_by_itself(house: Server, material: Material, camera: list[bytes]) -> None:
    """A browser whose page is not shown has no frames, and its microphone goes on."""
    with Visitor(house) as visitor:
        visitor.become(material.eileen)
        visitor.say("record", sound=48_000)
        visitor.word("recording")
        visitor.show(FRAME, camera[0])
        visitor.answer()
        begin, done = time.monotonic(), None
        while done is None and time.monotonic() < begin + 60:
            visitor.socket.send(struct.pack("<BBHI", SOUND, 0, 0, 48_000) + bytes(19_200))
            with contextlib.suppress(TimeoutError):
                done = json.loads(visitor.socket.recv(timeout=0.2))
        assert done is not None and done["type"] == "recorded" and 4 <= done["seconds"] < 8


def test_a_recording_is_kept_when_the_server_is_stopped(
    material: Material, camera: list[bytes], tmp_path: Path
) -> None:
    server = launch(tmp_path / "data")
    try:
        with Visitor(server) as visitor:
            visitor.become(material.eileen)
            visitor.say("record")
            visitor.word("recording")
            for data in camera[:8]:
                visitor.show(FRAME, data)
                visitor.answer()
            server.end()
    finally:
        server.kill()
    with contextlib.closing(Store(tmp_path / "data" / "jobs.sqlite3")) as store:
        (job,) = store.jobs()
    assert (job.kind, job.state) == ("live", "done") and job.outcome is not None and job.outcome.output is not None
    with av.open(str(job.outcome.output)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 8


def test_what_is_live_is_counted(house: Server) -> None:
    request = Request(house.url + "/metrics", headers={"Authorization": "Bearer counting"})
    with urlopen(request, timeout=60) as answer:
        assert "recast_live_frames_total" in answer.read().decode()
