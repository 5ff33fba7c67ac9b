"""Several faces of a frame go through a network together, where it takes more than one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.session import Session
from pipeline.options import Options
from pipeline.types import Face, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks


class Counted(Session):
    """A session that counts the calls of its network. Its rows are padded to full batches, as on a GPU."""

    def __init__(self, path: Path, batch: int) -> None:
        super().__init__(path, "cpu", batch=batch)
        self.calls = 0

    def _call(self, feed: Any) -> Any:
        self.calls += 1
        return super()._call(feed)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> NetworkEngine:
    folder = tmp_path_factory.mktemp("together")
    library = models.library(folder)
    networks.write_family(folder / "models", "hyperswap_1a_256", networks.seeded)
    return NetworkEngine("hyperswap_1a_256", library)


def crowd() -> tuple[ImageArray, tuple[Face, ...]]:
    """Five faces apart, and a sixth half behind the fifth."""
    image = media.background(1280, 720)
    places = [(160, 180), (480, 180), (800, 180), (1120, 180), (300, 520), (395, 535)]
    for number, place in enumerate(places):
        image = media.paste(image, ("hopper", "astronaut")[number % 2], media.placed("hopper", place, 70 + 4 * number))
    return image, faces.faces(image)


def recast(engine: NetworkEngine, options: Options) -> tuple[ImageArray, int]:
    image, found = crowd()
    picture = Picture(image.copy())
    sources = [faces.identity("astronaut"), faces.identity("hopper")]
    changed = recast_frame(
        picture, [FaceRole(face, sources[number % 2]) for number, face in enumerate(found)], Wardrobe(engine), options
    )
    return picture.image(), changed


@pytest.mark.parametrize("boost", ["1x", "2x"])
def test_faces_of_a_frame_share_a_batch(
    engine: NetworkEngine, boost: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Pixel for pixel as one by one, and in fewer calls."""
    options = Options(pixel_boost=boost, expression=0.0)
    results, calls = [], []
    path = engine._session.path
    for batch in (1, 4):
        session = Counted(path, batch)
        monkeypatch.setattr(engine, "_session", session)
        result, changed = recast(engine, options)
        assert changed == len(crowd()[1]) >= 5
        results.append(result)
        calls.append(session.calls)
    assert np.array_equal(results[0], results[1])
    assert calls[1] <= (3 if boost == "1x" else changed)
