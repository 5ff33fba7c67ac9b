"""``python app.py presets``: options under a name, for ``--preset``, the studio's settings and programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import InputError
from studio import options, settings
from studio.presets import Presets, of_options, read, text_of


def main(words: Sequence[str]) -> int:
    """Carries the command out and returns the exit code: 0 done, 2 bad arguments."""
    given = _parser().parse_args(words)
    presets = Presets(settings.data_folder(given.data) / "presets")
    try:
        _carry_out(presets, given)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _carry_out(presets: Presets, given: argparse.Namespace) -> None:
    if given.action == "save":
        preset = presets.save(given.name, of_options(options.from_namespace(given)), replace=given.replace)
        sys.stderr.write(f"Saved: --preset {preset.name!r}\n")
    elif given.action == "add":
        preset = presets.save(given.name or given.file.stem, read(given.file), replace=given.replace)
        sys.stderr.write(f"Added: --preset {preset.name!r}\n")
    elif given.action == "show":
        sys.stdout.write(text_of(presets.get(given.name).options))
    elif given.action == "remove":
        sys.stderr.write(f"The preset {presets.remove(given.name).name!r} is gone.\n")
    else:
        _list(presets, given.json)


def _list(presets: Presets, as_json: bool) -> None:
    found = presets.all()
    if as_json:
        sys.stdout.write(json.dumps({"presets": [preset._asdict() for preset in found]}, indent=2) + "\n")
        return
    if not found:
        sys.stderr.write("There are no presets. Make one: python app.py presets save NAME --quality draft\n")
    for preset in found:
        chosen = ", ".join(f"{name} {json.dumps(value)}" for name, value in preset.options.items())
        sys.stdout.write(f"{preset.name}  ({chosen})\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py presets", allow_abbrev=False, description="Options under a name, each a file of JSON."
    )
    settings.add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="which there are").add_argument("--json", action="store_true", help="as JSON")
    save = actions.add_parser("save", allow_abbrev=False, help="keep the options that follow")
    save.add_argument("name", help="what to call them")
    options.add_arguments(save)
    add = actions.add_parser("add", help="keep what a file holds")
    add.add_argument("file", type=Path, help="JSON, such as `show` writes and the studio saves")
    add.add_argument("--name", help="what to call it (default: as the file)")
    for one in (save, add):
        one.add_argument("--replace", action="store_true", help="in place of one of that name")
    actions.add_parser("show", help="write one to standard output").add_argument("name")
    actions.add_parser("remove", help="delete one").add_argument("name")
    return parser
