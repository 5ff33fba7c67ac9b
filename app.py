"""Recast: the web app, or with ``--headless`` one job without it.

python app.py                                                      the studio, in your browser
python app.py --headless -s face.jpg -t film.mp4 -o result.mp4     one job
python app.py --headless -t film.mp4 --people                      who is in it
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

OWN_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code. Each way in loads only what it needs."""
    from studio.commands import COMMANDS, run
    from studio.quiet import quieten

    words = sys.argv[1:] if arguments is None else arguments
    quieten(verbose="--verbose" in words or "-v" in words)
    if words and words[0] in COMMANDS:
        return run(words[0], words[1:])

    parser = _parser()
    given = parser.parse_args(words)
    from studio.settings import require_temporary

    try:
        require_temporary()
    except ValueError as error:
        parser.error(str(error))
    if given.headless:
        from studio import headless

        return headless.main(given, parser)

    for name in ("source", "target", "output", "cast", "people", "compare", "preview", "preset"):
        if getattr(given, name):
            parser.error(f"--{name} is for a job without the studio; add --headless")
    from studio import server

    return server.main(given)


def _parser() -> argparse.ArgumentParser:
    from studio import job_flags, options, setup

    parser = argparse.ArgumentParser(
        prog="app.py",
        usage="app.py [--host HOST] [--port PORT]\n"
        "       app.py --headless -s PHOTO -t TARGET [-o OUTPUT] [options]\n"
        "       app.py --headless -t TARGET --people\n"
        "       app.py --help",
        allow_abbrev=False,
        description="Replace a face in pictures and videos. Without --headless, starts the studio.",
        epilog="Exit codes: 0 done, 2 bad input or arguments, 3 no face found, 4 refused by the operator, "
        "5 cancelled, 1 a fault of Recast.",
    )
    parser.add_argument("--verbose", "-v", action="store_true", help="log what is going on")
    setup.add_arguments(parser)
    job_flags.add_arguments(parser)
    options.add_arguments(parser)
    return parser


def _with_packages() -> None:
    """Goes on in the Python that `make` has put the packages into, where this one lacks them."""
    if find_spec("av") is not None:
        return
    if OWN_PYTHON.exists() and Path(sys.prefix) != OWN_PYTHON.parents[1]:
        os.execv(OWN_PYTHON, [str(OWN_PYTHON), *sys.argv])
    sys.exit("Recast's packages are not installed. `make run` installs them and starts the studio.")


if __name__ == "__main__":
    _with_packages()
    try:
        code = main()
    except KeyboardInterrupt:
        # Ctrl-C while modules are still loading, or after the server has closed.
        code = 5 if "--headless" in sys.argv else 0
    sys.exit(code)
