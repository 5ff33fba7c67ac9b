"""What a network engine costs beside its network, for each face of a 1920x1080 frame, next to insightface's INSwapper.

    python -m benchmarks.network [--rounds 60] [--full]
    python -m benchmarks.network --frames 2000        memory of the process while so many frames are recast

Both get the same frame, face and network, a stand-in with inswapper_128's contract that costs next to nothing (with
`--full` one of the real file's size and cost, to see the share of the whole), on the CPU. The network's own time is
taken away from both. Theirs is `INSwapper.get(paste_back=True)`; ours is `recast_frame` with the default options:
crop, network, masks, hair and glasses, mouth, texture, light, paste. Processor time, medians; by turns of a few faces
each, of which the first do not count: in a film, too, a face comes after others of the same engine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime

from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.providers import PROVIDERS
from pipeline.options import DeviceName, Options
from pipeline.types import ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

BLOCK, WARM = 6, 2
"""Faces of one turn that count, and those before them that find memory and caches full of the other side's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--full", action="store_true", help="a network of 138 million weights")
    parser.add_argument("--frames", type=int, default=0, help="measure memory over so many frames instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shelf = models.Shelf(Path(folder), "auto")
        make = (lambda contract, **_: networks.full_inswapper()) if given.full else networks.seeded
        engine = shelf.engine("inswapper_128", make)
        if given.frames:
            memory(engine, given.frames)
            return
        for width in (200, 400, 700):
            compare(engine, shelf, width, given.rounds)


def memory(engine: NetworkEngine, frames: int) -> None:
    image = np.ascontiguousarray(scene(200)[240:840, 560:1360])
    face, roles = faces.faces(image)[0], faces.identity("astronaut")
    wardrobe = Wardrobe(engine)
    after: dict[int, float] = {}
    for number in range(1, frames + 1):
        recast_frame(Picture(image.copy()), [FaceRole(face, roles)], wardrobe, Options())
        if number in (frames // 10, frames):
            after[number] = resident()
    first, last = after[frames // 10], after[frames]
    print(f"{first:.0f} MB after {frames // 10} frames, {last:.0f} MB after {frames}, ratio {last / first:.3f}")


def resident() -> float:
    """Megabytes of this process that are in memory."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1000


def compare(engine: NetworkEngine, shelf: models.Shelf, width: int, rounds: int) -> None:
    frame = scene(width)
    face = faces.faces(frame)[0]
    identity = faces.identity("astronaut")
    wardrobe = Wardrobe(engine)
    network = [0.0]
    theirs = insightface_swapper(shelf.folder / "models" / f"{engine.name}.onnx", network)
    raw = faces.arcface_raw(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    person = SimpleNamespace(kps=face.points, normed_embedding=raw / np.linalg.norm(raw))
    sides: dict[str, Callable[[], Any]] = {
        "insightface, paste_back": lambda: theirs.get(frame, person, person, paste_back=True),
        "recast, defaults": lambda: recast_frame(Still(frame), [FaceRole(face, identity)], wardrobe, Options()),
        "recast, as insightface does": lambda: recast_frame(
            Still(frame), [FaceRole(face, identity)], wardrobe,
            Options(
                keep_occluders=False, match_light=0, match_detail=False, keep_texture=False, expression=0, mask="box"
            ),
        ),
    }  # fmt: skip
    runner = engine._session._runner
    engine._session._runner = Timed(runner, network)  # type: ignore[assignment]
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(max(1, rounds // BLOCK) + 1):
        for name, side in sides.items():
            for number in range(BLOCK + WARM):
                network[0] = 0.0
                begin = time.process_time()
                side()
                if number >= WARM:
                    times[name].append(time.process_time() - begin - network[0])
    engine._session._runner = runner
    medians = {name: statistics.median(values) * 1000 for name, values in times.items()}
    base = medians["insightface, paste_back"]
    print(f"a face {width} pixels wide in 1920x1080, without the network's own time")
    for name, value in medians.items():
        print(f"  {name:<28} {value:7.1f} ms   ratio {value / base:.2f}")


class Still(Picture):
    """A frame whose change costs what it costs in a video: no copy of the whole."""


class Timed:
    """A session that adds up its own time."""

    def __init__(self, inner: Any, spent: list[float]) -> None:
        self.inner, self._spent = inner, spent

    def run(self, *words: Any) -> Any:
        begin = time.process_time()
        try:
            return self.inner.run(*words)
        finally:
            self._spent[0] += time.process_time() - begin

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def insightface_swapper(path: Path, spent: list[float], device: DeviceName = "cpu") -> Any:
    from insightface.model_zoo.inswapper import INSwapper

    warnings.simplefilter("ignore")
    providers = list(dict.fromkeys([PROVIDERS[device], PROVIDERS["cpu"]]))
    session = onnxruntime.InferenceSession(str(path), providers=providers)
    with contextlib.redirect_stdout(io.StringIO()):
        return INSwapper(model_file=str(path), session=Timed(session, spent))


def scene(width: int) -> ImageArray:
    frame = media.background(1920, 1080)
    place = media.placed("hopper", (960, 540), width)
    return np.asarray(media.paste(frame, "hopper", place), np.uint8)


if __name__ == "__main__":
    main()
