"""A network of inswapper_128's true size in eight-bit integers, beside insightface's own in single precision.

    python -m benchmarks.int8 [--rounds 5]

The stand-in has random weights, so its layers, size and cost are the real file's, and what it makes of a face is not.
`pipeline.models.quantise` calibrates it on real faces (two portraits and a group) and judges it on others of them. Then
both recast one face of a 1920x1080 frame by turns in this process: insightface's `INSwapper.get` with paste, and
`recast_frame` with the defaults, in both precisions. Wall time, medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from benchmarks.network import Still, insightface_swapper, scene
from pipeline import Recaster
from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import FaceRole, Wardrobe, recast_frame
from pipeline.models.quantise import GOOD, Quantised, quantise
from pipeline.options import Options
from tests import faces, media, models, networks

FAMILY = "inswapper_128"
EXAMPLES = 5
"""Faces: two that the network is judged on, three that it is calibrated on."""
WIDTH = 300
"""Pixels that the face is wide."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        networks.write_family(folder / "models", FAMILY, lambda contract, **_: networks.full_inswapper())
        library = models.library(folder)
        single = NetworkEngine(FAMILY, library)
        made = small(folder, single)
        print(f"int8 beside single precision: {made.decibels:.1f} dB on faces it was not calibrated on, wanted {GOOD}")
        times = f"{made.before:.0f} ms, int8 {made.after:.0f} ms: {made.before / made.after:.2f} times as fast"
        print(f"  the network alone: {times}")
        engines = {"recast, single precision": single}
        if not made.kept:
            print("  too far from single precision: it is no engine")
        else:
            engines["recast, int8"] = NetworkEngine(f"{FAMILY}_int8", models.library(folder))
        compare(folder, engines, given.rounds)


def small(folder: Path, single: NetworkEngine) -> Quantised:
    """The int8 variant among the user's own entries, kept wherever it is good enough."""
    pictures = []
    for name, image in (
        ("hopper", media.portrait("hopper")), ("astronaut", media.portrait("astronaut")),
        ("players", faces.test_photo("players")),
    ):  # fmt: skip
        pictures.append(folder / f"{name}.png")
        cv2.imwrite(str(pictures[-1]), image)
    recaster = Recaster("cpu")
    photos = [photo for picture in pictures for photo in recaster.faces_in(picture)][:EXAMPLES]
    examples = [single.example(photo) for photo in photos]
    path = folder / "models" / f"{FAMILY}.onnx"
    return quantise(models.UNPINNED[FAMILY], path, examples, models.places(folder).entries, anyway=True)


def compare(folder: Path, engines: dict[str, NetworkEngine], rounds: int) -> None:
    frame = scene(WIDTH)
    face, identity = faces.faces(frame)[0], faces.identity("astronaut")
    theirs = insightface_swapper(folder / "models" / f"{FAMILY}.onnx", [0.0])
    raw = faces.arcface_raw(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    person = SimpleNamespace(kps=face.points, normed_embedding=raw / np.linalg.norm(raw))

    def ours(engine: NetworkEngine) -> Callable[[], Any]:
        wardrobe = Wardrobe(engine)
        return lambda: recast_frame(Still(frame.copy()), [FaceRole(face, identity)], wardrobe, Options())

    sides: dict[str, Callable[[], Any]] = {"insightface": lambda: theirs.get(frame, person, person, paste_back=True)}
    sides |= {name: ours(engine) for name, engine in engines.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            begin = time.perf_counter()
            side()
            if number > 0:
                times[name].append(time.perf_counter() - begin)
    base = statistics.median(times["insightface"])
    print(f"a face {WIDTH} pixels wide in 1920x1080")
    for name, values in times.items():
        value = statistics.median(values)
        print(f"  {name:<26} {value * 1000:7.0f} ms   {base / value:.2f} times as fast as insightface")


if __name__ == "__main__":
    main()
