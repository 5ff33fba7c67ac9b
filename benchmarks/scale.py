"""How cost grows with frames, faces and jobs, and how soon a server is ready.

    python -m benchmarks.scale [--quick] [--longest 60] [--most 8] [--rounds 3] [--size 1280x720]

Clips of 10 seconds and more, each twice as long as the one before, with one face; clips of 4 seconds with one to eight
faces; one job and then two at once in one process, on the same sessions; and a server, from the start of its process
to its first answer from /health. Everything goes by turns, medians; the table goes to ``benchmarks/results/scale.md``.
Processor time a frame tells how cost grows; frames a second are those of a whole job. `--quick` keeps nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bench import RESULTS, processor
from benchmarks.clips import crowd
from benchmarks.server import Server
from pipeline import Cast, Recaster
from tests import media

SHORTEST, SHORT = 10.0, 4.0
"""Seconds of the first clip whose length is looked at, and of those whose faces are."""


@dataclass(frozen=True)
class Cost:
    """What a job took: frames a second, milliseconds of processor time a frame, and megabytes of memory at most that
    the process had held by then."""

    fps: float
    cpu: float
    peak: float


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short clips, one round, nothing kept")
    parser.add_argument("--longest", type=float, default=60, help="seconds of the longest clip")
    parser.add_argument("--most", type=int, default=8, help="faces")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args(words)
    if given.quick:
        given.longest, given.most, given.rounds, given.size = 2 * SHORTEST, 2, 1, "640x360"
    width, height = (int(part) for part in given.size.split("x"))
    recaster = Recaster()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", folder)]))

        def job(clip: Path, output: str = "result.mp4") -> int:
            return recaster.recast(cast, clip, folder / output).frames

        def clip(length: float, faces: int) -> Path:
            return crowd(folder / f"{length:g}-{faces}.mp4", (width, height), length, faces)

        lengths = [SHORTEST * 2**step for step in range(20) if SHORTEST * 2**step <= given.longest]
        long = by_turns(job, {length: clip(length, 1) for length in lengths}, given.rounds)
        full = by_turns(job, {faces: clip(SHORT, faces) for faces in range(1, given.most + 1)}, given.rounds)
        sections = [longer(long), fuller(full), together(job, folder / f"{SHORT:g}-1.mp4", given.rounds)]
    sections.append(ready(given.rounds))
    report = "\n\n".join(sections)
    print(report)
    if not given.quick:
        note = f"Made by `python -m benchmarks.scale --longest {given.longest:g}` at {given.size} on "
        note += f"{os.cpu_count()} threads of {processor()}; medians of {given.rounds}."
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "scale.md").write_text(f"# Scale\n\n{note}\n\n{report}\n")


def by_turns(job: Callable[[Path], int], clips: Mapping[float, Path], rounds: int) -> dict[float, Cost]:
    """Every clip in each round; medians of each."""
    job(next(iter(clips.values())))
    found: dict[float, list[Cost]] = {number: [] for number in clips}
    for _ in range(rounds):
        for number, clip in clips.items():
            begin, used = time.perf_counter(), time.process_time()
            frames = job(clip)
            fps, cpu = frames / (time.perf_counter() - begin), (time.process_time() - used) / frames * 1000
            found[number].append(Cost(fps, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000))
    return {
        number: Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("fps", "cpu", "peak")))
        for number, costs in found.items()
    }


def longer(costs: Mapping[float, Cost]) -> str:
    first, *_, last = (cost.cpu for cost in (*costs.values(), *costs.values()))
    return (
        f"{table('seconds', costs)}\n\nA frame of the longest clip costs {last / first:.2f} times one of the shortest."
    )


def fuller(costs: Mapping[float, Cost]) -> str:
    """Costs, and how far they are from growing along a straight line."""
    faces, spent = np.array(list(costs)), np.array([cost.cpu for cost in costs.values()])
    each, frame = np.polyfit(faces, spent, 1)
    off = float(np.abs(each * faces + frame - spent).max() / spent.max())
    return (
        f"{table('faces', costs)}\n\nA frame costs {frame:.1f} ms, and {each:.1f} ms for each face; no clip is off "
        f"that line by more than {off:.1%} of what the dearest costs."
    )


def table(what: str, costs: Mapping[float, Cost]) -> str:
    lines = [f"| {what} | frames/s | CPU ms a frame | peak MB |", "|---|---|---|---|"]
    lines += [f"| {number:g} | {cost.fps:.1f} | {cost.cpu:.1f} | {cost.peak:.0f} |" for number, cost in costs.items()]
    return "\n".join(lines)


def together(job: Callable[[Path, str], int], clip: Path, rounds: int) -> str:
    """Seconds of one job, and of two at once, which share sessions."""
    alone, both = [], []
    for _ in range(rounds):
        alone.append(_seconds(job, clip, 1))
        both.append(_seconds(job, clip, 2))
    one, two = statistics.median(alone), statistics.median(both)
    return (
        f"One job takes {one:.2f} s, two at once {two:.2f} s: {two / one:.2f} times as long for twice the work. Each "
        f"has {one / two:.2f} of its speed where its share is 0.50."
    )


def _seconds(job: Callable[[Path, str], int], clip: Path, count: int) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(job, clip, f"{number}.mp4") for number in range(count)]:
            done.result()
    return time.perf_counter() - begin


def ready(rounds: int) -> str:
    """Seconds from the start of a server's process to its first answer."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            server = Server(Path(folder))
            try:
                server.http.get("/health").raise_for_status()
                found.append(time.perf_counter() - begin)
            finally:
                server.process.terminate()
                server.process.wait(60)
    return f"A server answers {statistics.median(found):.2f} s after its process began."


if __name__ == "__main__":
    main()
