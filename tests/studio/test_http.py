"""The HTTP API against a real server: jobs from the first byte to the last, and everybody's mistakes."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from studio.rates import Rates
from studio.server import _listen
from studio.settings import Settings
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.conftest import ROOT, Server, eventually


def send(server: Server, source: Path, target: Path, token: str | None = None, **form: Any) -> httpx.Response:
    files = [
        ("source_image", (source.name, source.read_bytes())),
        ("target_video", (target.name, target.read_bytes())),
    ]
    data = {name: value if isinstance(value, str) else json.dumps(value) for name, value in form.items()}
    headers = {"X-Recast-Token": token} if token else {}
    return httpx.post(f"{server.url}/process", files=files, data=data, headers=headers, timeout=60)


def get(server: Server, path: str, token: str | None, **headers: str) -> httpx.Response:
    known = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{server.url}{path}", headers={**known, **headers}, timeout=60)


def finished(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {}

    def over() -> bool:
        status.update(get(server, f"/status/{job['id']}", job["token"]).json())
        return status["state"] in ("done", "failed", "cancelled")

    eventually(over, 180)
    return status


def delete(server: Server, job: dict[str, Any]) -> int:
    answer = httpx.delete(f"{server.url}/jobs/{job['id']}", headers={"X-Recast-Token": job["token"]}, timeout=60)
    return answer.status_code


def files_of(server: Server) -> set[Path]:
    return {path for name in ("jobs", "results") for path in (server.data / name).rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def long_clip(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loop(tmp_path_factory.mktemp("long") / "long.mp4", material.clip, times=300)


def painted(picture: Path, folder: Path) -> Path:
    """A mask over a picture: its lower half is painted."""
    rows, columns = cv2.imread(str(picture)).shape[:2]
    mask = np.zeros((rows, columns), np.uint8)
    mask[rows // 2 :] = 255
    cv2.imwrite(str(folder / "mask.png"), mask)
    return folder / "mask.png"


def test_a_job_from_upload_to_deletion(server: Server, material: Material, tmp_path: Path) -> None:
    before = files_of(server)
    mask = painted(material.both, tmp_path)
    options = {"likeness": 0.6, "exclude": {"1": base64.b64encode(mask.read_bytes()).decode()}}
    answer = send(server, material.grace, material.both, options=options, cast={"1": 0})
    assert answer.status_code == 202
    job = answer.json()
    assert {"id", "token", "state", "kind", "ahead", "wait_seconds", "message"} == set(job) and len(job["token"]) >= 32
    status = finished(server, job)
    assert (status["state"], status["error"], status["report"]["faces"]) == ("done", None, 1)
    assert status["report"]["output"] == "both-recast.png" and str(server.data) not in json.dumps(status)
    whole = get(server, f"/download/{job['id']}", job["token"])
    assert whole.headers["content-disposition"].endswith('filename="both-recast.png"')
    ahead = httpx.head(f"{server.url}/download/{job['id']}", headers={"X-Recast-Token": job["token"]}, timeout=60)
    assert (ahead.status_code, ahead.headers["content-length"]) == (200, str(len(whole.content)))
    part = get(server, f"/download/{job['id']}", job["token"], Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert get(server, f"/download/{job['id']}", job["token"], Range="bytes=999999999-").status_code == 416
    cli = tmp_path / "cli.png"
    words = ["-s", material.grace, "-t", material.both, "-o", cli, "--likeness", "0.6", "--cast", f"1={material.grace}"]
    words = [*words[2:], "--exclude", f"1={mask}"]
    subprocess.run([sys.executable, "app.py", "--headless", *map(str, words)], cwd=ROOT, check=True, timeout=240)
    ours = cv2.imdecode(np.frombuffer(whole.content, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(ours, cv2.imread(str(cli)))  # a signature holds the time
    assert delete(server, job) == 204
    assert get(server, f"/status/{job['id']}", job["token"]).status_code == 404
    assert files_of(server) == before


def test_who_was_found_in_an_upload_is_not_looked_for_again(server: Server, material: Material) -> None:
    """As a page that was loaded anew asks, or somebody who sends the same file once more; nobody else learns of it."""

    def search(token: str) -> dict[str, Any]:
        files = {"files": (material.both.name, material.both.read_bytes())}
        (path,) = httpx.post(f"{server.url}/gradio_api/upload", files=files, timeout=60).json()
        headers = {"X-Recast-Token": token}
        answer = httpx.post(f"{server.url}/studio/desk/people", json={"path": path}, headers=headers, timeout=60)
        last: dict[str, Any] = json.loads(answer.text.strip().splitlines()[-1])
        return last

    first, again, other = search("a" * 40), search("a" * 40), search("b" * 40)
    assert [person["number"] for person in first["people"]] == [1, 2]
    assert again == first and other["search"] != first["search"]


def test_events_tell_the_whole_story(server: Server, material: Material) -> None:
    job = send(server, material.grace, material.clip, options={"quality": "draft"}).json()
    seen: list[tuple[str, dict[str, Any]]] = []
    headers = {"X-Recast-Token": job["token"]}
    with httpx.stream("GET", f"{server.url}/events/{job['id']}", headers=headers, timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                seen.append((kind, json.loads(line[6:])))
    history = [data["what"] for kind, data in seen if kind == "history"]
    assert history == ["queued", "running", "done"]
    assert seen[-1][0] == "status" and seen[-1][1]["report"]["frames"] == 25
    assert (seen[-1][1]["progress"]["done"], seen[-1][1]["progress"]["eta"]) == (25, 0.0)
    assert delete(server, job) == 204


def test_a_stranger_learns_nothing(server: Server, material: Material) -> None:
    job = send(server, material.grace, material.eileen).json()
    unknown = get(server, f"/status/{secrets.token_hex(16)}", job["token"])
    for token in (None, secrets.token_urlsafe(32), job["token"].swapcase(), job["token"][:-1]):
        for path in ("status", "download", "events"):
            answer = get(server, f"/{path}/{job['id']}", token)
            assert answer.status_code == 404
            assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
        assert delete(server, {"id": job["id"], "token": token or ""}) == 404
    assert finished(server, job)["state"] == "done"
    assert delete(server, job) == 204


def test_small_answers_do_not_wait_for_receipts() -> None:
    """Without TCP_NODELAY the second part of each answer waits 40 ms for the first one's acknowledgement."""

    async def option() -> int:
        seen: asyncio.Queue[int] = asyncio.Queue()

        async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            await seen.put(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = _listen(Settings(port=0))
        async with await asyncio.start_server(met, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            found = await asyncio.wait_for(seen.get(), 20)
            writer.close()
            return found

    assert asyncio.run(option()) != 0


def test_a_request_that_is_sent_again_makes_one_job(server: Server, material: Material) -> None:
    before = files_of(server)
    files = [("source_image", material.grace.read_bytes()), ("target", material.eileen.read_bytes())]
    owners = [secrets.token_urlsafe(32) for _ in range(2)]

    def again(owner: str, key: str) -> dict[str, Any]:
        headers = {"X-Recast-Token": owner, "Idempotency-Key": key}
        answer = httpx.post(f"{server.url}/process", files=files, headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    first, same, other, elses = (again(owners[n], key) for n, key in ((0, "a"), (0, "a"), (0, "b"), (1, "a")))
    assert first["id"] == same["id"] and len({job["id"] for job in (first, other, elses)}) == 3
    assert finished(server, first)["state"] == "done" and again(owners[0], "a")["state"] == "done"
    assert get(server, f"/status/{first['id']}", owners[1]).status_code == 404
    assert [delete(server, job) for job in (first, other, elses)] == [204] * 3
    assert files_of(server) == before


def test_a_result_that_was_taken_away_is_told(server: Server, material: Material) -> None:
    """As by an operator who makes room by hand."""
    job = send(server, material.grace, material.eileen).json()
    name = finished(server, job)["report"]["output"]
    found = max((server.data / "results").rglob(name), key=lambda path: path.stat().st_mtime)
    found.unlink()
    answer = get(server, f"/download/{job['id']}", job["token"])
    assert (answer.status_code, answer.json()["code"]) == (410, "result_gone")
    assert delete(server, job) == 204


def test_a_running_job_is_deleted_with_everything(server: Server, material: Material, long_clip: Path) -> None:
    before, token = files_of(server), secrets.token_urlsafe(32)
    jobs = [send(server, material.grace, long_clip, token).json() for _ in range(2)]
    assert {job["token"] for job in jobs} == {token}
    eventually(lambda: get(server, f"/status/{jobs[0]['id']}", token).json()["state"] == "running")
    waiting = get(server, f"/status/{jobs[1]['id']}", token).json()
    assert (waiting["state"], waiting["ahead"]) == ("queued", 1) and waiting["wait_seconds"] > 0
    answer = get(server, f"/download/{jobs[0]['id']}", token)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    picture = send(server, material.grace, material.eileen).json()
    assert finished(server, picture)["state"] == "done"
    assert get(server, f"/status/{jobs[0]['id']}", token).json()["state"] == "running"
    assert [delete(server, job) for job in (*jobs, picture)] == [204, 204, 204]
    assert files_of(server) == before and server.jobs() == 0


@pytest.mark.parametrize(
    ("status", "code", "form"),
    [
        (400, "bad_option", {"options": {"speed": 1}}),
        (400, "bad_option", {"options": "{"}),
        (400, "bad_option", {"options": "[" * 9000}),
        (400, "bad_option", {"options": [1]}),
        (400, "bad_option", {"cast": {"one": 0}}),
        (400, "bad_option", {"cast": {"1": 10**40}}),
        (400, "bad_input", {"cast": {"1": 5}}),
        (422, "wrong_form", {"options": "x" * 1_010_000}),
        (400, "bad_token", {"token": "short"}),
        (400, "bad_input", {"quality": "best"}),
    ],
)
def test_mistakes_are_told_and_nothing_is_stored(
    server: Server, material: Material, status: int, code: str, form: dict[str, Any]
) -> None:
    before = files_of(server)
    answer = send(server, material.grace, material.eileen, **form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"error", "code", "request_id"} and answer.json()["error"].endswith(".")
    assert files_of(server) == before


@pytest.mark.parametrize(
    ("content", "status"), [(b"#!/bin/sh\n", 415), (b"", 400), (b"\x89PNG\r\n\x1a\n" + b"x" * 99, 400)]
)
def test_files_are_looked_at_before_anything_else(
    server: Server, material: Material, tmp_path: Path, content: bytes, status: int
) -> None:
    before, bad = files_of(server), tmp_path / "a.png"
    bad.write_bytes(content)
    for source, target in ((bad, material.eileen), (material.eileen, bad)):
        answer = send(server, source, target)
        assert answer.status_code == status and "/" not in answer.json()["error"]
        assert answer.json()["error"].startswith("a.png: ")  # one of two files, so it says which
    assert send(server, material.clip, material.eileen).json()["error"] == "A source has to be a photo, not a video."
    assert files_of(server) == before


def test_names_of_files_lead_nowhere(server: Server, material: Material) -> None:
    data = material.eileen.read_bytes()
    for name in ("../../../evil.jpg", "..", "a\x00b.jpg", "C:\\x\\y.jpg", "x" * 300 + ".jpg", "/etc/passwd"):
        files = [("source_image", (name, data)), ("target", (name, data))]
        answer = httpx.post(f"{server.url}/process", files=files, timeout=60)
        assert answer.status_code == 202, name
        assert delete(server, answer.json()) == 204
    assert not list(server.data.parent.rglob("evil.jpg"))


def test_the_document_tells_what_is_answered(server: Server) -> None:
    document = httpx.get(f"{server.url}/openapi.json", timeout=60).json()
    paths = ["/process", "/status/{name}", "/events/{name}", "/download/{name}", "/jobs/{name}", "/health", "/metrics",
             "/verify", "/presets"]  # fmt: skip
    assert list(document["paths"]) == paths
    for path, methods in document["paths"].items():
        for method in methods.values():
            assert method["summary"], path
            assert method["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Failure")
    assert httpx.post(f"{server.url}/process", timeout=60).json()["code"] == "wrong_form"
    assert httpx.get(f"{server.url}/process", timeout=60).status_code in (404, 405)
    strange = httpx.get(f"{server.url}/status/x", headers=[(b"X-Recast-Token", b"\xc3\xa9\xff")], timeout=60)
    assert strange.status_code == 404


def test_paths_and_methods_that_are_none_are_told_in_our_own_form(server: Server) -> None:
    for method, path, code in (
        ("GET", "/nothing", "nothing_here"),
        ("GET", "/a/deep/path", "nothing_here"),
        ("GET", "/studio/assets/edition/none.js", "nothing_here"),
        ("GET", "/process", "wrong_method"),
        ("PUT", "/jobs/one", "wrong_method"),
    ):
        answer = httpx.request(method, server.url + path, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (404 if code == "nothing_here" else 405, code), path
        assert answer.json()["error"].endswith(".") and answer.json()["request_id"] == answer.headers["X-Request-Id"]
        assert ("allow" in answer.headers) == (code == "wrong_method")
    assert httpx.head(f"{server.url}/health", timeout=60).status_code == 200


def test_health_and_metrics(server: Server, material: Material) -> None:
    job = send(server, material.grace, material.eileen).json()
    assert finished(server, job)["state"] == "done" and delete(server, job) == 204
    health = httpx.get(f"{server.url}/health?ready=true", timeout=60).json()
    assert health["status"] == "ok" and health["ready"] and health["disk_free_bytes"] > 0
    text = httpx.get(f"{server.url}/metrics", timeout=60).text
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rsplit(" ", 1)[1]) >= 0
    assert 'recast_jobs_ended_total{kind="picture",state="done"}' in text and 'recast_jobs{state="queued"} 0' in text


def test_who_asks_too_often_has_to_wait() -> None:
    rates = Rates({"jobs": 3, "uploads": 100, "looks": 100})
    assert [rates.wait("ann", "POST", "/process") for _ in range(4)] == [0, 0, 0, 20]
    assert rates.wait("bob", "POST", "/process") == rates.wait("ann", "GET", "/status/x") == 0
    assert rates.wait("ann", "POST", "/") == 0
    few = Rates({"uploads": 1, "previews": 1})
    for path in ("/studio/check", "/studio/desk/painted"):  # as much work as what they go with
        assert few.wait("ann", "POST", path) == 0 < few.wait("ann", "POST", path)


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server.url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.mark.parametrize("name", ["🎭" * 100 + ".png", "映" * 200 + ".png", "../../\"o'\\x.png", "....", "👩‍🚀.png"])
def test_a_file_may_have_any_name(name: str, server: Server, material: Material) -> None:
    source = (name, material.grace.read_bytes())
    files = [("source_image", source), ("target", (name, material.both.read_bytes()))]
    answer = httpx.post(f"{server.url}/process", files=files, timeout=60)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert finished(server, job)["state"] == "done"
    assert get(server, f"/download/{job['id']}", job["token"]).status_code == 200
    assert delete(server, job) == 204
    checked = httpx.post(f"{server.url}/verify", files={"file": source}, timeout=60)
    assert checked.status_code == 200, checked.text


def test_too_many_of_something_is_a_sentence_on_the_page_too(server: Server, material: Material) -> None:
    headers = {"X-Recast-Token": "t" * 40}
    many = {"target": "a.png", "everyone": ["b.png"] * 51}
    batch = {"way": "targets", "targets": ["a.png"] * 201, "photos": ["b.png"]}
    for path, given, said in (
        ("desk/jobs", many, "There are more than 50 photos. Remove some."),
        ("desk/preview", many, "There are more than 50 photos. Remove some."),
        ("jobs/batch", batch, "A batch has at most 200 jobs. Send it in parts."),
    ):
        answer = httpx.post(f"{server.url}/studio/{path}", json=given, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (400, said)


def test_the_same_jobs_through_the_gradio_client(client: Client, server: Server, material: Material) -> None:
    job = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.eileen), api_name="/submit_job"
    )
    both = {"id": job["job"], "token": job["token"]}
    assert finished(server, both)["state"] == "done"
    path, status = client.predict(job["job"], job["token"], api_name="/job_result")
    assert Path(path).name == status["report"]["output"] == "eileen-collins-recast.jpg"
    assert client.predict(job["job"], job["token"], api_name="/job_status")["state"] == "done"
    assert client.predict(job["job"], job["token"], api_name="/cancel_job")["state"] == "done"
    for name in ("/job_status", "/job_result", "/cancel_job"):
        with pytest.raises(AppError, match="job_unknown"):
            client.predict(job["job"], secrets.token_urlsafe(32), api_name=name)
    for token in ("short", "x" * 201):
        with pytest.raises(AppError, match="bad_token"):
            client.predict(sources=[handle_file(material.grace)], target=handle_file(material.eileen), token=token,
                           api_name="/submit_job")  # fmt: skip
    assert delete(server, both) == 204


def test_a_preview_is_the_frame_of_that_moment(client: Client, material: Material) -> None:
    path, status = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.clip), moment=0.5, api_name="/preview"
    )
    assert status["state"] == "done"
    image = cv2.imread(path)
    assert image is not None and image.shape == (240, 320, 3)
    with pytest.raises(AppError, match="bad_option"):
        client.predict(
            sources=[handle_file(material.grace)], target=handle_file(material.clip), moment=99, api_name="/preview"
        )
