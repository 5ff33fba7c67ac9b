"""Hostile requests to a real server: each is refused, and tells nothing."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from studio.guard import Refused, check_payload, contained
from tests.conftest import Material
from tests.studio.conftest import UPLOAD_MB, Server, launch

META = {"_type": "gradio.FileData"}
SECRET = "/etc/passwd"


def file(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "meta": META, **more}


def call(server: Server, data: Any, name: str = "recast_image") -> httpx.Response:
    return httpx.post(f"{server.url}/gradio_api/call/{name}", json={"data": data}, timeout=60)


@pytest.mark.parametrize(
    "target",
    [
        file(SECRET),
        {"path": SECRET},
        {"path": SECRET, "meta": {}},
        {"path": SECRET, "orig_name": "a.svg", "meta": META},
        file("../../../../../../../../etc/passwd"),
        file("file:///etc/passwd"),
        file("http://127.0.0.1:1/a.png"),
        file("https://example.org/a.png"),
        file("//example.org/a.png"),
        file("\\\\host\\share\\a.png"),
        file(str(Path(__file__))),
        file(""),
        file("data:image/png;base64,iVBORw0KGgo="),
        {"url": "http://127.0.0.1:1/a.png", "path": "a.png", "meta": META},
        file("\x00"),
        [[{"deep": {"deeper": [file(SECRET)]}}]],
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_only_uploads_may_be_named(server: Server, target: Any) -> None:
    answer = call(server, [[target], target, None, None])
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_uploaded"
    assert "root:" not in answer.text


def test_a_way_out_of_the_uploads_folder_is_seen(server: Server) -> None:
    folder = server.data / "uploads"
    assert call(server, [None, file(f"{folder}/../../../../../etc/passwd"), None, None]).status_code == 400
    link = folder / "link.png"
    link.symlink_to(SECRET)
    assert call(server, [None, file(str(link)), None, None]).status_code == 400
    link.unlink()


@pytest.mark.parametrize("fn_index", range(12))
def test_no_event_of_the_page_takes_a_server_path(server: Server, fn_index: int) -> None:
    body = {"data": [file(SECRET)] * 4, "fn_index": fn_index, "session_hash": "a" * 10}
    answer = httpx.post(f"{server.url}/gradio_api/queue/join", json=body, timeout=60)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://127.0.0.1:1/",
        "/gradio_api/file=https://example.org/a.png",
        "/gradio_api/file=%68ttp://127.0.0.1:1/",
        "/gradio_api/file/http://127.0.0.1:1/",
        "/gradio_api/proxy=https://example.org/",
    ],
)
def test_nothing_is_fetched_for_others(server: Server, path: str) -> None:
    assert httpx.get(server.url + path, timeout=60).status_code == 403


@pytest.mark.parametrize("path", [SECRET, str(Path(__file__)), "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd"])
def test_files_of_the_server_are_not_served(server: Server, path: str) -> None:
    answer = httpx.get(f"{server.url}/gradio_api/file={quote(path, safe='%/.')}", timeout=60)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text


def test_the_queue_cannot_be_bypassed(server: Server) -> None:
    answer = httpx.post(f"{server.url}/gradio_api/run/recast_image", json={"data": [None] * 4}, timeout=60)
    assert answer.status_code in (401, 403, 404)


def test_what_is_internal_is_not_public(server: Server) -> None:
    assert httpx.get(f"{server.url}/monitoring/summary", timeout=60).status_code in (401, 403, 404)
    assert httpx.get(f"{server.url}/docs", timeout=60).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "GET dev/reload", "GET deep_link?session_hash=a", "GET runs", "GET run-history/records", "GET vibe-code",
        "GET profiling/traces", "GET stream/a/1/2/playlist.m3u8", "POST run-history/connect", "POST vibe-edit",
        "POST vibe-code", "POST process_recording", "POST component_server", "POST api/recast_image", "POST stream/a",
        "GET Info", "GET call/../dev/reload", "GET file=/../../gradio_api/dev/reload",
    ],
)  # fmt: skip
def test_nothing_more_of_the_framework_is_open(server: Server, path: str) -> None:
    method, where = path.split(" ", 1)
    answer = httpx.request(method, f"{server.url}/gradio_api/{where}", timeout=60)
    assert answer.status_code in (403, 404), answer.text
    if method == "POST":
        film = httpx.post(f"{server.url}/gradio_api/{where}", files={"video": ("a.mp4", b"x")}, timeout=60)
        assert film.status_code == 404 and film.json()["code"] == "nothing_here"


@pytest.mark.slow
def test_a_path_before_it_opens_nothing_either(tmp_path: Path) -> None:
    """With a root path both forms of an address lead to the same place."""
    server = launch(tmp_path / "data", "--root-path", "/studio-of-ours")
    try:
        for before in ("", "/studio-of-ours"):
            for closed in ("gradio_api/dev/reload", "gradio_api/vibe-code", "monitoring/summary"):
                answer = httpx.get(f"{server.url}{before}/{closed}", timeout=60)
                assert (answer.status_code, answer.json()["code"]) == (404, "nothing_here"), (before, closed)
            assert httpx.get(f"{server.url}{before}/gradio_api/startup-events", timeout=60).status_code == 200
            assert httpx.get(f"{server.url}{before}/gradio_api/file=/etc/passwd", timeout=60).status_code in (403, 404)
    finally:
        server.kill()


def test_an_endpoint_that_is_none_is_no_fault(server: Server) -> None:
    begin = len(server.log)
    join = {"data": [None], "fn_index": 9999, "session_hash": "a" * 10}
    for path, body in (
        ("call/nothing", {"data": []}),
        ("call/v2/nothing", {}),
        ("call/v2/recast_image", {"data": [None] * 4}),
        ("queue/join", join),
        ("queue/join", {**join, "fn_index": "x"}),
        ("queue/join", {"data": "x"}),
        ("call/job_status", [1]),
    ):
        answer = httpx.post(f"{server.url}/gradio_api/{path}", json=body, timeout=60)
        assert 400 <= answer.status_code < 500, (path, answer.text)
    assert "Traceback" not in "".join(server.log[begin:])


def test_broken_json_is_refused(server: Server) -> None:
    url = f"{server.url}/gradio_api/call/recast_image"
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"data": [' + b'{"a":' * 50_000):
        assert httpx.post(url, content=body, timeout=60).status_code == 400


def test_bodies_are_bounded(server: Server) -> None:
    url = f"{server.url}/gradio_api/call/recast_image"
    assert httpx.post(url, content=b" " * (9 * 1024**2), timeout=60).status_code == 413
    big = b"x" * (UPLOAD_MB * 1024**2 + 1)
    upload = f"{server.url}/gradio_api/upload"
    assert httpx.post(upload, files={"files": ("a.png", big)}, timeout=60).status_code == 413
    assert httpx.post(upload, data={"note": "x" * len(big)}, files={"files": ("a", b"")}, timeout=60).status_code == 413
    many = [("files", (f"{number}.png", b"x" * (UPLOAD_MB * 1024**2 // 4))) for number in range(5)]
    assert httpx.post(upload, files=many, timeout=60).status_code == 413


def test_a_body_of_unsaid_length_is_counted(server: Server) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=30) as connection:
        head = "POST /gradio_api/call/recast_image HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        chunk = b"%x\r\n" % 1024**2 + b" " * 1024**2 + b"\r\n"
        try:
            for _ in range(12):
                connection.sendall(chunk)
        except OSError:  # it closed on us, which is as good
            pass
        try:
            answer = connection.recv(64)
        except OSError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/process"])
def test_an_upload_that_is_given_up_is_no_fault(path: str, server: Server) -> None:
    """Whoever removes a file while it is on its way does just that."""
    address, before = urlsplit(server.url), len(server.log)
    part = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    for _ in range(3):
        with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=30) as connection:
            connection.sendall(f"{head}Content-Length: 1000000\r\n\r\n{part}".encode() + b"x" * 100_000)
            time.sleep(0.2)
    # A later request is answered after what the earlier ones have left in the log.
    time.sleep(1)
    assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200
    assert "".join(server.log[before:]) == ""


def test_an_upload_that_is_no_picture_is_a_sentence(server: Server) -> None:
    upload = httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("a.png", b"#!/bin/sh\n")}, timeout=60)
    path = upload.json()[0]
    event = call(server, [[file(path)], file(path), None, None, True]).json()["event_id"]
    with httpx.stream("GET", f"{server.url}/gradio_api/call/recast_image/{event}", timeout=60) as answer:
        text = answer.read().decode()
    assert "event: error" in text and "unsupported_media" in text and "Traceback" not in text


def test_names_of_uploads_stay_in_the_folder(server: Server) -> None:
    answer = httpx.post(f"{server.url}/gradio_api/upload", files={"files": ("../../../evil.png", b"x")}, timeout=60)
    path = Path(answer.json()[0])
    assert path.resolve().is_relative_to(server.data.resolve())


def test_the_server_is_well_after_all_this(server: Server) -> None:
    health = httpx.get(server.url + "/health", timeout=60).json()
    assert (health["status"], health["ready"], health["jobs"]) == ("ok", True, 0)


def test_containment(tmp_path: Path, material: Material) -> None:
    inside = tmp_path / "in" / "a.png"
    inside.parent.mkdir()
    inside.write_bytes(b"x")
    assert contained(inside, [inside.parent])
    assert not contained(inside.parent, [inside.parent])
    assert not contained(material.eileen, [inside.parent])
    assert not contained(inside.parent / "gone.png", [inside.parent])
    with pytest.raises(Refused):
        check_payload({"a": [{"path": str(material.eileen), "meta": META}]}, [inside.parent])
    check_payload({"a": [{"path": str(inside), "meta": META}, {"path": None}, 1, "path"]}, [inside.parent])
