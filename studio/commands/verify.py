"""``python app.py verify FILE``: whether a picture or video says that it is synthetic, and who says so."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import RecastError
from studio.settings import add_data_argument, data_folder

log = logging.getLogger(__name__)

NOTHING = 3
"""The exit code where nothing was found."""


def main(words: Sequence[str]) -> int:
    """Checks the file and returns the exit code: 0 known to be synthetic, 3 nothing found, 2 bad input."""
    given = _parser().parse_args(words)
    data_folder(given.data)
    from studio.checking import checked, sentences, verdict_data
    from studio.made import Made, MadeHere
    from studio.setup import media_limits

    try:
        verdict, made = checked(given.file, MadeHere(), media_limits())
    except RecastError as error:
        log.info("%s", error.code, exc_info=True)
        if given.json:
            sys.stdout.write(json.dumps({"error": {"code": error.code, "message": str(error)}}) + "\n")
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if given.json:
        sys.stdout.write(json.dumps({"file": str(given.file), **verdict_data(verdict, made)}, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences(verdict, made)))
    return 0 if verdict.synthetic or isinstance(made, Made) else NOTHING


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py verify",
        allow_abbrev=False,
        description="Look for signed Content Credentials, Recast's invisible watermark and plain tags in a file.",
        epilog="Exit codes: 0 the file says that it is synthetic, 3 nothing was found (which does not mean that it is "
        "real), 2 it cannot be read.",
    )
    parser.add_argument("file", type=Path, help="picture or video to check")
    parser.add_argument("--json", action="store_true", help="write what was found as JSON")
    parser.add_argument("--verbose", "-v", action="store_true", help="log what is going on")
    add_data_argument(parser)
    return parser
