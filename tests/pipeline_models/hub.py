"""A model hub on this machine: as much of its protocol as a download needs, and the ways in which one goes wrong."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """
    Attributes:
        files: bytes by ``"owner/name/path"``.
        cut_after: the connection is dropped after so many bytes of a file, as many times as `cuts` says.
        announced: a size that the hub claims, instead of the true one.
        tagged: a checksum that it claims for every file.
        elsewhere: transfers are redirected to another server, as the real hub does with large files.
        asked: requests so far: method, path, and the first byte wanted.
        tokens: who the requests said they came from.
    """

    files: dict[str, bytes]
    cut_after: int = 0
    cuts: int = 0
    announced: int | None = None
    tagged: str | None = None
    elsewhere: str = ""
    refuse: int = 0
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def transfers(self) -> list[int]:
        """First bytes of the transfers so far."""
        return [first for method, path, first in self.asked if method == "GET" and "/resolve/" in path]


@contextmanager
def hub(files: dict[str, bytes]) -> Iterator[Hub]:
    """A hub that runs on a port of its own until the block is left."""
    state = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(wanted[1]) if wanted else 0
            state.asked.append((self.command, self.path, first))
            state.tokens.append(self.headers.get("Authorization", ""))
            match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path.split("?")[0])
            data = state.files.get(f"{match[1]}/{match[3]}") if match else None
            if state.refuse or data is None:
                self.send_response(state.refuse or 404)
                self.send_header("X-Error-Code", "EntryNotFound" if data is None else "")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if state.elsewhere:
                self.send_response(302)
                self.send_header("Location", state.elsewhere + self.path)
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("X-Linked-ETag", f'"{hashlib.sha256(data).hexdigest()}"')
                self.send_header("X-Linked-Size", str(len(data)))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if first else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{state.tagged or hashlib.sha256(data).hexdigest()}"')
            self.send_header("Accept-Ranges", "bytes")
            if not body:
                self.send_header("X-Linked-Size", str(state.announced or len(data)))
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - first))
            self.end_headers()
            if not body:
                return
            if state.cuts > 0:
                state.cuts -= 1
                self.wfile.write(data[first : first + state.cut_after])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self.wfile.write(data[first:])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
