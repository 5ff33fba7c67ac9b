"""From process start to the first recast picture of one megapixel, and how long a second one takes.

    python -m benchmarks.startup [--rounds 5]

The first is the headless command, in a process of its own each time; the second is measured in a process that has done
one. Medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from pipeline import Cast, Recaster
from tests import media


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        source, target = media.portrait_file("astronaut", folder), folder / "target.jpg"
        cv2.imwrite(str(target), cv2.resize(media.portrait("hopper"), (924, 1083), interpolation=cv2.INTER_CUBIC))
        first = [command(source, target, folder / "out.jpg") for _ in range(given.rounds)]
        second = again(source, target, folder / "out.jpg", given.rounds)
    print(f"process start to first result: {statistics.median(first):.2f} s  ({listed(first, 2)})")
    print(f"a further picture:             {statistics.median(second) * 1000:.0f} ms  ({listed(second, 3)})")


def command(source: Path, target: Path, output: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "app.py", "--headless", "-s", str(source), "-t", str(target), "-o", str(output)],
        check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - begin


def again(source: Path, target: Path, output: Path, rounds: int) -> list[float]:
    recaster = Recaster()
    cast = Cast(everyone=recaster.identify([source]))
    times = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        recaster.recast(cast, target, output)
        times.append(time.perf_counter() - begin)
    return times[1:]


def listed(values: list[float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


if __name__ == "__main__":
    main()
