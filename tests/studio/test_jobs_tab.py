"""The routes of the Jobs tab, on the real server: everybody reaches their own jobs and no others."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import httpx
import numpy as np

from studio.jobs_tab import GivenBatch, _orders
from tests import faces
from tests.conftest import Material
from tests.studio.conftest import Server

ANN, BOB = "a" * 40, "b" * 40


def ask(server: Server, token: str, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Status and answer; ``None`` for what is not JSON."""
    request = Request(
        f"{server.url}/studio/jobs{path}",
        method=method,
        headers={"X-Recast-Token": token, "Content-Type": "application/json"},
        data=json.dumps(body).encode() if body is not None else None,
    )
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer) if "json" in answer.headers.get("Content-Type", "") else None
    except HTTPError as error:
        return error.code, json.load(error)


def test_jobs_of_others_are_neither_shown_nor_reached(server: Server, material: Material) -> None:
    files = {"source_image": material.grace.read_bytes(), "target": material.eileen.read_bytes()}
    answer = httpx.post(
        f"{server.url}/process",
        headers={"X-Recast-Token": ANN},
        files={name: (f"{name}.jpg", data) for name, data in files.items()},
        timeout=60,
    )
    name = answer.json()["id"]
    assert [job["id"] for job in ask(server, ANN, "")[1]["jobs"]] == [name]
    assert ask(server, BOB, "")[1]["jobs"] == []
    for path, method in (
        (f"/{name}/picture/target", "GET"),
        (f"/{name}/cancel", "POST"),
        (f"/{name}/again", "POST"),
        (f"/{name}", "DELETE"),
    ):
        assert ask(server, BOB, path, method)[0] == 404, path
    assert ask(server, "short", "")[0] == 422
    assert ask(server, ANN, f"/{name}/picture/target")[0] == 200
    small = httpx.get(f"{server.url}/studio/jobs/{name}/picture/face", headers={"X-Recast-Token": ANN}, timeout=60)
    face = np.asarray(cv2.imdecode(np.frombuffer(small.content, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    # The face and little else of the photo, whose whole is higher than it is wide.
    [found] = faces.faces(cv2.resize(face, None, fx=4, fy=4))
    assert face.shape == (96, 96, 3) and 0.3 < found.box.width / (4 * 96) < 0.8
    assert ask(server, ANN, "/order", "POST", {"jobs": [name, "unknown"]})[0] == 200
    assert ask(server, ANN, f"/{name}", "DELETE")[0] == 204
    assert ask(server, ANN, "")[1]["jobs"] == []


def test_a_batch_names_only_what_was_uploaded_here(server: Server, material: Material) -> None:
    wrong = {"way": "targets", "photos": ["/etc/passwd"], "targets": [str(material.eileen)]}
    assert ask(server, ANN, "/batch", "POST", wrong)[1]["code"] == "file_missing"
    both = {"way": "photos", "photos": ["/x.jpg"], "targets": ["/y.jpg", "/z.jpg"]}
    assert ask(server, ANN, "/batch", "POST", both)[1]["code"] == "bad_input"
    assert ask(server, ANN, "/batch", "POST", {"way": "sideways", "photos": ["/x"], "targets": ["/y"]})[0] == 422
    assert ask(server, ANN, "")[1]["jobs"] == []


def test_the_small_picture_shows_whose_face_was_chosen(server: Server, material: Material) -> None:
    shown = []
    for number in (1, 2):
        answer = httpx.post(
            f"{server.url}/process",
            headers={"X-Recast-Token": ANN},
            data={"options": json.dumps({"source_faces": [number]})},
            files={
                "source_image": ("both.png", material.both.read_bytes()),
                "target": ("t.jpg", material.grace.read_bytes()),
            },
            timeout=60,
        )
        address = f"{server.url}/studio/jobs/{answer.json()['id']}/picture/face"
        shown.append(httpx.get(address, headers={"X-Recast-Token": ANN}, timeout=60).content)
    assert shown[0][:2] == b"\xff\xd8" == shown[1][:2] and shown[0] != shown[1]


def test_of_many_photos_for_one_target_each_has_its_own_number() -> None:
    given = GivenBatch(way="photos", photos=["a", "b", "c"], targets=["t"], options={"source_faces": [0, 2]})
    assert [order.options.source_faces for order in _orders(given, ())] == [(), (2,), ()]
