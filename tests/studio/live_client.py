"""The live view's WebSocket, spoken by a program."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pipeline.types import ImageArray
from tests.studio.conftest import Server

OWNER = "live-test-" + "x" * 32
PHOTO, FRAME = 1, 2


def address(server: Server) -> str:
    return server.url.replace("http", "ws", 1) + "/studio/live"


class Visitor:
    """A client of the protocol."""

    def __init__(self, server: Server, **options: Any) -> None:
        self.socket: ClientConnection = connect(address(server), max_size=None)
        # Who is not let in is told so before they have said a word.
        with contextlib.suppress(ConnectionClosed):
            self.say("hello", owner=OWNER, options=options)
        self.number = 0

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, kind: str, **values: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **values}))

    def show(self, kind: int, data: bytes, quality: int = 80) -> int:
        self.number += 1
        self.socket.send(struct.pack("<BBHI", kind, quality, 0, self.number) + data)
        return self.number

    def word(self, kind: str) -> dict[str, Any]:
        """The next text of this kind; pictures before it are let go."""
        while True:
            message = self.socket.recv(timeout=60)
            if isinstance(message, str):
                found = json.loads(message)
                assert found["type"] == kind, found
                return dict(found)

    def answer(self) -> tuple[int, int, ImageArray]:
        """Number, faces and picture of the next answer."""
        message = self.socket.recv(timeout=60)
        assert isinstance(message, bytes), message
        kind, faces, _, number = struct.unpack_from("<BBHI", message)
        assert kind == FRAME
        return number, faces, cv2.imdecode(np.frombuffer(message[8:], np.uint8), cv2.IMREAD_COLOR)

    def become(self, photo: Path) -> None:
        self.word("welcome")
        self.show(PHOTO, photo.read_bytes())
        self.say("face")
        self.word("ready")


def jpeg(image: ImageArray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
