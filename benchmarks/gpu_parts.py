"""One part of `benchmarks.gpu`, in a process of its own.

    python -m benchmarks.gpu_parts NAME ASKED

Writes a line of JSON for each thing that it has to say, as soon as it can (see `benchmarks.gpu_said`).
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO, get_args

from benchmarks.card import Watch, memory
from benchmarks.clips import side_by_side
from benchmarks.gpu import Asked
from benchmarks.gpu_network import OPERATIONS, alone, exact, halved, head
from benchmarks.gpu_said import Figure, Line, Said, Verdict, written
from benchmarks.network import resident
from benchmarks.sides import WARM, Job, cpu_seconds, reference
from pipeline import Cast, Options, Recaster
from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.library import Library
from pipeline.options import DeviceName, EngineName
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

FAMILY: EngineName = "inswapper_128"
HALF: EngineName = "inswapper_128_fp16"
TWO_FACES, BUSY, GROWTH = 1.6, 0.85, 1.05
"""What is wanted: cost of two faces a frame in parts of one's, share of the time that a card with enough to do is busy,
memory after all frames in parts of that after the first tenth."""
USUAL_SECONDS = 2.0
"""Of the film that the usual way gets; it is slow."""
ONE, TWO, FINE, FINEST, HALVES = (
    "one face", "two faces", "one face, twice as fine", "one face, four times as fine", "one face, half precision",
)  # fmt: skip


@dataclass(frozen=True)
class Film:
    """One film carried out.

    Attributes:
        cpu: seconds of processor time.
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


def network_files(asked: Asked) -> tuple[Path, Path]:
    """The stand-in in single and in half precision, made once for all parts."""
    folder = Path(asked.folder) / "models"
    single, half = folder / f"{FAMILY}.onnx", folder / f"{HALF}.onnx"
    if not single.exists():
        make = networks.seeded if asked.light else lambda _, **__: networks.full_inswapper()
        networks.write_family(folder, FAMILY, make)
    if not half.exists():
        halved(single, half)
    return single, half


def device(asked: Asked) -> Iterator[Said]:
    """What is truly active, and what it can do."""
    single, _ = network_files(asked)
    yield from head(_device(asked), single, light=asked.light)


def network(asked: Asked) -> Iterator[Said]:
    """The network by itself."""
    yield from alone(_device(asked), *network_files(asked))


def exactly(asked: Asked) -> Iterator[Said]:
    """Single precision that is none less: what calls this sees to it that CUDA's libraries use no TF32."""
    single, _ = network_files(asked)
    yield from exact(_device(asked), single)


def films(asked: Asked) -> Iterator[Said]:
    """Films by turns, all with faces of one size."""
    network_files(asked)
    folder, name = Path(asked.folder), _device(asked)
    clips = {people: side_by_side(folder / f"{people}.mp4", asked.size, asked.seconds, people) for people in (1, 2)}
    recaster = Recaster(name, store=models.library(folder).store)
    cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", folder)]))
    told: dict[str, None] = {}

    def recast(people: int, options: Options) -> Job:
        def job(output: Path) -> tuple[int, dict[str, float]]:
            report = recaster.recast(cast, clips[people], output, options)
            told.update(dict.fromkeys(report.notes))
            return report.frames, {}

        return job

    plain = Options(engine=FAMILY, device=name)
    wanted = {
        ONE: (1, plain), TWO: (2, plain), FINE: (1, replace(plain, pixel_boost="2x")),
        FINEST: (1, replace(plain, pixel_boost="4x")), HALVES: (1, replace(plain, engine=HALF)),
    }  # fmt: skip
    runs: dict[str, list[Film]] = {title: [] for title in wanted}
    yield Line("| film | frames/s | of the limit | ms a frame | card busy | card MB | processor ms a frame |")
    yield Line("|---|---|---|---|---|---|---|")
    for turn in range(asked.rounds):
        for title, (people, options) in wanted.items():
            try:
                if turn == 0:
                    recast(people, replace(options, end=WARM))(folder / "warm.mp4")
                runs[title].append(carried_out(recast(people, options), folder / "result.mp4"))
            except Exception as error:  # another film may still do
                yield Verdict(f"{title} could not be carried out: {error}", False)
                continue
            if turn == asked.rounds - 1:
                yield _row(title, _middle(runs[title]), _arithmetic(people, options), asked)
    loaded = "; ".join(f"{network} on {where}" for network, where in recaster.networks.items())
    yield Line(f"\nLoaded: {loaded}.")
    if told:
        yield Line("\nThe reports say: " + " ".join(told))
    yield from _judged({title: _middle(done) for title, done in runs.items() if done})


def usual(asked: Asked) -> Iterator[Said]:
    """insightface with MoviePy."""
    network_files(asked)
    folder, seconds = Path(asked.folder), min(asked.seconds, USUAL_SECONDS)
    clip = side_by_side(folder / "usual.mp4", asked.size, seconds, 1)
    film = carried_out(reference(clip, folder, _device(asked)), folder / "usual-result.mp4")
    yield Line(
        f"insightface with MoviePy, one face: {1000 / film.each:.2f} frames/s, {film.each:.1f} ms a frame, card busy "
        f"{film.busy:.0%}, {film.cpu / film.frames * 1000:.1f} ms of processor time."
    )
    ours = asked.figures.get(ONE)
    if ours is None:
        yield Verdict("how often as fast as the usual way: our own film is missing", None)
    else:
        yield Verdict(f"{film.each / ours:.1f} times as fast as the usual way", film.each > ours)


def endurance(asked: Asked) -> Iterator[Said]:
    """Memory while a face is recast again and again, now alone in its frame and now one of two."""
    network_files(asked)
    name, frames = _device(asked), asked.frames
    engine = NetworkEngine(FAMILY, Library(name, models.library(Path(asked.folder)).store))
    image = media.background(960, 540)
    for number in range(2):
        image = media.paste(image, "hopper", media.placed("hopper", (280 + 400 * number, 270), 150))
    found, who, wardrobe = faces.faces(image), faces.identity("astronaut"), Wardrobe(engine)
    early = early_card = late = late_card = math.nan
    times = []
    for number in range(1, frames + 1):
        begin = time.perf_counter()
        roles = [FaceRole(face, who) for face in found[: 1 + number % 2]]
        recast_frame(Picture(image.copy()), roles, wardrobe, Options(engine=FAMILY, device=name))
        times.append(time.perf_counter() - begin)
        if number % max(1, frames // 10) == 0:
            late, late_card = resident(), memory()
            if math.isnan(early):
                early, early_card = late, late_card
            yield Line(f"* after {number} frames: process {late:.0f} MB, card {late_card:.0f} MB")
    yield Line(f"\n{frames} frames, one and two faces by turns, {statistics.median(times) * 1000:.1f} ms each.")
    grown = max(late / early, 1.0 if math.isnan(late_card) else late_card / early_card)
    yield Verdict(f"memory grows {grown:.3f} times from the first tenth on, wanted {GROWTH}", grown <= GROWTH)


def carried_out(job: Job, output: Path) -> Film:
    """One run of a job, watched."""
    with Watch().looking() as watch, contextlib.redirect_stdout(io.StringIO()):
        begin, used = time.perf_counter(), cpu_seconds()
        frames, _ = job(output)
        seconds, cpu = time.perf_counter() - begin, cpu_seconds() - used
    return Film(frames, seconds, cpu, watch.busy, watch.memory)


def _row(title: str, film: Film, arithmetic: float, asked: Asked) -> Said:
    rate = asked.figures.get("rate")
    share = "" if rate is None or asked.light else f"{arithmetic / rate / (film.each / 1000):.0%}"
    return Line(
        f"| {title} | {1000 / film.each:.1f} | {share} | {film.each:.1f} | {film.busy:.0%} | {film.memory:.0f} | "
        f"{film.cpu / film.frames * 1000:.1f} |"
    )


def _judged(shown: Mapping[str, Film]) -> Iterator[Said]:
    """What the films were to show, of those that there are."""
    one = shown.get(ONE)
    if one is not None:
        yield Figure(ONE, one.each)
    if one is not None and TWO in shown:
        times = shown[TWO].each / one.each
        yield Verdict(f"two faces a frame cost {times:.2f} times one, wanted {TWO_FACES} at most", times <= TWO_FACES)
    if FINEST in shown:
        busy = shown[FINEST].busy
        met = None if math.isnan(busy) else busy > BUSY
        yield Verdict(f"the card is busy {busy:.0%} of a film that gives it enough to do, wanted {BUSY:.0%}", met)
    if one is not None and HALVES in shown:
        times = shown[HALVES].each / one.each
        yield Verdict(f"half precision takes {times:.2f} of single's time", times < 1.05)


def _middle(films: list[Film]) -> Film:
    return sorted(films, key=lambda film: film.each)[(len(films) - 1) // 2]


def _arithmetic(people: int, options: Options) -> float:
    """Operations of a frame."""
    return people * int(options.pixel_boost.rstrip("x")) ** 2 * OPERATIONS


def _device(asked: Asked) -> DeviceName:
    return next(name for name in get_args(DeviceName) if name == asked.device)


PARTS: Mapping[str, Callable[[Asked], Iterator[Said]]] = {
    "device": device, "network": network, "exact": exactly, "films": films, "usual": usual, "memory": endurance,
}  # fmt: skip


def tell(said: Said, to: TextIO) -> None:
    to.write(written(said) + "\n")
    to.flush()


def main() -> None:
    warnings.simplefilter("ignore")
    told = json.loads(sys.argv[2])
    asked = Asked(**{**told, "size": tuple(told["size"])})
    for said in PARTS[sys.argv[1]](asked):
        tell(said, sys.stdout)


if __name__ == "__main__":
    main()
