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


def small_face(path: Path, size: tuple[int, int], seconds: float, rate: int = 30) -> Path:
    """One person in a wide room, her face a twentieth of the picture's height wide."""
    return media.write_clip(path, _rows(size, round(seconds * rate), 1, 1 / 20), rate, audio=seconds)


def crowd(path: Path, size: tuple[int, int], seconds: float, people: int, rate: int = 30) -> Path:
    """So many people side by side, their faces a sixth of the picture's height wide.

    None is an empty room but for somebody in its first frame: where nobody is at all, there is no job to do.
    """
    if people == 1 and size[1] <= 1080:
        return one_face(path, size, seconds, rate)
    return side_by_side(path, size, seconds, people, rate)


def panned(path: Path, size: tuple[int, int], seconds: float, rate: int = 30) -> Path:
    """An empty room, over which the camera pans as long as the clip lasts, but for somebody in its first frame.

    All of the picture moves, so that it is searched whenever that is due, and marked anew every few frames.
    """
    return media.write_clip(path, _pan(size, round(seconds * rate)), rate, audio=seconds)


def side_by_side(path: Path, size: tuple[int, int], seconds: float, people: int, rate: int = 30) -> Path:
    """As `crowd`, with faces of one size however many there are."""
    return media.write_clip(path, _rows(size, round(seconds * rate), people), rate, audio=seconds)


def _rows(size: tuple[int, int], count: int, people: int, face: float = 1 / 6) -> Iterator[ImageArray]:
    width, height = size
    rng = np.random.default_rng(4)
    grain = [rng.normal(0, 2, (height, width, 1)).astype(np.int8).astype(np.int16) for _ in range(GRAINS)]
    room = media.background(width, height)
    for index in range(count):
        frame = room
        for person in range(people or int(index == 0)):
            name = ("hopper", "astronaut")[person % 2]
            x = width * (person + 0.5) / (people or 1) + width * 0.02 * math.sin(index / 30 + person)
            place = media.placed(name, (x, height * (0.48 + 0.03 * math.cos(index / 25 + person))), height * face, 0)
            frame = media.paste(frame, name, place)
        yield np.clip(frame + grain[index % GRAINS], 0, 255).astype(np.uint8)


def _pan(size: tuple[int, int], count: int) -> Iterator[ImageArray]:
    width, height = size
    rng = np.random.default_rng(5)
    grain = [rng.normal(0, 2, (height, width, 1)).astype(np.int8).astype(np.int16) for _ in range(GRAINS)]
    way, rise = width // 2, height // 8
    room = media.background(width + way, height + rise)
    for index in range(count):
        x, y = round(way * (1 - math.cos(index / 100)) / 2), round(rise * (1 - math.cos(index / 20)) / 2)
        frame = room[y : y + height, x : x + width]
        if index == 0:
            frame = media.paste(frame, "hopper", media.placed("hopper", (width / 2, height / 2), height / 6, 0))
        yield np.clip(frame + grain[index % GRAINS], 0, 255).astype(np.uint8)


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
