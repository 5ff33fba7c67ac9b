"""Files and servers that the states of the page are made with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from studio.examples import examples, write_clip
from tests import media
from tests.studio.conftest import Server, launch


class Props:
    """Files, made once; a further server where a state needs one of its own."""

    def __init__(self, folder: Path) -> None:
        examples(folder)
        self.eileen, self.grace = folder / "eileen-collins.jpg", folder / "grace-hopper.jpg"
        left, right = cv2.imread(str(self.eileen)), cv2.imread(str(self.grace))
        self.both, self.empty, self.blurred = folder / "both.png", folder / "landscape.png", folder / "blurred.jpg"
        cv2.imwrite(str(self.both), np.hstack([left, cv2.resize(right, (437, 512))]))
        cv2.imwrite(str(self.empty), np.full((480, 640, 3), (180, 160, 120), np.uint8))
        cv2.imwrite(str(self.blurred), cv2.GaussianBlur(right, (0, 0), 5))
        self.clip, self.broken = folder / "a film with a long name from the summer holiday.mp4", folder / "broken.mp4"
        write_clip(self.clip, np.asarray(cv2.imread(str(self.both)), np.uint8), 1280, 720, seconds=3)
        self.broken.write_bytes(b"this is not a film")
        self.group, self.nobody_at_first = folder / "group.png", folder / "curtain.mp4"
        pair = np.hstack([cv2.resize(portrait, (256, 300)) for portrait in (left, right)])
        cv2.imwrite(str(self.group), np.vstack([np.hstack([pair] * 3)] * 2))
        media.write_clip(self.nobody_at_first, [np.full_like(left, 70)] * 30 + [left] * 30, 15)
        self.webcam = media.write_camera(folder / "webcam.y4m", media.webcam(60).frames)
        self._folder, self._servers = folder, dict[str, Server]()

    @cached_property
    def film(self) -> Path:
        """Long enough to still be at work, on a quick machine as well, when everything else about a state is there."""
        path = self._folder / "rehearsal.mp4"
        write_clip(path, np.asarray(cv2.imread(str(self.both)), np.uint8), 640, 360, seconds=60)
        return path

    def server(self, name: str, **environment: str) -> Server:
        """A server for a state that an ordinary one is never in; started when it is first asked for."""
        if name not in self._servers:
            self._servers[name] = launch(self._folder / name, **environment)
        return self._servers[name]

    def close(self) -> None:
        for server in self._servers.values():
            server.end()


State = Callable[[Any, Props], None]
STATES: dict[str, State] = {}


def state(act: State) -> State:
    """A state of the page: what is done until it is there. Its name is that of the function."""
    STATES[act.__name__.replace("_", "-")] = act
    return act


def show_tab(page: Any, title: str) -> None:
    page.get_by_role("tab", name=title).click()
