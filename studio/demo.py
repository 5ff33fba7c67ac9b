"""``make demo``: recasts a picture and a short clip of public-domain portraits, and says where the results are."""

from __future__ import annotations

import sys

from studio.quiet import quieten, silence_greeting
from studio.settings import ROOT

FOLDER = ROOT / "results" / "demo"


def main() -> int:
    """Recasts every example once, and returns the exit code."""
    quieten()
    silence_greeting()
    from pipeline import Cast, Recaster, RecastError
    from studio import terminal
    from studio.examples import examples
    from studio.outputs import MARK

    recaster = Recaster()
    rows = examples(FOLDER / "originals")
    if not rows:
        sys.stderr.write("The portraits are missing; they come with scikit-image and matplotlib.\n")
        return 2
    for example in rows:
        output = FOLDER / (example.target.stem + MARK + example.target.suffix)
        try:
            identity = recaster.identify(example.sources)
            with terminal.progress() as show:
                report = recaster.recast(Cast(everyone=identity), example.target, output, progress=show)
        except RecastError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
        sys.stdout.write(terminal.report_text(report))
        for note in report.notes:
            sys.stdout.write(f"Note: {note}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
