"""``python app.py models``: which models there are, fetching, checking and removing them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import LicenceNotAccepted, RecastError
from pipeline.models.catalogue import ModelEntry
from pipeline.models.describe import describe
from pipeline.models.download import Fetching
from pipeline.models.store import Store
from pipeline.models.user import faults


def main(words: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    given = _parser().parse_args(words)
    try:
        outcome: int = given.run(Store(), given)
    except RecastError as error:
        if getattr(given, "json", False):
            sys.stdout.write(json.dumps({"error": {"code": error.code, "message": str(error)}}) + "\n")
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return outcome


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py models",
        description="Models that Recast can add: swap networks, restorers, masks. The mesh engine needs none of them.",
        epilog="RECAST_MODELS names folders of models that are there already; HF_ENDPOINT a mirror of the hub; "
        "HF_HUB_OFFLINE=1 keeps off the network.",
    )
    commands = parser.add_subparsers(required=True, metavar="list|get|verify|remove|quantise")
    listing = commands.add_parser("list", help="all models: what they are, whose licence, whether they are here")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)
    getting = commands.add_parser("get", help="fetch models and what they need")
    getting.add_argument("name", nargs="+")
    getting.add_argument(
        "--accept-licence", action="store_true", help="you have read the licences of these models and accept them"
    )
    getting.add_argument("--json", action="store_true", help="errors as JSON")
    getting.set_defaults(run=_get)
    verifying = commands.add_parser("verify", help="read the files that are here anew and compare their checksums")
    verifying.add_argument("name", nargs="*", help="only these")
    verifying.add_argument("--json", action="store_true", help="errors as JSON")
    verifying.set_defaults(run=_verify)
    removing = commands.add_parser("remove", help="delete models that were fetched")
    removing.add_argument("name", nargs="+")
    removing.add_argument("--json", action="store_true", help="errors as JSON")
    removing.set_defaults(run=_remove)
    making = commands.add_parser(
        "quantise", help="make an engine smaller and faster on the CPU (int8), and keep it if it is as good"
    )
    making.add_argument("name")
    making.add_argument("photos", nargs="+", type=Path, help="photos with at least three faces to calibrate on")
    making.add_argument("--anyway", action="store_true", help="keep it even if it is not faster here")
    making.add_argument("--json", action="store_true", help="errors as JSON")
    making.set_defaults(run=_quantise)
    return parser


def _list(store: Store, given: argparse.Namespace) -> int:
    rows = [describe(store, entry) for entry in store.entries().values()]
    unusable = faults(store.folders.entries)
    if given.json:
        sys.stdout.write(json.dumps({"models": rows, "unusable": unusable}, indent=2) + "\n")
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "what", "from", "licence", "size", "here"):
        table.add_column(heading, justify="right" if heading == "size" else "left", no_wrap=heading == "model")
    for row in rows:
        size = f"{row['bytes'] / 1e6:.0f} MB" if row["bytes"] else "?"
        lacks = [name for name in row["needs"] if store.find(store.entry(name)) is None]
        here = ("needs " + ", ".join(lacks) if lacks else "yes") if row["installed"] else "no"
        table.add_row(row["name"], row["kind"], row["origin"], f"{row['licence']} ({row['terms']})", size, here)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"\nNew models go to {store.folders.own}", highlight=False, soft_wrap=True)
    console.print(f"Entries of your own belong in {store.folders.entries}", highlight=False, soft_wrap=True)
    for sentence in unusable:
        console.print(f"Cannot be used: {sentence}", highlight=False, soft_wrap=True, markup=False)
    return 0


def _get(store: Store, given: argparse.Namespace) -> int:
    wanted = {part.name: part for name in given.name for part in store.with_needs(store.entry(name))}
    refused = [entry for entry in wanted.values() if store.find(entry) is None and not store.licences.accepted(entry)]
    if refused and not given.accept_licence:
        for entry in refused:
            sys.stderr.write(f"{entry.title}: {entry.licence.name}. {entry.licence.words}\n")
        raise LicenceNotAccepted("Accept these licences with --accept-licence to fetch the models.")
    for entry in refused:
        store.licences.accept(entry, "command line")
    for entry in wanted.values():
        here = store.find(entry)
        path = _fetched(store, entry)
        sys.stdout.write(f"{entry.name}: {'was here already' if here else 'fetched'}, {path}\n")
    return 0


def _fetched(store: Store, entry: ModelEntry) -> str:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(entry.name, total=None)

        def show(moment: Fetching) -> None:
            bar.update(task, completed=moment.done, total=moment.total)

        return str(store.get(entry, show))


def _verify(store: Store, given: argparse.Namespace) -> int:
    names = given.name or [entry.name for entry in store.entries().values() if store.find(entry) is not None]
    wrong = 0
    for name in names:
        entry = store.entry(name)
        path = store.find(entry)
        if path is None:
            sys.stdout.write(f"{name}: not here\n")
            wrong += bool(given.name)
            continue
        known = store.checksums.pinned(entry) is not None
        try:
            found = store.checksums.check(entry, path, anew=True)
        except RecastError as error:
            sys.stdout.write(f"{name}: {error}\n")
            wrong += 1
            continue
        said = "your own" if entry.local is not None else "as expected" if known else "pinned now"
        sys.stdout.write(f"{name}: {said}, sha256 {found}\n")
    if not names:
        sys.stdout.write("No model is here.\n")
    return 1 if wrong else 0


def _remove(store: Store, given: argparse.Namespace) -> int:
    for name in given.name:
        path = store.remove(store.entry(name))
        what = "was not here; its checksum is forgotten" if path is None else f"removed from {path.parent}"
        sys.stdout.write(f"{name}: {what}\n")
    return 0


def _quantise(store: Store, given: argparse.Namespace) -> int:
    from pipeline.engines.network import NetworkEngine
    from pipeline.models.library import Library
    from pipeline.models.quantise import quantise
    from pipeline.models.trial import Verdicts
    from pipeline.recast import Recaster
    from studio.quiet import silence_greeting

    silence_greeting()
    entry = store.entry(given.name)
    engine = NetworkEngine(entry.name, Library("cpu", store))
    recaster = Recaster(device="cpu")
    examples = [engine.example(photo) for path in given.photos for photo in recaster.faces_in(path)]
    path, places = store.checked(entry), store.folders
    made = quantise(entry, path, examples, places.entries, Verdicts(places.notes), anyway=given.anyway)
    times = f"{made.after:.0f} ms a face ({made.runtime}) instead of {made.before:.0f} ms"
    words = f"{made.decibels:.1f} dB beside single precision, {times}"
    if made.kept:
        sys.stdout.write(f"{entry.name}_int8: {words}. It is an engine of its own now.\n")
        return 0
    sys.stdout.write(f"{entry.name}: {words}. It was not kept.\n")
    return 1
