"""What Recast costs beside decoding and encoding alone, and beside the usual way of swapping faces.

    python -m benchmarks.bench [--quick] [--full] [--seconds 4] [--rounds 3] [--sizes ...] [--faces ...] [--sides ...]
    python -m benchmarks.bench --sizes 3840x2160 --faces small --name small

Clips of each size with so many faces are recast by every side (see `benchmarks.sides`) by turns, each time in a process
of its own; medians are compared. *small* is one face, a twentieth of the picture's height wide; *panned* an empty room
before a moving camera. What a job costs once, and the face without which there would be none, count for much in a short
clip: footage without faces wants ``--seconds 10``. The table and a plot go to ``benchmarks/results``, under `--name`.
`--full` adds a stand-in network of inswapper_128's true size and cost. The reference way is insightface's
`FaceAnalysis` and `INSwapper.get` with paste, on the same ONNX file, frames through MoviePy. Our results are marked
(watermark and Content Credentials), its are not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clips import crowd, panned, small_face
from benchmarks.sides import Measured, Side

RESULTS = Path(__file__).parent / "results"
SIZES = ("1280x720", "1920x1080", "3840x2160")
FACES = ("0", "1", "4")
USUAL: tuple[Side, ...] = ("codec", "mesh", "network", "reference")


@dataclass(frozen=True)
class Cell:
    """One clip, and what each side needed for it (medians)."""

    size: str
    faces: str
    sides: dict[Side, Measured]

    def speed(self, side: Side) -> float:
        return self.sides[side].frames / self.sides[side].seconds

    def ratio(self, side: Side, other: Side) -> float:
        """How many times as fast as the other."""
        return self.speed(side) / self.speed(other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small clip, one round, nothing kept")
    parser.add_argument("--full", action="store_true", help="also with a network of the true size")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument(
        "--faces", nargs="+", default=[], help='numbers, "small" or "panned"; left out, small is a row at 4K'
    )
    parser.add_argument("--sides", nargs="+", choices=USUAL, default=list(USUAL))
    parser.add_argument("--name", default="bench", help="of what is written")
    given = parser.parse_args()
    if given.quick:
        given.sizes, given.faces, given.seconds, given.rounds = ["1280x720"], ["1"], 2, 1
    clips = [(size, faces) for size in given.sizes for faces in given.faces or FACES]
    if not given.faces and SIZES[-1] in given.sizes:
        clips.append((SIZES[-1], "small"))
    cells = []
    for size, faces in clips:
        sides: list[Side] = list(dict.fromkeys(["codec", *given.sides]))
        if given.full and faces == "1":
            sides += ["network full", "reference full"]
        cells.append(compare(size, faces, given.seconds, given.rounds, sides))
        print(table([cells[-1]]), flush=True)
    if not given.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{given.name}.md").write_text(page(cells, given.name))
        plot(cells, RESULTS / f"{given.name}.png")


def compare(size: str, faces: str, seconds: float, rounds: int, sides: list[Side]) -> Cell:
    """Every side on one clip, by turns."""
    runs: dict[Side, list[Measured]] = {side: [] for side in sides}
    width, height = (int(part) for part in size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        if faces == "small":
            small_face(clip, (width, height), seconds)
        elif faces == "panned":
            panned(clip, (width, height), seconds)
        else:
            crowd(clip, (width, height), seconds, int(faces))
        for _ in range(rounds):
            for side in sides:
                place = Path(folder) / side
                place.mkdir(exist_ok=True)
                runs[side].append(run(side, clip, place))
    return Cell(size, faces, {side: median(found) for side, found in runs.items()})


def run(side: Side, clip: Path, folder: Path) -> Measured:
    words = [sys.executable, "-m", "benchmarks.sides", side, str(clip), str(folder)]
    answer = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return Measured(**json.loads(answer.splitlines()[-1]))


def median(runs: list[Measured]) -> Measured:
    """The run of median length (the lower one of two)."""
    middle = statistics.median_low(run.seconds for run in runs)
    return next(run for run in runs if run.seconds == middle)


def table(cells: list[Cell]) -> str:
    lines = [
        "| clip | faces | side | frames/s | of codec alone | against the reference | CPU ms a frame | CPU of codec | "
        "cores busy | peak MB | written MB | stages ms a frame |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        alone = cell.sides["codec"]
        for side, found in cell.sides.items():
            other: Side = "reference full" if side.endswith("full") else "reference"
            against = f"{cell.ratio(side, other):.2f}" if other in cell.sides else ""
            cost, base = found.cpu / found.frames * 1000, alone.cpu / alone.frames * 1000
            stages = ", ".join(f"{name} {spent / found.frames * 1000:.1f}" for name, spent in found.stages.items())
            lines.append(
                f"| {cell.size} | {cell.faces} | {side} | {cell.speed(side):.1f} | {cell.ratio(side, 'codec'):.2f} | "
                f"{against} | {cost:.1f} | {cost / base:.2f} | {found.cpu / found.seconds:.2f} | "
                f"{found.peak / 1e6:.0f} | {found.written / 1e6:.1f} | {stages} |"
            )
    return "\n".join(lines)


def page(cells: list[Cell], name: str) -> str:
    words = " ".join(word for word in sys.argv[1:])
    return (
        f"# Speed\n\nMade by `python -m benchmarks.bench {words}`".rstrip()
        + f" on {os.cpu_count()} threads of {processor()}, Python {platform.python_version()}. Every side runs in a "
        "process of its own, by turns; medians. *codec* is decoding and encoding alone, *mesh* the embedded engine, "
        "*network* a light stand-in for inswapper_128, *reference* insightface and MoviePy on the same file.\n\n"
        f"{table(cells)}\n\n![frames a second]({name}.png)\n"
    )


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def plot(cells: list[Cell], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(11, 5), dpi=110)
    sides = list(dict.fromkeys(side for cell in cells for side in cell.sides))
    width = 0.8 / len(sides)
    for number, side in enumerate(sides):
        there = [(place, cell) for place, cell in enumerate(cells) if side in cell.sides]
        bars = axes.bar(
            [place + (number + 0.5) * width - 0.4 for place, _ in there], [cell.speed(side) for _, cell in there],
            width, label=side,
        )  # fmt: skip
        axes.bar_label(bars, fmt="%.0f", fontsize=7)
    axes.set_yscale("log")
    axes.set_xticks(range(len(cells)), [f"{cell.size}\n{cell.faces} faces" for cell in cells])
    axes.set_ylabel("frames a second (logarithmic)")
    axes.legend(frameon=False, ncols=len(sides))
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
