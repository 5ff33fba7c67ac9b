"""The operator's webhook: told of every job that ends, also by a server that was killed in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from studio.webhook import signature
from tests.conftest import Material
from tests.studio.conftest import eventually, launch
from tests.studio.test_http import delete, finished, send

SECRET = "whsec_" + base64.b64encode(b"a very good secret").decode()


class Listener(BaseHTTPRequestHandler):
    calls: list[tuple[dict[str, str], bytes]]
    broken: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append((dict(self.headers), body))
        self.send_response(500 if self.broken.is_set() else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, type[Listener]]]:
    kind = type("Fresh", (Listener,), {"calls": [], "broken": threading.Event()})
    web = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/told", kind
    web.shutdown()
    web.server_close()


@pytest.mark.slow
def test_who_is_told_of_what(listener: tuple[str, type[Listener]], material: Material, tmp_path: Path) -> None:
    address, heard = listener
    settings = {"RECAST_WEBHOOK_URL": address, "RECAST_WEBHOOK_SECRET": SECRET}
    server = launch(tmp_path / "data", **settings)
    try:
        heard.broken.set()
        job = send(server, material.grace, material.eileen).json()
        assert finished(server, job)["state"] == "done"
        eventually(lambda: len(heard.calls) == 1)
        server.kill()
        heard.broken.clear()
        server = launch(tmp_path / "data", **settings)
        eventually(lambda: len(heard.calls) == 2, 20)
        headers, body = heard.calls[1]
        signed = f"job_{job['id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(b"a very good secret", signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}" and headers["webhook-id"] == f"job_{job['id']}"
        told = json.loads(body)
        assert (told["type"], told["data"]["id"], told["data"]["report"]["faces"]) == ("job.done", job["id"], 1)
        assert job["token"] not in body.decode() and str(tmp_path) not in body.decode()
        failed = send(server, material.empty, material.eileen).json()
        assert finished(server, failed)["error"]["code"] == "no_face_in_source"
        eventually(lambda: len(heard.calls) == 3)
        assert json.loads(heard.calls[2][1])["type"] == "job.failed"
        assert delete(server, job) == 204
    finally:
        server.kill()


def test_a_secret_that_is_none_is_told() -> None:
    assert signature("plain", "a", 1, b"x") != signature("other", "a", 1, b"x")
    with pytest.raises(ValueError, match="base64"):
        signature("whsec_!", "a", 1, b"")
