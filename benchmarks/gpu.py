"""What a graphics card makes of a film: one command for a machine that has one.

    python -m benchmarks.gpu [--device cuda] [--seconds 6] [--size 1920x1080] [--light]

With a stand-in of inswapper_128's true size and cost (`--light`: one that costs next to nothing) on the device:

* the device that is truly active, and how many multiplications of half-precision matrices it does in a second;
* the network alone, by rows of a call, in single and in half precision, beside the least its arithmetic takes;
* films with one and with two faces a frame by turns, and insightface with MoviePy on the same network and device:
  frames a second, the share of the time that the card was busy, memory on the card, processor time.

Writes ``benchmarks/results/gpu.md``. Runs with ``--device cpu`` as well, which proves the command and measures nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bench import RESULTS
from benchmarks.clips import crowd
from benchmarks.sides import Job, cpu_seconds, recast, reference
from pipeline.models.onnx_runner import opened
from pipeline.models.session import Session
from pipeline.options import DEVICES, DeviceName
from tests import networks

FAMILY = "inswapper_128"
OPERATIONS = 349e9
"""Of one face, a multiplication and an addition counted as two."""
ROWS = (1, 2, 4, 8)
SIDE, PRODUCTS = 8192, 64
"""Of the matrices that are multiplied to see what the card can do, and how often."""
SAMPLE = 0.1
"""Seconds between two looks at the card."""


@dataclass(frozen=True)
class Film:
    """One film carried out.

    Attributes:
        faces: in each frame.
        busy: share of the time that the card was, 0 to 1; NaN where there is none.
        memory: megabytes in use on the card at most.
    """

    side: str
    faces: int
    frames: int
    seconds: float
    cpu: float
    busy: float
    memory: float


class Watch:
    """Looks at the card while a block runs."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []
        self._over = threading.Event()

    @contextlib.contextmanager
    def looking(self) -> Iterator[Watch]:
        looker = threading.Thread(target=self._look, daemon=True)
        looker.start()
        try:
            yield self
        finally:
            self._over.set()
            looker.join(10)

    def _look(self) -> None:
        while not self._over.wait(SAMPLE):
            found = card("utilization.gpu,memory.used")
            if found is None:
                return
            self._seen.append((float(found[0]), float(found[1])))

    @property
    def busy(self) -> float:
        return statistics.fmean(share for share, _ in self._seen) / 100 if self._seen else float("nan")

    @property
    def memory(self) -> float:
        return max((memory for _, memory in self._seen), default=float("nan"))


def card(what: str) -> list[str] | None:
    """Fields of NVIDIA's own report on the first card; ``None`` where there is none."""
    words = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits", "--id=0"]
    try:
        answer = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return [field.strip() for field in answer.splitlines()[0].split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=[name for name in DEVICES if name != "auto"], default="cuda")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--light", action="store_true", help="a network that costs next to nothing")
    parser.add_argument("--output", type=Path, default=RESULTS / "gpu.md")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    width, height = (int(part) for part in given.size.split("x"))
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        make = networks.seeded if given.light else lambda contract, **_: networks.full_inswapper()
        networks.write_family(folder / "models", FAMILY, make)
        parts = [head(given.device, folder, light=given.light)]
        print(parts[0], flush=True)
        parts.append(alone(given.device, folder))
        print(parts[1], flush=True)
        parts.append(films(given.device, folder, (width, height), given.seconds, given.rounds))
        print(parts[2], flush=True)
    words = f"--device {given.device} --seconds {given.seconds:g} --size {given.size}" + " --light" * given.light
    given.output.parent.mkdir(parents=True, exist_ok=True)
    title = f"# On a graphics card\n\nMade by `python -m benchmarks.gpu {words}`.\n\n"
    given.output.write_text(title + "\n\n".join(parts) + "\n")


def head(device: DeviceName, folder: Path, *, light: bool) -> str:
    """What it runs on, and what of that is at work."""
    path, told = folder / "models" / f"{FAMILY}.onnx", card("name,memory.total,driver_version")
    session = Session(path, device)
    lines = [
        f"* card: {', '.join(told) if told else 'none'}",
        f"* asked for {device}, truly active: {session.device}; rows of a call: {session.batch}",
        f"* network: {'a light stand-in' if light else 'a stand-in of the true size and cost'}",
    ]
    if session.device != "cpu":
        rate = multiplications(device, folder)
        least = OPERATIONS / rate * 1000
        lines.append(f"* half-precision matrices: {rate / 1e12:.0f} TFLOP/s, so {least:.2f} ms a face at least")
    return "\n".join(lines)


def multiplications(device: DeviceName, folder: Path) -> float:
    """Operations a second of one large product of half-precision matrices."""
    import onnx
    from onnx import TensorProto, helper

    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, [SIDE, SIDE]) for name in ("a", "b")]
    sums = helper.make_tensor_value_info("s", TensorProto.FLOAT16, [1, SIDE])
    one = helper.make_tensor("axes", TensorProto.INT64, [1], [0])
    nodes, last = [], "a"
    for place in range(PRODUCTS):
        nodes.append(helper.make_node("MatMul", [last, "b"], [f"p{place}"]))
        last = f"p{place}"
    nodes.append(helper.make_node("ReduceSum", [last, "axes"], ["s"], keepdims=1))
    graph = helper.make_graph(nodes, "products", sides, [sums], [one])
    path = folder / "products.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    runner, _ = opened(path, device, 1, folder)
    values = {name: np.zeros((SIDE, SIDE), np.float16) for name in ("a", "b")}
    runner.run(values)
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        runner.run(values)
        taken.append(time.perf_counter() - begin)
    # Copying the two matrices there is counted, too: beside so many products it is a small part.
    return PRODUCTS * 2 * SIDE**3 / min(taken)


def alone(device: DeviceName, folder: Path) -> str:
    """The network by itself."""
    lines = ["| network | rows of a call | ms a face |", "|---|---|---|"]
    path = folder / "models" / f"{FAMILY}.onnx"
    paths = {"single precision": path}
    with contextlib.suppress(ImportError):
        paths["half precision"] = halved(path)
    random = np.random.default_rng(0)
    for name, file in paths.items():
        for rows in ROWS if device != "cpu" else ROWS[:2]:
            session = Session(file, device, batch=rows)
            feed = {
                port: random.random((rows, *(side or 1 for side in shape)), np.float32)
                for port, shape in session.inputs.items()
            }
            for _ in range(3):
                session(**feed)
            taken = []
            for _ in range(12):
                begin = time.perf_counter()
                session(**feed)
                taken.append(time.perf_counter() - begin)
            lines.append(f"| {name} | {session.batch} | {statistics.median(taken) / rows * 1000:.2f} |")
    return "\n".join(lines)


def halved(path: Path) -> Path:
    """The network in half precision, its inputs and outputs as they were."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    result = path.with_name(f"{path.stem}_half.onnx")
    onnx.save(convert_float_to_float16(onnx.load(str(path)), keep_io_types=True), str(result))
    return result


def films(device: DeviceName, folder: Path, size: tuple[int, int], seconds: float, rounds: int) -> str:
    """Films by turns, with one face a frame and with two, and the usual way."""
    clips = {people: crowd(folder / f"{people}.mp4", size, seconds, people) for people in (1, 2)}
    jobs: dict[tuple[str, int], Job] = {}
    for people, clip in clips.items():
        jobs["recast", people] = recast(clip, folder, FAMILY, device)
    jobs["insightface, MoviePy", 1] = reference(clips[1], folder, device)
    runs: dict[tuple[str, int], list[Film]] = {key: [] for key in jobs}
    for _ in range(rounds):
        for (side, people), job in jobs.items():
            runs[side, people].append(carried_out(side, people, job, folder / "result.mp4"))
    best = {key: sorted(found, key=lambda film: film.seconds)[(len(found) - 1) // 2] for key, found in runs.items()}
    lines = [
        "| side | faces | frames/s | ms a frame | card busy | card MB | processor ms a frame |",
        "|---|---|---|---|---|---|---|",
    ]
    for (side, people), film in best.items():
        lines.append(
            f"| {side} | {people} | {film.frames / film.seconds:.1f} | {film.seconds / film.frames * 1000:.1f} | "
            f"{film.busy:.0%} | {film.memory:.0f} | {film.cpu / film.frames * 1000:.1f} |"
        )
    ones, twos, usual = best["recast", 1], best["recast", 2], best["insightface, MoviePy", 1]
    ratio = (twos.seconds / twos.frames) / (ones.seconds / ones.frames)
    against = (usual.seconds / usual.frames) / (ones.seconds / ones.frames)
    lines.append(f"\nTwo faces a frame cost {ratio:.2f} times one; {against:.1f} times as fast as the usual way.")
    return "\n".join(lines)


def carried_out(side: str, people: int, job: Job, output: Path) -> Film:
    with Watch().looking() as watch, contextlib.redirect_stdout(io.StringIO()):
        begin, used = time.perf_counter(), cpu_seconds()
        frames, _ = job(output)
        seconds, cpu = time.perf_counter() - begin, cpu_seconds() - used
    return Film(side, people, frames, seconds, cpu, watch.busy, watch.memory)


if __name__ == "__main__":
    main()
