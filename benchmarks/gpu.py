"""What a graphics card makes of a film: one command for a machine that has one, of about three minutes.

    python -m benchmarks.gpu [--device cuda] [--seconds 6] [--size 1920x1080] [--frames 2000] [--light]

With a stand-in of inswapper_128's true size and cost (`--light`: one that costs next to nothing) on the device:

* the device that is truly active, and how many multiplications of half-precision matrices it does in a second;
* the network alone, by rows of a call, in single and in half precision, beside the least its arithmetic takes: a face
  in a batch against the face alone, single precision against the CPU's, half against single;
* films with one and with two faces a frame, with the face rendered twice as fine (which four times the arithmetic keeps
  the card busy with) and in half precision, by turns, and insightface with MoviePy on the same network and device:
  frames a second, the share of the time that the card was busy, memory on the card, processor time;
* memory of the process and of the card while 2,000 frames are recast.

Writes ``benchmarks/results/gpu.md``, each part as soon as it is measured, with what was to be shown and whether it was.
Runs with ``--device cpu`` as well, which proves the command and measures nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.bench import RESULTS
from benchmarks.card import Watch, memory
from benchmarks.clips import side_by_side
from benchmarks.gpu_network import Verdict, alone, halved, head
from benchmarks.network import resident
from benchmarks.sides import WARM, Job, cpu_seconds, reference
from pipeline import Cast, Options, Recaster
from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.library import Library
from pipeline.models.store import Store
from pipeline.options import DEVICES, DeviceName, EngineName
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

FAMILY: EngineName = "inswapper_128"
HALF: EngineName = "inswapper_128_fp16"
TWO_FACES, BUSY, GROWTH = 1.6, 0.85, 1.05
"""What is wanted: cost of two faces a frame in parts of one's, share of the time that a card with enough to do is busy,
memory after all frames in parts of that after the first tenth."""
USUAL_SECONDS = 2.0
"""Of the film that the usual way gets; it is slow."""


@dataclass(frozen=True)
class Film:
    """One film carried out.

    Attributes:
        busy: share of the time that the card was, 0 to 1; NaN where there is none.
        memory: megabytes in use on the card at most.
    """

    frames: int
    seconds: float
    cpu: float
    busy: float
    memory: float

    @property
    def each(self) -> float:
        """Milliseconds of a frame."""
        return self.seconds / self.frames * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=[name for name in DEVICES if name != "auto"], default="cuda")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=2000, help="to recast while memory is looked at")
    parser.add_argument("--light", action="store_true", help="a network that costs next to nothing")
    parser.add_argument("--output", type=Path, default=RESULTS / "gpu.md")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    width, height = (int(part) for part in given.size.split("x"))
    device: DeviceName = given.device
    words = f"--device {device} --seconds {given.seconds:g} --size {given.size}" + " --light" * given.light
    page = Page(given.output, f"# On a graphics card\n\nMade by `python -m benchmarks.gpu {words}`.")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        make = networks.seeded if given.light else lambda contract, **_: networks.full_inswapper()
        single = networks.write_family(folder / "models", FAMILY, make)
        half = folder / "models" / f"{HALF}.onnx"
        halved(single, half)
        lines, verdict = head(device, single, light=given.light)
        page.add(lines, [verdict])
        page.add(*alone(device, single, half))
        store = models.library(folder).store
        page.add(*films(device, folder, store, (width, height), given.seconds, given.rounds))
        page.add(*endurance(device, store, given.frames))
    page.end()


class Page:
    """What was measured so far, on the terminal and in a file."""

    def __init__(self, path: Path, title: str) -> None:
        self._path, self._parts, self._begin = path, [title], time.perf_counter()
        self._verdicts: list[Verdict] = []

    def add(self, part: str, verdicts: list[Verdict]) -> None:
        self._parts.append(part)
        self._verdicts += verdicts
        print("\n".join([part, *map(str, verdicts)]), flush=True)
        self._write()

    def end(self) -> None:
        self._parts.append(f"The whole took {time.perf_counter() - self._begin:.0f} s.")
        print(self._parts[-1])
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        shown = "\n".join(map(str, self._verdicts))
        self._path.write_text("\n\n".join([self._parts[0], shown, *self._parts[1:]]) + "\n")


def films(
    device: DeviceName, folder: Path, store: Store, size: tuple[int, int], seconds: float, rounds: int
) -> tuple[str, list[Verdict]]:
    """Films by turns, all with faces of one size, and the usual way once."""
    clips = {people: side_by_side(folder / f"{people}.mp4", size, seconds, people) for people in (1, 2)}
    recaster = Recaster(device, store=store)
    cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", folder)]))
    told: dict[str, None] = {}

    def recast(people: int, options: Options) -> Job:
        def job(output: Path) -> tuple[int, dict[str, float]]:
            report = recaster.recast(cast, clips[people], output, options)
            told.update(dict.fromkeys(report.notes))
            return report.frames, {}

        recaster.recast(cast, clips[people], folder / "warm.mp4", replace(options, end=WARM))
        return job

    plain = Options(engine=FAMILY, device=device)
    jobs = {
        "one face": recast(1, plain), "two faces": recast(2, plain),
        "one face, twice as fine": recast(1, replace(plain, pixel_boost="2x")),
        "one face, half precision": recast(1, replace(plain, engine=HALF)),
    }  # fmt: skip
    runs: dict[str, list[Film]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            runs[name].append(carried_out(job, folder / "result.mp4"))
    usual = reference(side_by_side(folder / "usual.mp4", size, min(seconds, USUAL_SECONDS), 1), folder, device)
    runs["one face, insightface with MoviePy"] = [carried_out(usual, folder / "usual-result.mp4")]
    shown = {name: sorted(done, key=lambda film: film.each)[(len(done) - 1) // 2] for name, done in runs.items()}
    lines = [
        "| film | frames/s | ms a frame | card busy | card MB | processor ms a frame |",
        "|---|---|---|---|---|---|",
    ]
    for name, film in shown.items():
        lines.append(
            f"| {name} | {1000 / film.each:.1f} | {film.each:.1f} | {film.busy:.0%} | {film.memory:.0f} | "
            f"{film.cpu / film.frames * 1000:.1f} |"
        )
    one, two, fine, halves, theirs = shown.values()
    lines.append("\nLoaded: " + "; ".join(f"{name} on {where}" for name, where in recaster.networks.items()) + ".")
    lines += ["\nThe reports say: " + " ".join(told)] if told else []
    busy = None if np.isnan(fine.busy) else fine.busy > BUSY
    return "\n".join(lines), [
        Verdict(f"two faces a frame cost {two.each / one.each:.2f} times one, wanted {TWO_FACES} at most",
                two.each <= TWO_FACES * one.each),
        Verdict(f"the card is busy {fine.busy:.0%} of a film that gives it enough to do, wanted {BUSY:.0%}", busy),
        Verdict(f"{theirs.each / one.each:.1f} times as fast as the usual way", theirs.each > one.each),
        Verdict(f"half precision takes {halves.each / one.each:.2f} of single's time", halves.each < 1.05 * one.each),
    ]  # fmt: skip


def carried_out(job: Job, output: Path) -> Film:
    with Watch().looking() as watch, contextlib.redirect_stdout(io.StringIO()):
        begin, used = time.perf_counter(), cpu_seconds()
        frames, _ = job(output)
        seconds, cpu = time.perf_counter() - begin, cpu_seconds() - used
    return Film(frames, seconds, cpu, watch.busy, watch.memory)


def endurance(device: DeviceName, store: Store, frames: int) -> tuple[str, list[Verdict]]:
    """Memory while a face is recast again and again, now alone in its frame and now one of two."""
    engine = NetworkEngine(FAMILY, Library(device, store))
    image = media.background(960, 540)
    for number, name in enumerate(("hopper", "hopper")):
        image = media.paste(image, name, media.placed(name, (280 + 400 * number, 270), 150))
    found, who, wardrobe = faces.faces(image), faces.identity("astronaut"), Wardrobe(engine)
    seen: dict[int, tuple[float, float]] = {}
    times = []
    for number in range(1, frames + 1):
        begin = time.perf_counter()
        roles = [FaceRole(face, who) for face in found[: 1 + number % 2]]
        recast_frame(Picture(image.copy()), roles, wardrobe, Options(engine=FAMILY, device=device))
        times.append(time.perf_counter() - begin)
        if number in (max(1, frames // 10), frames):
            seen[number] = resident(), memory()
    (early, early_card), (late, late_card) = seen[max(1, frames // 10)], seen[frames]
    lines = (
        f"{frames} frames, one and two faces by turns, {statistics.median(times) * 1000:.1f} ms each: process "
        f"{early:.0f} MB after a tenth, {late:.0f} MB in the end; card {early_card:.0f} and {late_card:.0f} MB."
    )
    grown = max(late / early, 1.0 if np.isnan(late_card) else late_card / early_card)
    return lines, [Verdict(f"memory grows {grown:.3f} times from the first tenth on, wanted {GROWTH}", grown <= GROWTH)]


if __name__ == "__main__":
    main()
