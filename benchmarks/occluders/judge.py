"""What the network is worth: on people it never saw, and beside the rule it replaced.

    python -m benchmarks.occluders.judge FACES.npz [--sheet OUT.png] [--scenes N]

Prints, for scenes of the held-out people: intersection over union with what was held before the face, how much of it is
found, and how much bare face is taken for it; by kind of surface for the whole, and for faces with nothing before them.
The *rule* called foreign what departs from skin in hue or is very dark.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.occluders.material import HELD_OUT
from benchmarks.occluders.scenes import SMALL, Material, Scene, scene
from pipeline.mesh.front import edge_map, find_front
from pipeline.mesh.topology import topology
from pipeline.types import FloatArray, ImageArray

Finder = Callable[[ImageArray, FloatArray], FloatArray]


def by_network(image: ImageArray, seen: FloatArray) -> FloatArray:
    front = find_front(_half(image), edge_map(image), seen)
    return np.zeros(seen.shape, np.float32) if front is None else front


def by_rule(image: ImageArray, seen: FloatArray) -> FloatArray:
    """Hue far from that of the middle of the face, or deep dark."""
    logs = np.log(_half(image).astype(np.float32) + 10)
    zones = topology()
    depart = logs - np.median(logs[zones.inner > 0.5], axis=0)
    shade = depart.mean(-1, keepdims=True)
    hue = np.abs(depart - shade).max(-1)
    found = np.maximum(np.clip((hue - 0.16) / 0.18, 0, 1), np.clip((-shade[..., 0] - 0.75) / 0.5, 0, 1))
    found *= zones.skin * (1 - zones.rim) * (1 - zones.beard)
    return np.clip((cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.5) - 0.35) / 0.35, 0, 1)


def _half(image: ImageArray) -> ImageArray:
    return np.asarray(cv2.resize(image, (SMALL, SMALL), interpolation=cv2.INTER_AREA), np.uint8)


def judge(scenes: list[Scene], finder: Finder) -> dict[str, float]:
    """Over where the face is and is seen: shares of 1."""
    unions, found, mistaken, clean = [], [], [], []
    for one in scenes:
        area = (topology().face > 0.5) & (one.seen > 0.15)
        front, real = finder(one.image, one.seen)[area] > 0.5, one.truth[area] > 0.5
        if real.sum() > 20:
            unions.append((front & real).sum() / (front | real).sum())
            found.append((front & real).sum() / real.sum())
            mistaken.append((front & ~real).sum() / max((~real).sum(), 1))
        elif not real.any():
            clean.append(front.mean())
    return {
        "intersection over union": float(np.mean(unions)),
        "of it found": float(np.mean(found)),
        "bare face taken for it": float(np.mean(mistaken)),
        "the same where nothing is": float(np.mean(clean)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    data = np.load(given.faces)
    keep = np.isin(data["names"], HELD_OUT)
    material = Material(data["faces"][keep], data["facing"][keep], data["surfaces"], data["zones"])
    random = np.random.default_rng(99)
    scenes = [scene(material, random) for _ in range(given.scenes)]
    ways: dict[str, Finder] = {"network": by_network, "rule": by_rule}
    results = {name: judge(scenes, finder) for name, finder in ways.items()}
    print(f"{'':28s}" + "".join(f"{name:>10s}" for name in ways))
    for line in next(iter(results.values())):
        print(f"{line:28s}" + "".join(f"{results[name][line]:10.3f}" for name in ways))
    if given.sheet:
        cv2.imwrite(str(given.sheet), _sheet(scenes[:70]))


def _sheet(scenes: list[Scene]) -> ImageArray:
    tiles = []
    for one in scenes:
        maps = [(np.clip(each, 0, 1) * 255).astype(np.uint8) for each in (one.truth, by_network(one.image, one.seen))]
        column = np.vstack([_half(one.image), *(cv2.cvtColor(each, cv2.COLOR_GRAY2BGR) for each in maps)])
        tiles.append(cv2.copyMakeBorder(column, 1, 1, 1, 1, cv2.BORDER_CONSTANT))
    rows = [np.hstack(tiles[i : i + 14]) for i in range(0, len(tiles) - len(tiles) % 14, 14)]
    return np.asarray(np.vstack(rows), np.uint8)


if __name__ == "__main__":
    main()
