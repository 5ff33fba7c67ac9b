"""The clips that the benchmarks run on: one face, a moving camera, grain and sound, made from a public-domain
portrait."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.types import ImageArray
from tests import media

GRAINS = 5


def one_face(path: Path, size: tuple[int, int], seconds: float, rate: int = 30) -> Path:
    """Hopper, her face a sixth of the picture's width, swaying and turning a little, in front of a wall."""
    return media.write_clip(path, _frames(size, round(seconds * rate)), rate, audio=seconds)


def _frames(size: tuple[int, int], count: int) -> Iterator[ImageArray]:
    width, height = size
    rng = np.random.default_rng(3)
    grain = [rng.normal(0, 2, (height, width, 1)).astype(np.int8).astype(np.int16) for _ in range(GRAINS)]
    room = media.background(width, height)
    for index in range(count):
        place = media.placed(
            "hopper",
            (width * (0.5 + 0.12 * math.sin(index / 40)), height * (0.48 + 0.04 * math.cos(index / 25))),
            width / 6,
            8 * math.sin(index / 30),
        )
        frame = media.paste(room, "hopper", place)
        yield np.clip(frame + grain[index % GRAINS], 0, 255).astype(np.uint8)
