"""``python app.py identities``: whose face may be no source and no target here, and whose alone may."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import RecastError
from pipeline.marking import Marking
from pipeline.marking.credentials import folder
from pipeline.policy import EVERYTHING, Listed, Listings
from pipeline.policy.identities import NAME
from studio.settings import add_data_argument, data_folder

log = logging.getLogger(__name__)

_WORDS = {"blocked": "blocked", "allowed": "allowed as a source"}


def main(words: Sequence[str]) -> int:
    """Carries the command out and returns the exit code: 0 done, 2 bad input, 3 no face in a photo."""
    given = _parser().parse_args(words)
    data_folder(given.data)
    marking = Marking.from_environment()
    listings = Listings(folder().parent / NAME, lambda: marking.credentials.secret)
    try:
        if given.action == "add":
            added = _add(listings, given)
            sys.stderr.write(f"{added.name!r} is {_WORDS[added.listing]} from now on. No photo was kept.\n")
            sys.stdout.write(added.id + "\n")
        elif given.action == "remove":
            sys.stderr.write(f"{listings.remove(given.identity).name!r} is no longer on the list.\n")
        else:
            _list(listings, given.json)
    except RecastError as error:
        log.info("%s", error.code, exc_info=True)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _add(listings: Listings, given: argparse.Namespace) -> Listed:
    from pipeline import Recaster
    from studio.quiet import silence_greeting

    if not given.verbose:
        silence_greeting()
    identity = Recaster(policy=EVERYTHING).identify(given.photo)
    embeddings = [photo.face.embedding for photo in identity.photos if photo.face.embedding is not None]
    return listings.add(given.name, embeddings, "allowed" if given.allow else "blocked")


def _list(listings: Listings, as_json: bool) -> None:
    found = listings.all()
    if as_json:
        rows = [{"id": one.id, "name": one.name, "list": one.listing, "at": one.at, "photos": len(one.embeddings)}
                for one in found]  # fmt: skip
        sys.stdout.write(json.dumps({"identities": rows}, indent=2) + "\n")
        return
    if not found:
        sys.stderr.write("Nobody is on the list. Add somebody: python app.py identities add PHOTO --name NAME\n")
    for one in found:
        day = time.strftime("%Y-%m-%d", time.gmtime(one.at))
        sys.stdout.write(f"{one.id}  {day}  {one.name}  ({_WORDS[one.listing]})\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py identities",
        allow_abbrev=False,
        description="The list of identities that this installation checks every job against. Of a photo only 128 "
        "numbers are kept, encrypted; they are compared on this machine.",
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="log what is going on")
    add_data_argument(parser)
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="put the largest face of a photo on the list")
    add.add_argument("photo", nargs="+", type=Path, help="photos of one person")
    add.add_argument("--name", required=True, help="what to call them")
    add.add_argument(
        "--allow",
        action="store_true",
        help="they may be a source where only listed ones may (RECAST_SOURCES=listed); without it, they may be neither "
        "source nor target",
    )
    actions.add_parser("list", help="who is on it").add_argument("--json", action="store_true", help="as JSON")
    actions.add_parser("remove", help="take somebody off it").add_argument("identity", help="a name, or an id")
    return parser
