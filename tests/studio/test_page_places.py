"""Where the page may stand: under a root path, behind a proxy, in a frame; and that it asks nobody else."""

from __future__ import annotations

import select
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.studio.browsing import needs_chromium, opened
from tests.studio.conftest import Server, launch

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


class _Prefix(BaseHTTPRequestHandler):
    """A reverse proxy that serves another server under /deep/path, as nginx does when told to strip it."""

    protocol_version = "HTTP/1.0"
    origin = ""

    def _pass(self) -> None:
        if not self.path.startswith("/deep/path"):
            return self.send_error(404)
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self._join()
        length = int(self.headers.get("Content-Length") or 0)
        path = self.path.removeprefix("/deep/path") or "/"
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in ("connection", "accept-encoding")
        }
        body = self.rfile.read(length) if length else None
        request = urllib.request.Request(self.origin + path, body, kept, method=self.command)
        try:
            answer = urllib.request.urlopen(request, timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            while part := answer.read1(1 << 16):
                self.wfile.write(part)
                self.wfile.flush()

    def _join(self) -> None:
        """Passes a WebSocket on: the request, then bytes both ways until either side has had enough."""
        address = urlsplit(self.origin)
        with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=120) as there:
            lines = [f"GET {self.path.removeprefix('/deep/path')} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            there.sendall("\r\n".join([*lines, "", ""]).encode())
            ends = {self.connection: there, there: self.connection}
            while ready := select.select(list(ends), [], [], 120)[0]:
                for end in ready:
                    if not (data := end.recv(1 << 16)):
                        return
                    ends[end].sendall(data)

    do_GET = do_POST = do_DELETE = do_HEAD = _pass

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def behind_a_proxy(tmp_path: Path) -> Iterator[str]:
    server = launch(tmp_path / "data", GRADIO_ROOT_PATH="/deep/path", RECAST_TRUSTED_PROXIES="127.0.0.1")
    handler = type("Prefix", (_Prefix,), {"origin": server.url})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}/deep/path/"
    finally:
        # The server first: what is still passed through ends with it.
        server.kill()
        proxy.shutdown()
        proxy.server_close()


def test_under_a_root_path_behind_a_proxy(browser: Any, behind_a_proxy: str) -> None:
    missing: list[str] = []
    with opened(browser, behind_a_proxy) as page:
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        page.click(".example >> nth=2")
        page.wait_for_selector("#download")
        page.wait_for_function("[...document.querySelectorAll('.viewer video')].every((one) => one.readyState >= 2)")
        page.reload()
        page.wait_for_selector("#download")
    assert missing == []


def test_live_behind_a_proxy(browser: Any, behind_a_proxy: str) -> None:
    """The camera's frames go over a WebSocket, which has to find its way under a prefix as well."""
    with opened(browser, behind_a_proxy, permissions=["camera"]) as page:
        page.get_by_role("tab", name="Live").click()
        page.get_by_role("button", name="Eileen Collins").click()
        page.click("#live-start")
        page.wait_for_selector("#live[data-state=live]")
        page.wait_for_function("/[1-9]\\d* fps/.test(document.querySelector('#live-figures').textContent)")
        page.click("#live-record")
        page.wait_for_function("document.querySelector('#live-clock').textContent >= '0:01'")
        page.click("#live-record")
        page.wait_for_selector("#live-takes video")
        page.wait_for_function("document.querySelector('#live-takes video').readyState >= 2")
        with page.expect_download() as download:
            page.click("#live-takes a")
        assert Path(download.value.path()).stat().st_size > 1000


def test_in_a_frame(browser: Any, server: Server, tmp_path: Path) -> None:
    """In a page of the same site; which others may frame it is the operator's to say."""
    with opened(browser, server.url) as page:
        page.evaluate(
            """() => {
              document.body.innerHTML = '<iframe style="width:1200px;height:800px" src="./?frame"></iframe>';
            }"""
        )
        frame = page.frame_locator("iframe")
        frame.locator(".example >> nth=0").click()
        frame.locator("#download").wait_for()
