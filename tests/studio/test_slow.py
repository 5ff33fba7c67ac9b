"""Requests that drip in, to a real server: they are given up, and hold up nobody."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from studio.connections import HEADERS, MOST
from studio.guard import IDLE
from tests.studio.conftest import Server, eventually

pytestmark = pytest.mark.slow
UPLOAD = b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="slow.png"\r\n\r\n'


def open_to(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=120)


def lasted(connection: socket.socket, drip: Callable[[int], bytes]) -> tuple[float, bytes]:
    """Seconds until the server ends a connection that gets a little every half second, and what it said."""
    begin, said = time.monotonic(), b""
    connection.settimeout(0.5)
    for number in range(240):
        try:
            if more := drip(number):
                connection.sendall(more)
            answer = connection.recv(4096)
            said += answer
            if not answer:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    connection.close()
    return time.monotonic() - begin, said


def test_who_drips_is_given_up(server: Server) -> None:
    head = UPLOAD + b"Content-Length: 1000000\r\n\r\n" + PART
    drips: dict[str, Callable[[int], bytes]] = {
        "silent": lambda number: b"",
        "head": lambda number: b"GET / HTTP/1.1\r\nX: " if number == 0 else b"x",
        "second head": lambda number: b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET" if number == 0 else b"x",
        "body stops": lambda number: head if number == 0 else b"",
    }
    with ThreadPoolExecutor(len(drips)) as pool:
        ends = dict(zip(drips, pool.map(lambda drip: lasted(open_to(server), drip), drips.values()), strict=True))
    assert all(seconds < 2 * HEADERS + 10 for name, (seconds, _) in ends.items() if name != "body stops"), ends
    assert ends["body stops"][0] < 2 * IDLE + 10 and ends["body stops"][1].startswith(b"HTTP/1.1 408"), ends
    assert ends["second head"][1].startswith(b"HTTP/1.1 200")
    assert httpx.get(f"{server.url}/health?live=true", timeout=60).status_code == 200


def test_a_crowd_that_says_nothing_keeps_nobody_out(server: Server) -> None:
    crowd = [open_to(server) for _ in range(MOST + 50)]
    try:
        for connection in crowd:
            connection.settimeout(5)
        eventually(lambda: sum(_closed(connection) for connection in crowd) >= 50, 30)
        # Who comes from elsewhere is let in; here that is told by another address of this machine.
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(transport=elsewhere, timeout=60) as client:
            assert client.get(f"{server.url}/health").status_code == 200
    finally:
        for connection in crowd:
            connection.close()
    eventually(lambda: server.jobs() == 0, 60)


def _closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
