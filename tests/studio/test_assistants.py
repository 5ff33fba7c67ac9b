"""The tools for assistants, called by the protocol's own client over loopback."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import httpx2
import numpy as np
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from studio.access.keys import Keys
from studio.option_schema import schema
from studio.settings import keys_file
from tests.conftest import Material
from tests.studio.conftest import Server, eventually, serving

TOOLS = {
    "find_people", "list_options", "recast_image", "recast_video", "preview", "submit_job", "job_status", "cancel_job",
    "job_result",
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str, str]]:
    """A server that asks for a key, and two keys."""
    data = tmp_path_factory.mktemp("assistants") / "data"
    data.mkdir()
    keys = Keys(keys_file(data))
    mine, other = keys.add("mine"), keys.add("other")
    with serving(data, "--access", "keys", RECAST_MCP="1") as server:
        yield server, mine, other


def with_client(server: Server, key: str, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=120) as http,
            Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
        ):
            return await work(client)

    return asyncio.run(run())


def call(server: Server, key: str, tool: str, **given: Any) -> Any:
    return with_client(server, key, lambda client: client.call_tool(tool, given))


def told(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content[0].text
    return dict(json.loads(result.content[0].text))


def pictures(result: Any) -> list[np.ndarray]:
    data = [base64.b64decode(part.data) for part in result.content if part.type == "image"]
    return [np.asarray(cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR)) for each in data]


def sent(path: Path) -> str:
    kind = "image/png" if path.suffix == ".png" else "image/jpeg"
    return f"data:{kind};base64," + base64.b64encode(path.read_bytes()).decode()


def jobs_files(server: Server) -> set[Path]:
    """What jobs hold, and what was sent along with calls."""
    return {path for kept in ("jobs", "uploads") for path in (server.data / kept).rglob("*") if path.is_file()}


def test_every_operation_is_a_tool_that_says_what_it_takes(asked: tuple[Server, str, str]) -> None:
    server, mine, _ = asked
    tools = with_client(server, mine, lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.description and "ctx" not in tool.input_schema["properties"]
        assert all("description" in about or "type" in about for about in tool.input_schema["properties"].values())
    assert told(call(server, mine, "list_options")) == schema()


@pytest.mark.slow
def test_people_are_found_and_recast(asked: tuple[Server, str, str], material: Material) -> None:
    server, mine, _ = asked
    found = call(server, mine, "find_people", target=sent(material.both))
    assert [person["person"] for person in told(found)["people"]] == [1, 2] and len(pictures(found)) == 2
    sources, target = [sent(material.grace)], sent(material.both)
    white = base64.b64encode(cv2.imencode(".png", np.full((512, 939), 255, np.uint8))[1].tobytes()).decode()
    done = call(
        server, mine, "recast_image", sources=sources, target=target, cast={"2": 0}, consent=True,
        options={"exclude": {"1": white}},
    )  # fmt: skip
    status = told(done)
    assert (status["state"], status["report"]["faces"]) == ("done", 1) and len(pictures(done)) == 1
    whole = httpx.get(server.url + status["result"], headers={"Authorization": f"Bearer {mine}"}, timeout=60)
    assert whole.status_code == 200 and whole.headers["content-type"].startswith("image/")
    wrong = call(
        server, mine, "recast_image", sources=sources, target=target, consent=True, options={"exclude": {"9": white}}
    )
    assert wrong.is_error and "person_unknown" in wrong.content[0].text


def test_a_job_belongs_to_the_key_that_sent_it(asked: tuple[Server, str, str], material: Material) -> None:
    server, mine, other = asked
    job = told(
        call(server, mine, "submit_job", sources=[sent(material.grace)], target=sent(material.eileen), consent=True)
    )
    assert job["token"] is None
    for key, tool in ((other, "job_status"), (other, "job_result"), (other, "cancel_job")):
        refused = call(server, key, tool, job=job["id"])
        assert refused.is_error and "job_unknown" in refused.content[0].text

    def state() -> str:
        return str(told(call(server, mine, "job_status", job=job["id"]))["state"])

    eventually(lambda: state() not in ("queued", "running"), 120)
    assert state() == "done" and len(pictures(call(server, mine, "job_result", job=job["id"]))) == 1


def test_who_may_not_is_refused_and_nothing_of_the_server_is_read(
    asked: tuple[Server, str, str], material: Material
) -> None:
    server, mine, _ = asked
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    assert httpx.post(f"{server.url}/mcp", json=ask, headers=accept, timeout=60).status_code == 401
    known = {**accept, "Authorization": f"Bearer {mine}"}
    elsewhere = {**known, "Origin": "https://evil.example"}
    assert httpx.post(f"{server.url}/mcp", json=ask, headers=elsewhere, timeout=60).status_code == 403
    large = httpx.post(f"{server.url}/mcp", content=b" " * (9 << 20), headers=known, timeout=60)
    assert large.status_code == 413
    before = jobs_files(server)
    for target, code in {
        "/etc/passwd": "file_missing",
        "https://example.org/a.png": "file_missing",
        "file:///etc/passwd": "file_missing",
        str(server.data / "keys.sqlite3"): "file_missing",
        "data:image/png;base64,!": "bad_input",
        "data:,x": "bad_input",
        "data:image/png;base64," + base64.b64encode(b"#!/bin/sh").decode(): "unsupported_media",
    }.items():
        refused = call(server, mine, "find_people", target=target)
        assert refused.is_error and refused.content[0].text.endswith(f"({code})"), (target, refused.content[0].text)
    bad = call(server, mine, "submit_job", sources=[], target=sent(material.eileen), token="short")
    assert bad.is_error and "bad_token" in bad.content[0].text
    gone = {"sources": [sent(material.grace), "/gone.jpg"], "target": sent(material.eileen), "consent": True}
    assert "file_missing" in call(server, mine, "submit_job", **gone).content[0].text
    film = call(server, mine, "recast_video", **{**gone, "sources": [sent(material.grace)]})
    assert film.is_error and "use /recast_image" in film.content[0].text
    assert jobs_files(server) == before
    assert "Traceback" not in "".join(server.log)


def test_there_are_no_tools_unless_they_are_wanted(server: Server) -> None:
    answer = httpx.post(f"{server.url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, timeout=60)
    assert answer.status_code in (404, 405)
