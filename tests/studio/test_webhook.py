"""The operator's webhook: told of every job that ends, also by a server that was killed in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from studio.jobs.job import Outcome
from studio.jobs.store import Store
from studio.webhook import Webhook, is_address, signature
from tests.conftest import Material
from tests.studio.conftest import eventually, launch
from tests.studio.jobs.conftest import job
from tests.studio.test_access import settings_of
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


@pytest.mark.parametrize(
    "address",
    ["http://", "http:/one.example", "http://one.example:port/", "http://[::1", "http://" + "a" * 70 + ".example/",
     "http://one.example:0/", "http://one.example:99999/", "ftp://one.example/", "one.example", "http://a\0b/"],
)  # fmt: skip
def test_an_address_that_is_none_is_told_at_the_start(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it is found out with the first job that ends, where nobody looks."""
    assert not is_address(address)
    if "\0" not in address:
        with pytest.raises(ValueError, match="RECAST_WEBHOOK_URL"):
            settings_of(monkeypatch, RECAST_WEBHOOK_URL=address, RECAST_WEBHOOK_SECRET=SECRET)


def test_a_secret_that_is_none_is_a_setting_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="base64"):
        settings_of(monkeypatch, RECAST_WEBHOOK_URL="http://one.example", RECAST_WEBHOOK_SECRET="whsec_!")


def test_addresses_that_are_some() -> None:
    for address in (
        "http://127.0.0.1:8080/told",
        "https://one.example",
        "http://[::1]:80/?a=b",
        "https://ün.example/x",
    ):
        assert is_address(address)


def test_a_call_that_cannot_be_made_is_one_that_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not one that is made anew each second, before all others."""
    store = Store(tmp_path / "jobs.sqlite3")
    webhook = Webhook(store, "http://one.example:port/", SECRET)
    for name in ("a", "b"):
        store.add(job(name))
        store.finish(name, "done", Outcome())
    webhook.start()
    eventually(lambda: not store.due_calls(time.time()), 30)
    webhook.close()
    assert [tries for _, tries in store.due_calls(time.time() + 60)] == [1, 1]
    assert len([record for record in caplog.records if record.exc_info]) == 2
    store.close()
