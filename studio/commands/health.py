"""``python app.py health``: whether the studio of a data folder answers, for what looks after it."""

from __future__ import annotations

import argparse
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

from studio import settings

WAIT = 4.0
"""Seconds that an answer may take."""


def main(words: Sequence[str]) -> int:
    """Carries the command out and returns the exit code: 0 it is well, 1 it is not, or is not there."""
    given = _parser().parse_args(words)
    file = settings.address_file(settings.data_folder(given.data))
    try:
        address = file.read_text(encoding="utf-8").strip()
    except OSError:
        sys.stderr.write("No studio was started over this data folder.\n")
        return 1
    what = "ready" if given.ready else "live"
    # Whatever proxy the environment names: this goes to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/health?{what}=true", timeout=WAIT) as answer:
            sys.stdout.write(answer.read().decode() + "\n")
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read().decode() + "\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The studio at {address} does not answer: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py health", allow_abbrev=False, description="Whether the studio is well."
    )
    settings.add_data_argument(parser)
    parser.add_argument("--ready", action="store_true", help="not well either while it can take no work")
    return parser
