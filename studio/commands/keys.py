"""``python app.py keys``: make, list and end the keys that let others in."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from pipeline.errors import InputError
from studio import settings
from studio.access.keys import Keys

DAY = 24 * 3600.0


def main(words: Sequence[str]) -> int:
    """Carries the command out and returns the exit code: 0 done, 2 bad arguments."""
    given = _parser().parse_args(words)
    keys = Keys(settings.keys_file(settings.data_folder(given.data)))
    try:
        if given.action == "add":
            key = keys.add(given.name, None if given.days is None else given.days * DAY)
            sys.stderr.write("This is the key. It is not kept and cannot be shown again.\n")
            sys.stdout.write(key + "\n")
        elif given.action == "remove":
            removed = keys.remove(given.name)
            sys.stderr.write(f"The key {removed.name!r} is no longer good.\n")
        else:
            _list(keys)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _list(keys: Keys) -> None:
    found = keys.all()
    if not found:
        sys.stderr.write("There are no keys. Make one: python app.py keys add NAME\n")
    for key in found:
        made = time.strftime("%Y-%m-%d", time.gmtime(key.created))
        end = "" if key.expires is None else time.strftime("  until %Y-%m-%d", time.gmtime(key.expires))
        sys.stdout.write(f"{key.id}  {made}  {key.name}{end}{'  (over)' if key.expired else ''}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py keys", allow_abbrev=False, description="Keys that let others use this studio."
    )
    settings.add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make a key and show it, once")
    add.add_argument("name", help="what to call it")
    add.add_argument("--days", type=_days, help="how long it is good for (default: until it is removed)")
    actions.add_parser("list", help="which keys there are")
    actions.add_parser("remove", help="end a key at once").add_argument("name", help="its name, or its id")
    return parser


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days < 36_500:
        raise argparse.ArgumentTypeError("has to be more than 0")
    return days
