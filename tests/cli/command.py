"""`python app.py --headless` for tests: as a process, or, where a mistake is told before any work, in this one."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import app

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, str(ROOT / "app.py"), "--headless"]


def run(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A process of its own: what goes through it whole, signals and exit status included."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, cwd=cwd, timeout=240, stdin=subprocess.DEVNULL
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The same without a process, which would take longer to load the packages than to answer."""
    out, err = io.StringIO(), io.StringIO()
    arguments = ["--headless", *map(str, words)]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = app.main(arguments)
        except SystemExit as left:  # how argparse ends
            code = left.code if isinstance(left.code, int) else 1
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
