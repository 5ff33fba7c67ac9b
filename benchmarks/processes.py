"""Frames a second of a whole job, by how many processes render it beside the one that reads, analyses and writes.

    python -m benchmarks.processes [--processes 0 1 2] [--seconds 10] [--rounds 5] [--sizes 1280x720] [--faces 1]
                                   [--cold] [--limit]

All sides run by turns, so that a busy machine slows all of them; medians are compared, and every side's result has to
be the same, packet by packet. Processes are begun before the clock is, unless `--cold` is given. How much there is to
gain depends on the cores: run it where it matters, while nothing else runs. `--limit` adds what there is to gain at
most, also where there are few cores: a job whose rows come back at once, as they were.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.clips import crowd
from pipeline import Cast, Options, Recaster
from pipeline.processes import budget
from pipeline.processes.pool import Pool
from pipeline.processes.wire import Answer, Changed, Rendered, Rows
from tests import media
from tests.media_files import bits

START_UP = 120.0
LIMIT = -1
"""Stands for as many processes as one likes."""


@dataclass
class Side:
    """One number of processes.

    Attributes:
        fps, cpu: of each round: frames a second, and milliseconds of processor time a frame, of all processes.
        memory: megabytes of the largest process that renders.
        result: digest of the pictures' packets.
    """

    recaster: Recaster
    cast: Cast
    fps: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: float = 0.0
    result: str = ""


class AtOnce(Pool):
    """What the first process would see of any number of others that take no time: everything but the new faces."""

    def render(self, rows: Rows, prepared: Mapping[int, Any], stopped: Callable[[], bool]) -> Answer:
        sent: Rows = pickle.loads(pickle.dumps(rows, pickle.HIGHEST_PROTOCOL))
        same = tuple(Changed(1, piece.window.planes) for piece in sent.pieces if piece.wanted)
        return Answer(Rendered(same, {}), None, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = sorted({0, 1, 2, budget.affordable(budget.cores(), budget.free_memory())})
    parser.add_argument("--processes", type=int, nargs="+", default=usual)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", nargs="+", default=["1280x720"])
    parser.add_argument("--faces", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="begin the processes anew for every job")
    parser.add_argument("--limit", action="store_true", help="add what no number of processes can exceed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = media.portrait_file("astronaut", Path(folder))
        for text in given.sizes:
            width, height = (int(part) for part in text.split("x"))
            clip = crowd(Path(folder) / f"{text}.mp4", (width, height), given.seconds, given.faces)
            print(f"{text}, {given.faces} faces, {budget.cores():g} cores, load {os.getloadavg()[0]:.1f}")
            tell(compare(given.processes, photo, clip, given.rounds, given.cold, given.limit))


def compare(
    processes: list[int], photo: Path, clip: Path, rounds: int, cold: bool = False, limit: bool = False
) -> dict[int, Side]:
    """Every side, once more in each round."""
    sides = {}
    for many in [*processes, *([LIMIT] if limit else [])]:
        recaster = Recaster(processes=max(many, 0))
        if many == LIMIT:
            recaster.pool = AtOnce(2)
        sides[many] = Side(recaster, Cast(everyone=recaster.identify([photo])))
    for _ in range(rounds):
        for many, side in sides.items():
            once(side, many, clip, cold)
    return sides


def once(side: Side, many: int, clip: Path, cold: bool) -> None:
    """One job."""
    pool, output = side.recaster.pool, clip.with_name(f"result-{many}.mkv")
    if cold:
        pool.close()
    cold = cold or many == LIMIT
    with pool.job((), many):
        if not cold:
            pool.begin()
        until = time.monotonic() + START_UP
        while not cold and pool.ready < many and time.monotonic() < until:
            time.sleep(0.05)
        before = used(() if cold else pool.numbers)
        report = side.recaster.recast(side.cast, clip, output, Options())
        side.cpu.append((used(pool.numbers) - before) / report.frames * 1000)
        side.memory = max([side.memory, *map(largest, pool.numbers)])
    side.fps.append(report.fps)
    side.result = bits(output)


def used(numbers: tuple[int, ...]) -> float:
    """Seconds of processor time of this process and others."""
    total = time.process_time()
    for number in numbers:
        words = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        total += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return total


def largest(number: int) -> float:
    """Megabytes of memory that a process has used at most."""
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def tell(sides: dict[int, Side]) -> None:
    first = next(iter(sides.values()))
    for many, side in sides.items():
        ratios = [fps / other for fps, other in zip(side.fps, first.fps, strict=True)]
        name = f"{many:2d} processes" if many != LIMIT else "at once"
        print(
            f"  {name:12s} {statistics.median(side.fps):7.1f} frames/s, {statistics.median(ratios):.2f} times"
            f" ({', '.join(f'{ratio:.2f}' for ratio in ratios)}); processor time {statistics.median(side.cpu):.1f} ms"
            f" a frame; {side.memory:.0f} MB each"
        )
    if len({side.result for many, side in sides.items() if many != LIMIT}) > 1:
        raise SystemExit("The results are not the same.")


if __name__ == "__main__":
    main()
