"""Judge what an engine's faces look like.

    python -m benchmarks.quality [--engine mesh] [--out results/quality] [--quick] [--pairs FILTER]

Writes into the output folder: ``table.md`` and ``table.json`` with every number, ``index.html`` to browse, ``sheets/``
with a contact sheet for each pair, ``strips/`` with frames of clips, ``overview.jpg`` with all results.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from benchmarks.quality import page, report, sheets
from benchmarks.quality.material import Material, Moving, Pairing, pairings, sources
from benchmarks.quality.measure import Judge, Outcome, threads
from benchmarks.quality.metrics import Numbers
from pipeline.analysis import FaceFinder
from pipeline.engines.catalogue import engine_named
from pipeline.options import ENGINES, Options
from pipeline.types import ImageArray
from pipeline.wardrobe import Wardrobe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default=ENGINES[0], choices=ENGINES)
    parser.add_argument("--out", type=Path, default=Path("results/quality"))
    parser.add_argument("--quick", action="store_true", help="fewer pairs, shorter clips")
    parser.add_argument("--pairs", default="", metavar="FILTER", help="only SOURCE-on-TARGET pairs with this in them")
    given = parser.parse_args()
    begin = time.perf_counter()
    threads()
    for folder in ("sheets", "strips"):
        shutil.rmtree(given.out / folder, ignore_errors=True)
    given.out.mkdir(parents=True, exist_ok=True)
    finder = FaceFinder(threads=2)
    material = Material(finder)
    identities = sources(material, quick=given.quick)
    judge = Judge(finder, Wardrobe(engine_named(given.engine)), identities, Options(engine=given.engine))
    pairs: dict[str, Numbers] = {}
    results: dict[tuple[str, str], ImageArray] = {}
    strips: set[str] = set()
    for pairing in pairings(material, quick=given.quick):
        chosen = [s for s in pairing.sources if s in identities and given.pairs in f"{s}-on-{pairing.target}"]
        started = time.perf_counter()
        for outcome in _outcomes(judge, pairing, chosen):
            photo = identities[outcome.source].photos[0]
            pairs[outcome.name] = outcome.numbers
            results[outcome.target, outcome.source] = sheets.fit(outcome.shot.result, tile=150)
            sheets.write(given.out / "sheets" / f"{outcome.name}.jpg", sheets.sheet(outcome, photo.image, photo.face))
            if outcome.strip:
                strips.add(outcome.name)
                sheets.write(given.out / "strips" / f"{outcome.name}.jpg", sheets.strip(outcome.strip))
        if chosen:
            print(f"{pairing.target:18s} {len(chosen):3d} sources {time.perf_counter() - started:6.1f} s", flush=True)
    if not pairs:
        raise SystemExit("No pair has that in its name.")
    sheets.write(given.out / "overview.jpg", sheets.overview(results))
    print("\n" + report.write(given.out, pairs, given.engine, time.perf_counter() - begin))
    print(page.write(given.out, pairs, given.engine, strips))


def _outcomes(judge: Judge, pairing: Pairing, chosen: list[str]) -> list[Outcome]:
    if not chosen:
        return []
    target = pairing.make()
    if target is None:
        return []
    if isinstance(target, Moving):
        clip = judge.moving(target)
        return [clip.outcome(source) for source in chosen]
    return [judge.still(target, source) for source in chosen]


if __name__ == "__main__":
    main()
