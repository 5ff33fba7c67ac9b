"""Who gets in: this machine, those with a key, those who signed in, everybody within limits. Against real servers."""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file

from pipeline.errors import InputError
from studio.access.keys import Keys, KeyUnknown
from studio.access.sessions import Sessions, server_secret
from studio.access.visitor import visitor_at
from studio.guard import LOGINS
from studio.settings import Settings, is_loopback
from studio.setup import add_arguments, from_namespace
from tests.conftest import Material
from tests.studio.conftest import ROOT, Server, eventually, launch, serving
from tests.studio.test_http import finished

HTML = {"Accept": "text/html"}


def command(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", "keys", "--data", str(data), *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that others can reach."""
    with serving(tmp_path_factory.mktemp("locked") / "data", "--host", "0.0.0.0") as server:
        yield server


@pytest.fixture(scope="module")
def key(locked: Server) -> str:
    """The key that its first start has shown."""
    eventually(lambda: any("recast_" in line for line in locked.log))
    found = re.search(r"recast_\S+", "".join(locked.log))
    assert found
    return found.group()


STATED = {"consent": "true"}
"""What a server that others reach asks for."""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_kept_as_a_hash_only(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.sqlite3")
    key = keys.add("ann")
    secret = key.split("_", 2)[2]
    stored = (tmp_path / "keys.sqlite3").read_bytes()
    assert secret.encode() not in stored and (tmp_path / "keys.sqlite3").stat().st_mode & 0o077 == 0
    found = keys.find(key)
    assert found is not None and found.name == "ann"
    for wrong in ("", key[:-1], key + "x", key.swapcase(), key.replace(secret, "A" * 43), "recast_00000000_" + secret):
        assert keys.find(wrong) is None
    with pytest.raises(InputError):
        keys.add("ann")
    for name in ("", " ", "a\nb", "x" * 61):
        with pytest.raises(InputError):
            keys.add(name)
    short = keys.add("bob", seconds=0.05)
    time.sleep(0.1)
    assert keys.find(short) is None
    keys.remove("ann")
    assert keys.find(key) is None
    with pytest.raises(KeyUnknown):
        keys.remove("ann")


def test_keys_are_made_and_ended_by_a_command(tmp_path: Path) -> None:
    made = command(tmp_path, "add", "ann", "--days", "2")
    assert made.returncode == 0 and re.fullmatch(r"recast_[0-9a-f]{8}_[\w-]{43}\n", made.stdout)
    listed = command(tmp_path, "list").stdout
    assert "ann" in listed and "until" in listed and made.stdout.split("_", 2)[2].strip() not in listed
    assert command(tmp_path, "add", "ann").returncode == 2
    assert command(tmp_path, "remove", "nobody").returncode == 2
    assert command(tmp_path, "remove", "ann").returncode == 0
    assert "ann" not in command(tmp_path, "list").stdout


def test_without_a_key_nobody_gets_in(locked: Server, key: str) -> None:
    for method, path in [("GET", "/"), ("GET", "/config"), ("POST", "/process"), ("GET", "/status/x"),
                         ("POST", "/gradio_api/upload"), ("POST", "/gradio_api/queue/join"), ("GET", "/openapi.json"),
                         ("POST", "/gradio_api/call/submit_job"), ("GET", "/gradio_api/info")]:  # fmt: skip
        for headers in ({}, bearer("x" * 40), bearer(key[:-1]), {"Cookie": "recast_session=WyJrZXkiLCJhIl0.x.y"}):
            answer = httpx.request(method, locked.url + path, headers=headers, timeout=60)
            assert (answer.status_code, answer.json()["code"]) == (401, "no_key"), path
    assert httpx.get(f"{locked.url}/health", timeout=60).status_code == 200
    sent = httpx.get(locked.url + "/", headers=HTML, timeout=60)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login")


def test_a_job_belongs_to_the_key_that_sent_it(locked: Server, key: str, material: Material) -> None:
    other = command(locked.data, "add", f"other {secrets.token_hex(3)}").stdout.strip()
    files = [("source_image", material.grace.read_bytes()), ("target", material.eileen.read_bytes())]
    job = httpx.post(f"{locked.url}/process", data=STATED, files=files, headers=bearer(key), timeout=60).json()
    assert job["token"] is None
    status = f"{locked.url}/status/{job['id']}"
    eventually(lambda: httpx.get(status, headers=bearer(key), timeout=60).json()["state"] == "done", 60)
    assert httpx.get(status, headers={"X-API-Key": key}, timeout=60).status_code == 200
    assert httpx.get(status, headers=bearer(other), timeout=60).status_code == 404
    assert httpx.get(f"{locked.url}/download/{job['id']}", headers=bearer(other), timeout=60).status_code == 404
    client = Client(locked.url, headers=bearer(key), verbose=False)
    assert client.predict(job["id"], api_name="/job_status")["state"] == "done"
    mine = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.eileen), api_name="/submit_job"
    )
    assert mine["token"] is None
    assert httpx.get(f"{locked.url}/status/{mine['job']}", headers=bearer(key), timeout=60).status_code == 200
    own = {**bearer(key), "X-Recast-Token": secrets.token_urlsafe(32)}
    job = httpx.post(f"{locked.url}/process", data=STATED, files=files, headers=own, timeout=60).json()
    assert httpx.get(f"{locked.url}/status/{job['id']}", headers=bearer(key), timeout=60).status_code == 404
    assert httpx.get(f"{locked.url}/status/{job['id']}", headers=own, timeout=60).status_code == 200
    with sqlite3.connect(locked.data / "jobs.sqlite3") as base:
        assert key.split("_")[2] not in str(base.execute("SELECT * FROM jobs").fetchall())
    assert command(locked.data, "remove", other.split("_")[1]).returncode == 0
    assert httpx.get(status, headers=bearer(other), timeout=60).status_code == 401


def test_a_browser_signs_in_with_its_key_and_out_again(locked: Server, key: str) -> None:
    with httpx.Client(base_url=locked.url, headers=HTML, timeout=60) as browser:
        page = browser.get("/login?back=/live")
        assert page.status_code == 200 and 'value="/live"' in page.text and "{{" not in page.text
        german = browser.get("/login", headers={"Accept-Language": "de-AT,de;q=0.9"}).text
        assert 'lang="de"' in german and ">Dein Schlüssel<" in german and "Sign in" not in german
        for wrong in ("", "x", key[:-1]):
            assert browser.post("/login", data={"key": wrong}).status_code == 401
        for away in ("https://example.org/", "//example.org", "/\\example.org", "javascript:x", "/a/../../b"):
            answer = browser.post("/login", data={"key": key, "back": away})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and key not in cookie
        assert browser.get("/").status_code == 200
        assert browser.get("/logout").status_code == 303
        assert browser.get("/").status_code == 303


def test_other_sites_and_other_names_get_nothing(server: Server, locked: Server, key: str) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = httpx.post(f"{server.url}/process", headers={"Origin": origin}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_site")
        headers = {"Origin": origin, **bearer(key)}
        assert httpx.post(f"{locked.url}/process", headers=headers, timeout=60).status_code == 403
    assert httpx.post(f"{server.url}/process", headers={"Origin": server.url}, timeout=60).status_code == 422
    # What is no address at all is refused, not a fault.
    for odd in ("http://[", "http://[::1", "http://a]b"):
        answer = httpx.post(f"{server.url}/process", headers={"Origin": odd}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_site")
    for odd in ("[", "[::1", "a]b", "[x]:80"):
        answer = httpx.get(f"{server.url}/openapi.json", headers={"Host": odd}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
    rebound = httpx.get(f"{server.url}/openapi.json", headers={"Host": "evil.example:7860"}, timeout=60)
    assert (rebound.status_code, rebound.json()["code"]) == (421, "unknown_host")
    assert httpx.get(f"{server.url}/health", headers={"Host": "10.0.0.7:7860"}, timeout=60).status_code == 200
    assert httpx.get(f"{server.url}/openapi.json", headers={"Host": "localhost:1"}, timeout=60).status_code == 200


def test_headers_tell_browsers_to_be_careful(server: Server) -> None:
    for path in ("/", "/health", "/status/x", "/nothing"):
        answer = httpx.get(server.url + path, timeout=60)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert "object-src 'none'" in answer.headers["content-security-policy"]
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    named = httpx.get(f"{server.url}/status/x", headers={"X-Request-Id": "abc-12345"}, timeout=60)
    assert named.headers["x-request-id"] == named.json()["request_id"] == "abc-12345"
    forged = httpx.get(f"{server.url}/health", headers={"X-Request-Id": "a b\tc"}, timeout=60)
    assert forged.headers["x-request-id"] != "a b\tc"


def test_nobody_pretends_to_be_a_proxy(server: Server) -> None:
    """What is passed on is believed only when a trusted proxy says it: not the host, and not who asks."""
    config = httpx.get(f"{server.url}/config", headers={"X-Forwarded-Host": "evil.example"}, timeout=60)
    assert "evil.example" not in config.text


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Open to everybody, behind a proxy on this machine."""
    with serving(
        tmp_path_factory.mktemp("demo") / "data", "--host", "0.0.0.0", "--access", "public",
        RECAST_TRUSTED_PROXIES="127.0.0.1", RECAST_LOG="json", RECAST_MAX_UPLOAD_MB="",
    ) as server:  # fmt: skip
        yield server


def test_the_pages_own_way_has_the_same_limits(demo: Server, material: Material) -> None:
    mine = {"X-Forwarded-For": "203.0.113.77"}
    files = [("files", path.read_bytes()) for path in (material.grace, material.eileen)]
    paths = httpx.post(f"{demo.url}/gradio_api/upload", files=files, headers=mine, timeout=60).json()
    grace, eileen = ({"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths)
    said = ""
    for _ in range(7):
        call = f"{demo.url}/gradio_api/call/submit_job"
        body = {"data": [[grace], eileen, None, None, secrets.token_urlsafe(32), True]}
        event = httpx.post(call, json=body, headers=mine, timeout=60).json()["event_id"]
        said = httpx.get(f"{call}/{event}", headers=mine, timeout=60).text
    assert "event: error" in said and "too_many" in said


def test_the_demo_has_tight_limits(demo: Server, material: Material) -> None:
    files = [("source_image", material.grace.read_bytes()), ("target", material.eileen.read_bytes())]

    def send(address: str) -> httpx.Response:
        headers = {"X-Forwarded-For": address, "X-Recast-Token": secrets.token_urlsafe(32)}
        return httpx.post(f"{demo.url}/process", data=STATED, files=files, headers=headers, timeout=60)

    answers = [send("203.0.113.7") for _ in range(7)]
    assert [answer.status_code for answer in answers if answer.status_code == 202] and answers[0].status_code == 202
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) > 0
    assert send("203.0.113.8").status_code in (202, 503)
    too_large = httpx.post(f"{demo.url}/process", content=b"x" * (65 * 1024**2), timeout=60)
    assert too_large.status_code == 413
    with sqlite3.connect(demo.data / "jobs.sqlite3") as base:
        assert "203.0.113" not in str(base.execute("SELECT * FROM jobs").fetchall())
    # a proxy that says for whom it asks is not this machine
    assert httpx.get(f"{demo.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=60).status_code == 404


def test_a_household_of_many_addresses_is_one_visitor(demo: Server) -> None:
    """Whoever has IPv6 has as many addresses as they like, and would have as many times what one may ask for."""

    def tried(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return httpx.post(f"{demo.url}/login", data={"key": "x"}, headers=headers, timeout=60).status_code

    assert [tried(f"2001:db8:5:6:{part:x}::1") for part in range(LOGINS)] == [401] * LOGINS
    assert tried("2001:db8:5:6::aaaa") == 429
    assert tried("2001:db8:5:7::1") == 401
    assert visitor_at("::ffff:203.0.113.7") == visitor_at("203.0.113.7") == "203.0.113.7"
    assert visitor_at("fe80::1%eth0") == visitor_at("fe80::2") != visitor_at("::1")
    assert visitor_at("") == "" and visitor_at("unix") == "unix"


def test_the_log_is_for_machines_and_names_nobody(demo: Server, material: Material) -> None:
    files = [("source_image", ("somebody.jpg", material.grace.read_bytes())), ("target", material.eileen.read_bytes())]
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "the-request"}
    job = httpx.post(f"{demo.url}/process", data=STATED, files=files, headers=headers, timeout=60).json()
    assert finished(demo, job)["state"] == "done"

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in demo.log if line.startswith("{")]

    eventually(lambda: any(line.get("job") == job["id"] and line.get("state") == "done" for line in lines()))
    asked = [line for line in lines() if line.get("request") == "the-request"]
    assert any(line["status"] == 202 and line["seconds"] > 0 for line in asked if "status" in line)
    assert any(line.get("job") == job["id"] for line in asked)
    text = "".join(demo.log)
    assert "somebody" not in text and "203.0.113" not in text and job["token"] not in text


class Hub(BaseHTTPRequestHandler):
    """What the hub answers a Space."""

    def do_GET(self) -> None:
        self._answer({"sub": "1", "preferred_username": "Ann"} if "good" in self.headers["Authorization"] else {})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = form["code"] == ["code"] and len(form["code_verifier"][0]) >= 43
        self._answer({"access_token": "good" if good else "bad", "token_type": "bearer"})

    def _answer(self, data: dict[str, str]) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_space_lets_in_who_signs_in(tmp_path: Path) -> None:
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    server = launch(
        tmp_path / "data", "--host", "0.0.0.0", SPACE_ID="ann/recast", SPACE_HOST="ann-recast.hf.space",
        OAUTH_CLIENT_ID="client", OAUTH_CLIENT_SECRET="secret", RECAST_USERS="ann",
        OPENID_PROVIDER_URL=f"http://127.0.0.1:{hub.server_port}",
    )  # fmt: skip
    try:
        assert httpx.get(server.url + "/", headers=HTML, timeout=60).headers["location"] == "/login"
        assert "Sign in with Hugging Face" in httpx.get(server.url + "/login", timeout=60).text
        leave = httpx.get(server.url + "/login/space", timeout=60)
        asked = parse_qs(urlsplit(leave.headers["location"]).query)
        assert asked["redirect_uri"] == ["https://ann-recast.hf.space/login/back"] and "code_challenge" in asked
        carried = {"Cookie": leave.headers["set-cookie"].split(";")[0]}
        state = asked["state"][0]

        def back(code: str, state: str, headers: dict[str, str]) -> httpx.Response:
            return httpx.get(f"{server.url}/login/back?code={code}&state={state}", headers=headers, timeout=60)

        assert back("code", state, {}).status_code == back("code", "x", carried).status_code == 400
        assert back("wrong", state, carried).status_code == 502
        come = back("code", state, carried)
        assert come.status_code == 303 and "SameSite=None; Secure" in come.headers["set-cookie"]
        signed = {"Cookie": come.headers["set-cookie"].split(";")[0], **HTML}
        home = httpx.get(server.url + "/", headers=signed, timeout=60)
        assert home.status_code == 200
        assert "https://huggingface.co" in home.headers["content-security-policy"]
    finally:
        server.end()
        hub.shutdown()
        hub.server_close()


def test_a_session_is_signed_and_a_secret_is_kept(tmp_path: Path) -> None:
    secret = server_secret(tmp_path / "secret")
    assert server_secret(tmp_path / "secret") == secret and (tmp_path / "secret").stat().st_mode & 0o077 == 0
    cookie = Sessions(secret).cookie("key", "abc", secure=True).split(";")[0]
    assert Sessions(secret).read(cookie) == ("key", "abc") and Sessions("other").read(cookie) is None
    for odd in ("", "recast_session=", "recast_session=a.b.c", "x" * 5000, "recast_session=é", ";;=;"):
        assert Sessions(secret).read(odd) is None
    (tmp_path / "secret").write_text("\n")
    again = server_secret(tmp_path / "secret")
    assert len(again) > 40 and server_secret(tmp_path / "secret") == again


@pytest.mark.parametrize(
    "other", ['theme={"dark": true}', "a[b]=1", "said=a, b c", "é=ü", '"', "expires", "=x", "a b=1"]
)
def test_cookies_of_other_programs_on_the_host_sign_nobody_out(other: str) -> None:
    sessions = Sessions("secret")
    cookie = sessions.cookie("key", "abc", secure=True).split(";")[0]
    assert sessions.read(f"{other}; {cookie}") == sessions.read(f"{cookie}; {other}") == ("key", "abc")


def settings_of(monkeypatch: pytest.MonkeyPatch, *words: str, **environment: str) -> Settings:
    for name in list(os.environ):
        if name.startswith(("RECAST_", "GRADIO_", "SPACE_", "OAUTH_")) or name == "PORT":
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return from_namespace(parser.parse_args(words))


def test_how_one_gets_in_follows_from_where_the_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def access(*words: str, **environment: str) -> str:
        return settings_of(monkeypatch, *words, **environment).access

    assert access() == access("--host", "::1") == access("--host", "localhost") == "open"
    assert access("--host", "0.0.0.0") == access(GRADIO_SERVER_NAME="192.168.1.5") == "keys"
    assert access(GRADIO_SERVER_NAME="0.0.0.0", SPACE_ID="a/b") == "public"
    assert access(GRADIO_SERVER_NAME="0.0.0.0", SPACE_ID="a/b", OAUTH_CLIENT_ID="x") == "space"
    assert access("--access", "keys") == access(RECAST_ACCESS="keys") == "keys"
    for words in (("--host", "0.0.0.0", "--access", "open"), ("--access", "space")):
        with pytest.raises(ValueError):
            access(*words)
    with pytest.raises(ValueError):
        access(RECAST_ACCESS="anything")


def test_settings_that_are_not_allowed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in [("RECAST_QUEUE", "x"), ("RECAST_QUEUE", "0"), ("RECAST_KEEP_HOURS", "-1"),
                        ("RECAST_LOG", "xml"), ("RECAST_MAX_UPLOAD_MB", "nan"), ("RECAST_WEBHOOK_URL", "file:///x"),
                        ("RECAST_WEBHOOK_URL", "http://x")]:  # fmt: skip
        with pytest.raises(ValueError, match=name):
            settings_of(monkeypatch, **{name: value})
    public = settings_of(monkeypatch, "--access", "public", RECAST_MAX_SECONDS="30")
    assert (public.limits.seconds, public.waiting_each, public.keep_seconds) == (30, 2, 3600)
    # On one's own machine a batch is as long as one likes.
    assert min(settings_of(monkeypatch).waiting_each, settings_of(monkeypatch).jobs_each_minute) >= 200
    assert settings_of(monkeypatch, "--access", "keys").waiting_each == 10
    assert not is_loopback("0.0.0.0") and not is_loopback("evil.example") and is_loopback("127.9.9.9")
