"""What each stage of a job costs in two trees, told so that a busy machine does not matter.

    python -m benchmarks.turns TREE OTHER [--passes 6] [--clip FILE] [--size 1280x720] [--seconds 4] [--source NAME]

Each tree is a checkout with a virtual environment of its own. Both do the same job by turns, each in a process that
lives as long as all of it. All stages run one after the other on one thread, whose processor time is taken for each
frame; of each frame the least of all passes counts. What profilers say misleads here: they swell small calls by ten
times. These sums come to 2 % of the same again, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

STAGES = ("read", "analyse", "render", "write")
Least = dict[str, dict[int, float]]
"""By stage and frame, seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs=2, type=Path)
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--clip", type=Path, help="one of your own")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--source", default="astronaut", help="a portrait of the tests")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = given.clip or _made(Path(folder) / "clip.mp4", given.size, given.seconds)
        print(table([tree.resolve() for tree in given.trees], clip.resolve(), given.source, given.passes))


def table(trees: list[Path], clip: Path, source: str, passes: int) -> str:
    """Milliseconds a frame by stage, a row for each tree, and the ratio of the two."""
    workers = [_started(tree, clip, source) for tree in trees]
    found = [dict.fromkeys(STAGES, 0.0) for _ in trees]
    try:
        for turn in range(passes):
            for place in (0, 1) if turn % 2 == 0 else (1, 0):
                found[place] = _asked(workers[place])
    finally:
        for worker in workers:
            worker.communicate()
    sums = [sum(stages.values()) for stages in found]
    lines = [f"| tree | {' | '.join(STAGES)} | all, ms a frame |", "|---|" + "--:|" * (len(STAGES) + 1)]
    for tree, stages, total in zip(trees, found, sums, strict=True):
        lines.append(f"| {tree.name} | {' | '.join(f'{stages[name]:.2f}' for name in STAGES)} | {total:.2f} |")
    ratios = [found[1][name] / found[0][name] for name in STAGES]
    lines.append(f"| ratio | {' | '.join(f'{ratio:.3f}' for ratio in ratios)} | {sums[1] / sums[0]:.3f} |")
    return "\n".join(lines)


def _made(path: Path, size: str, seconds: float) -> Path:
    from benchmarks.clips import one_face

    width, height = (int(part) for part in size.split("x"))
    return one_face(path, (width, height), seconds)


def _started(tree: Path, clip: Path, source: str) -> subprocess.Popen[str]:
    """A worker in a tree, ready; it runs this file, so that a tree need not have it."""
    words = [str(tree / ".venv" / "bin" / "python"), str(Path(__file__).resolve()), "worker", str(clip), source]
    # Frames that other processes render would not be counted.
    given = os.environ | {"RECAST_PROCESSES": "0"}
    worker = subprocess.Popen(
        words, cwd=tree, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    _answered(worker)
    return worker


def _asked(worker: subprocess.Popen[str]) -> dict[str, float]:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    return _answered(worker)


def _answered(worker: subprocess.Popen[str]) -> dict[str, float]:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise SystemExit("A tree cannot do the job: run `python -m benchmarks.speed` in it to see why.")
    found: dict[str, float] = json.loads(line)
    return found


def work(clip: Path, source: str) -> None:
    """Do the job once for each line that comes in, and say what it has cost at least by now."""
    # That of the tree which this was started in.
    sys.path[0] = str(Path.cwd())
    from pipeline import Cast, Options, Recaster, rendering
    from tests import media

    least: Least = {name: {} for name in STAGES}
    rendering.run = _one_by_one(least)
    with tempfile.TemporaryDirectory() as folder:
        recaster = Recaster()
        cast = Cast(everyone=recaster.identify([media.portrait_file(source, Path(folder))]))

        def job() -> None:
            recaster.recast(cast, clip, Path(folder) / "result.mp4", Options())

        job()
        for known in least.values():
            known.clear()
        print("{}", flush=True)
        for _ in sys.stdin:
            job()
            frames = len(least["render"])
            told = {name: sum(known.values()) / frames * 1000 for name, known in least.items()}
            print(json.dumps(told), flush=True)


def _one_by_one(least: Least) -> Callable[..., None]:
    """What stands in for `pipeline.flow.run`: the same, on the calling thread."""

    def note(stage: str, frame: int, seconds: float) -> None:
        least[stage][frame] = min(seconds, least[stage].get(frame, seconds))

    def run(
        source: Iterable[Any],
        analyse: Callable[[Iterable[Any]], Iterable[Any]],
        render: Callable[[Any], Iterable[Any]],
        write: Callable[[Any], None],
        **_: object,
    ) -> None:
        reading = 0.0

        def read() -> Iterator[Any]:
            nonlocal reading
            items = iter(source)
            for number in range(sys.maxsize):
                begin = time.thread_time()
                item = next(items, None)
                spent = time.thread_time() - begin
                reading += spent
                if item is None:
                    return
                note("read", number, spent)
                yield item

        found = iter(analyse(read()))
        for number in range(sys.maxsize):
            before, begin = reading, time.thread_time()
            each = next(found, None)
            if each is None:
                return
            note("analyse", number, time.thread_time() - begin - (reading - before))
            begin = time.thread_time()
            done = list(render(each))
            note("render", number, time.thread_time() - begin)
            begin = time.thread_time()
            for frame in done:
                write(frame)
            note("write", number, time.thread_time() - begin)

    return run


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
