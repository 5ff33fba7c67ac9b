"""A network of inswapper_128's true size in each way that a CPU can run it, beside insightface's own.

    python -m benchmarks.int8 [--rounds 5]

The stand-in has random weights, so its layers, size and cost are the real file's, and what it makes of a face is not.
`pipeline.models.quantise` calibrates its int8 variant on real faces (two portraits and a group) and judges it on others
of them. Then all recast one face of a 1920x1080 frame by turns in this process: insightface's `INSwapper.get` with
paste, and `recast_frame` with the defaults, by ONNX Runtime and by OpenVINO, in single precision, in bfloat16 where the
processor has it, and in eight-bit integers. Wall and processor time of a face, medians. How far each is from single
precision is the peak signal-to-noise ratio of the network's own output on the faces that int8 is judged on, the worst
of them. The table goes to ``benchmarks/results/int8.md``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from benchmarks.bench import RESULTS, processor
from benchmarks.network import Still, insightface_swapper, scene
from pipeline import Recaster
from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.models.openvino_runner import OpenVinoRunner, arithmetics
from pipeline.models.quantise import GOOD, HELD_BACK, Example, Quantised, quantise
from pipeline.models.runner import Arithmetic
from pipeline.models.session import Session
from pipeline.models.trial import Verdicts, likeness
from pipeline.options import Options
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

FAMILY = "inswapper_128"
EXAMPLES = 5
"""Faces: two that the network is judged on, three that it is calibrated on."""
WIDTH = 300
"""Pixels that the face is wide."""
REFERENCE = "recast, single, ONNX Runtime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        networks.write_family(folder / "models", FAMILY, lambda contract, **_: networks.full_inswapper())
        examples = crops(folder, NetworkEngine(FAMILY, models.library(folder)))
        path = folder / "models" / f"{FAMILY}.onnx"
        places = models.places(folder)
        verdicts = Verdicts(places.notes)
        made = quantise(models.UNPINNED[FAMILY], path, examples, places.entries, verdicts, anyway=True)
        engines = ways(folder, path, made)
        judged = examples[: max(1, round(len(examples) * HELD_BACK))]
        table = compare(path, engines, judged, given.rounds)
    kept = "quicker" if made.after < made.before else "not quicker, so `models quantise` would not keep it"
    text = "\n".join([
        "# A network of inswapper_128's size on a CPU", "",
        f"Made by `python -m benchmarks.int8 --rounds {given.rounds}` on {os.cpu_count()} threads of {processor()}; "
        f"one face {WIDTH} pixels wide in 1920x1080, with all that is done to it; medians.", "",
        *table, "",
        f"int8 is quickest by {made.runtime}: {made.decibels:.1f} dB from single precision (wanted {GOOD:.0f}), the "
        f"network alone {made.after:.0f} ms, where it takes {made.before:.0f} ms as it is: {kept}.", "",
    ])  # fmt: skip
    (RESULTS / "int8.md").write_text(text)
    print(text)


def crops(folder: Path, engine: NetworkEngine) -> list[Example]:
    """What the network gets of real faces."""
    pictures = []
    for name, image in (
        ("hopper", media.portrait("hopper")), ("astronaut", media.portrait("astronaut")),
        ("players", faces.test_photo("players")),
    ):  # fmt: skip
        pictures.append(folder / f"{name}.png")
        cv2.imwrite(str(pictures[-1]), image)
    recaster = Recaster("cpu")
    photos = [photo for picture in pictures for photo in recaster.faces_in(picture)][:EXAMPLES]
    return [engine.example(photo) for photo in photos]


def ways(folder: Path, path: Path, made: Quantised) -> dict[str, NetworkEngine]:
    """An engine for each way to run the network, whether it would be chosen or not."""
    library = models.library(folder)

    def by(name: str, file: Path, arithmetic: Arithmetic | None) -> NetworkEngine:
        engine = NetworkEngine(name, library)
        engine._session = Session(
            file, "cpu", on_cpu=None if arithmetic is None else lambda one: OpenVinoRunner(one, arithmetic)
        )
        return engine

    found = {REFERENCE: by(FAMILY, path, None)}
    found |= {f"recast, {one}, OpenVINO": by(FAMILY, path, one) for one in reversed(arithmetics())}
    if made.path is not None:
        small = f"{FAMILY}_int8"
        found["recast, int8, ONNX Runtime"] = by(small, made.path, None)
        found |= {
            f"recast, int8 and {one}, OpenVINO": by(small, made.path, one) for one in reversed(arithmetics())
        }  # fmt: skip
    return found


def compare(path: Path, engines: dict[str, NetworkEngine], judged: list[Example], rounds: int) -> list[str]:
    frame = scene(WIDTH)
    face, identity = faces.faces(frame)[0], faces.identity("astronaut")
    theirs = insightface_swapper(path, [0.0])
    raw = faces.arcface_raw(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    person = SimpleNamespace(kps=face.points, normed_embedding=raw / np.linalg.norm(raw))

    def ours(engine: NetworkEngine) -> Callable[[], Any]:
        wardrobe = Wardrobe(engine)
        return lambda: recast_frame(Still(frame.copy()), [FaceRole(face, identity)], wardrobe, Options())

    sides: dict[str, Callable[[], Any]] = {"insightface": lambda: theirs.get(frame, person, person, paste_back=True)}
    sides |= {name: ours(engine) for name, engine in engines.items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            begin = time.perf_counter(), time.process_time()
            side()
            if number > 0:
                times[name].append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    base = statistics.median(wall for wall, _ in times["insightface"])
    lines = ["| way | ms a face | times as fast | processor ms | dB from single precision |", "|---|---|---|---|---|"]
    for name, values in times.items():
        wall, work = (statistics.median(column) for column in zip(*values, strict=True))
        said = f"{far(engines[name], engines[REFERENCE], judged):.1f}" if name in engines and name != REFERENCE else ""
        lines.append(f"| {name} | {wall * 1000:.0f} | {base / wall:.2f} | {work * 1000:.0f} | {said} |")
    return lines


def far(engine: NetworkEngine, reference: NetworkEngine, judged: list[Example]) -> float:
    """Decibels of the example that comes out worst."""
    return min(likeness(engine._session(**one), reference._session(**one)) for one in judged)


if __name__ == "__main__":
    main()
